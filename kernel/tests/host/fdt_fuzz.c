/* Feeds the reader hundreds of thousands of damaged device trees; the sanitizers watch. */
/* SPDX-License-Identifier: MIT */
#include "machine.h"
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* fdt_fuzz ROUNDS SEED TREE.dtb... : the same arguments do the same, so a failure can be repeated. */

enum { TREES_MAX = 16, BYTES_MAX = 1 << 20, CHANGES_MAX = 6, HEADER_BYTES = 40 };

struct tree {
    uint8_t *bytes;
    uint32_t size;
};

static uint64_t state;

static uint32_t random_below(uint32_t bound) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)((state >> 32) * bound >> 32);
}

static struct tree load(const char *path) {
    struct tree tree = {malloc(BYTES_MAX), 0};
    FILE *file = fopen(path, "rb");

    if (file == NULL || tree.bytes == NULL) {
        fprintf(stderr, "fdt_fuzz: cannot read %s\n", path);
        exit(EXIT_FAILURE);
    }
    tree.size = (uint32_t)fread(tree.bytes, 1, BYTES_MAX, file);
    fclose(file);
    return tree;
}

/* ---- damage ---------------------------------------------------------------------------------- */

static uint32_t interesting(void) {
    static const uint32_t numbers[] = {0,  1,  2,  3,          4,          5,          9,          16,
                                       17, 39, 40, 0x7fffffff, 0x80000000, 0xfffffffc, 0xfffffff0, 0xffffffff};

    return random_below(4) == 0 ? random_below(UINT32_MAX) >> random_below(32)
                                : numbers[random_below(sizeof numbers / sizeof *numbers)];
}

static void put_big(uint8_t *to, uint32_t word) {
    for (int i = 0; i < 4; i++) to[i] = (uint8_t)(word >> (24 - 8 * i));
}

static void change(uint8_t *bytes, uint32_t size) {
    uint32_t words = size / 4;
    uint32_t word = random_below(words);
    uint32_t other = random_below(words);
    uint32_t run = 1 + random_below(words - (word > other ? word : other));

    switch (random_below(6)) {
    case 0: bytes[random_below(size)] ^= (uint8_t)(1 << random_below(8)); break;
    case 1: bytes[random_below(size)] = (uint8_t)random_below(256); break;
    case 2: put_big(bytes + word * 4, interesting()); break;
    case 3: put_big(bytes + random_below(10) * 4, interesting()); break; /* the header */
    case 4: memmove(bytes + word * 4, bytes + other * 4, (run < 64 ? run : 64) * 4); break;
    case 5: memset(bytes + word * 4, (int)random_below(256), run < 8 ? run * 4 : 32); break;
    }
}

/* A copy of exactly the claimed size, so that the sanitizer detects one byte too far. */
static uint8_t *damaged(const struct tree *tree, uint32_t *size) {
    *size = random_below(8) == 0 ? HEADER_BYTES + random_below(tree->size - HEADER_BYTES) : tree->size;
    uint8_t *bytes = malloc(*size);

    if (bytes == NULL) abort();
    memcpy(bytes, tree->bytes, *size);
    for (uint32_t changes = random_below(CHANGES_MAX); changes > 0; changes--) change(bytes, *size);
    if (*size < tree->size && random_below(2) == 0) put_big(bytes + 4, *size);
    return bytes;
}

/* ---- invariants of every accepted machine ---------------------------------------------------- */

static bool are_sane(const struct range_list *list) {
    if (list->count > RANGES_MAX) return false;
    for (uint32_t i = 0; i < list->count; i++)
        if (list->at[i].start >= list->at[i].end) return false;
    return true;
}

static bool is_sane(const struct machine *machine, const uint8_t *bytes, uint32_t size) {
    const uint8_t *bootargs = (const uint8_t *)machine->bootargs;
    bool inside = bootargs >= bytes && bootargs < bytes + size;

    return are_sane(&machine->ram) && are_sane(&machine->reserved) && machine->ram.count > 0 &&
           machine->core_count <= CORES_MAX && machine->core_count <= machine->cores_named &&
           machine->uart.start <= machine->uart.end && machine->psci <= PSCI_SMC &&
           (machine->gic_version == 2 || machine->gic_version == 3) &&
           (inside ? memchr(bootargs, '\0', (size_t)(bytes + size - bootargs)) != NULL : machine->bootargs[0] == '\0');
}

int main(int count, char **words) {
    struct tree trees[TREES_MAX];
    uint32_t accepted = 0, refused = 0, tree_count = 0;

    if (count < 4) return EXIT_FAILURE;
    uint64_t rounds = strtoull(words[1], NULL, 0);
    state = strtoull(words[2], NULL, 0) * 2 + 88172645463325253u;
    for (int i = 3; i < count && tree_count < TREES_MAX; i++) trees[tree_count++] = load(words[i]);
    for (uint64_t i = 0; i < rounds; i++) {
        static struct machine machine;
        uint32_t size;
        uint8_t *bytes = damaged(&trees[random_below(tree_count)], &size);
        if (machine_read(&machine, bytes, size) != NULL) {
            refused++;
        } else if (is_sane(&machine, bytes, size)) {
            accepted++;
        } else {
            printf("round %llu: an insane machine was accepted\n", (unsigned long long)i);
            return EXIT_FAILURE;
        }
        free(bytes);
    }
    for (uint32_t i = 0; i < tree_count; i++) free(trees[i].bytes);
    printf("%u accepted, %u refused\n", accepted, refused);
    return accepted > rounds / 20 && refused > rounds / 4 ? EXIT_SUCCESS : EXIT_FAILURE;
}
