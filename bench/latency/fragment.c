/* Runs one scenario of lifetimes and prints peak and final memory against what was live.
 *
 *   fragment SCENARIO BUDGET_MIB     prints PEAK_LIVE_KIB PEAK_RSS_KIB END_LIVE_KIB END_RSS_KIB
 *   fragment                         lists the scenarios
 *
 * RSS is counted above that of the process before its first block; our own tables are not included. */
/* SPDX-License-Identifier: MIT */
#include "fragment.h"
#include "mix.h"
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void put(struct account *account, struct block *block, size_t size_bytes) {
    block->memory = malloc(size_bytes);
    if (!block->memory) abort();
    memset(block->memory, 0x5a, size_bytes);
    block->size_bytes = size_bytes;
    account->live_bytes += size_bytes;
    if (account->live_bytes > account->peak_bytes) account->peak_bytes = account->live_bytes;
}

void drop(struct account *account, struct block *block) {
    free(block->memory);
    account->live_bytes -= block->size_bytes;
    *block = (struct block){NULL, 0};
}

static size_t status_kib(const char *field) {
    static char text[8192];
    int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
    ssize_t length = read(fd, text, sizeof text - 1);
    close(fd);
    text[length > 0 ? length : 0] = 0;
    const char *found = strstr(text, field);
    return found ? strtoul(found + strlen(field), NULL, 10) : 0;
}

/* VmHWM begins anew. */
static void forget_peak(void) {
    int fd = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, "5", 1) != 1) abort();
    close(fd);
}

static size_t above(size_t kib, size_t base_kib) {
    return kib > base_kib ? kib - base_kib : 0;
}

static int list(void) {
    for (const struct scenario *s = scenarios; s->name; s++) printf("%s %s\n", s->name, s->does);
    return 0;
}

int main(int argc, char **argv) {
    if (argc == 1) return list();
    const struct scenario *scenario = scenarios;
    while (scenario->name && (argc != 3 || strcmp(scenario->name, argv[1]) != 0)) scenario++;
    struct account account = {.random = 42};
    account.budget_bytes = argc == 3 ? (size_t)atol(argv[2]) << 20 : 0;
    if (!scenario->name || account.budget_bytes == 0) {
        fprintf(stderr, "usage: fragment [SCENARIO BUDGET_MIB]\n");
        return 2;
    }
    /* Enough entries for a budget of 16-byte blocks. */
    account.capacity = account.budget_bytes / 16;
    account.blocks = own_memory(account.capacity * sizeof *account.blocks);
    status_kib("VmRSS:");
    forget_peak();
    size_t base_kib = status_kib("VmRSS:");
    scenario->run(&account);
    size_t peak_kib = status_kib("VmHWM:"), end_kib = status_kib("VmRSS:");
    printf("%zu %zu %zu %zu\n", account.peak_bytes / 1024, above(peak_kib, base_kib), account.live_bytes / 1024,
           above(end_kib, base_kib));
    return 0;
}
