/* Starting, joining and releasing threads together, and reading how much memory is resident. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "expect.h"
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <time.h>

enum { TEAM_MAX = 64 };

struct team {
    pthread_t threads[TEAM_MAX];
    unsigned count;
};

__attribute__((unused)) static void team_add(struct team *team, void *(*run)(void *), void *argument) {
    expect(team->count < TEAM_MAX);
    expect(pthread_create(&team->threads[team->count++], NULL, run, argument) == 0);
}

__attribute__((unused)) static void team_start(struct team *team, unsigned count, void *(*run)(void *)) {
    team->count = 0;
    for (uintptr_t i = 0; i < count; i++) team_add(team, run, (void *)i);
}

__attribute__((unused)) static void team_join(struct team *team) {
    for (unsigned i = 0; i < team->count; i++) expect(pthread_join(team->threads[i], NULL) == 0);
    team->count = 0;
}

/* One thread after the other with the same work. */
__attribute__((unused)) static void run_in_thread(void *(*run)(void *), void *argument) {
    pthread_t thread;
    expect(pthread_create(&thread, NULL, run, argument) == 0);
    expect(pthread_join(thread, NULL) == 0);
}

/* What one of the kernel's files about this process says of `name`, such as "Rss:", in bytes; read without allocating.
 */
__attribute__((unused)) static size_t kernel_bytes(const char *path, const char *name) {
    char text[8192];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = read(fd, text, sizeof text - 1);
    expect(fd >= 0 && length > 0 && close(fd) == 0);
    text[length] = '\0';
    const char *line = strstr(text, name);
    expect(line != NULL);
    return strtoul(line + strlen(name), NULL, 10) << 10;
}

/* Exact: the sum over all mappings. */
__attribute__((unused)) static size_t resident_bytes(void) {
    return kernel_bytes("/proc/self/smaps_rollup", "Rss:");
}

__attribute__((unused)) static void sleep_ms(unsigned ms) {
    struct timespec left = {ms / 1000, (long)(ms % 1000) * 1000000};
    while (nanosleep(&left, &left) != 0)
        ;
}

/* The child must have ended by itself with success; a hang is ended by the alarm, which the child does not inherit. */
__attribute__((unused)) static void expect_child_well(pid_t child) {
    int status = 0;
    expect(child > 0);
    while (waitpid(child, &status, 0) < 0) expect(errno == EINTR);
    expect_at(child, status, 0);
    expect(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

__attribute__((unused)) static uint64_t next_random(uint64_t *state) {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state >> 11;
}

/* A block that contains its size and a pattern of its own, which the thread that frees it checks.
 */
struct parcel {
    uint32_t size, tag;
    unsigned char bytes[];
};

__attribute__((unused)) static struct parcel *parcel_take(size_t size, uint32_t tag) {
    if (size < sizeof(struct parcel)) size = sizeof(struct parcel);
    struct parcel *parcel = (struct parcel *)malloc(size);
    expect(parcel != NULL);
    parcel->size = (uint32_t)size;
    parcel->tag = tag;
    memset(parcel->bytes, (int)(tag & 255), size - sizeof *parcel);
    return parcel;
}

__attribute__((unused)) static void parcel_check(const struct parcel *parcel) {
    size_t count = parcel->size - sizeof *parcel;
    for (size_t i = 0; i < count; i += i < 256 ? 1 : 61) expect(parcel->bytes[i] == (parcel->tag & 255));
    expect(count == 0 || parcel->bytes[count - 1] == (parcel->tag & 255));
}

__attribute__((unused)) static void parcel_give(struct parcel *parcel) {
    if (parcel == NULL) return;
    parcel_check(parcel);
    parcel->tag = ~parcel->tag;
    free(parcel);
}

/* Sizes as in real programs: mostly below 1 KiB, some to 20 KiB, few to 400 KiB. */
__attribute__((unused)) static size_t parcel_size(uint64_t *random) {
    uint64_t kind = next_random(random) % 64;
    size_t limit = kind == 0 ? 400000 : kind < 6 ? 20000 : 1000;
    return (size_t)(next_random(random) % limit);
}
