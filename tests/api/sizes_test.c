/* malloc's promises about sizes: zero, too much, alignment, and the usable size. */
/* SPDX-License-Identifier: MIT */
#include "entries.h"
#include "expect.h"

CASE(given_zero_returns_unique_blocks) {
    enum { COUNT = 1000 };
    static char *blocks[COUNT];
    for (unsigned e = 0; e < TAKING_ENTRIES; e++) {
        if (strcmp(taking_entries[e].name, "realloc_grown") == 0)
            continue; /* realloc(p, 0) frees; it has its own case */
        for (unsigned i = 0; i < COUNT; i++) {
            expect_at(e, i, 0);
            blocks[i] = taking_entries[e].take(0);
            expect(blocks[i] != NULL && is_aligned(blocks[i], 16));
            if (i > 0) expect(blocks[i] != blocks[i - 1] && blocks[i] != blocks[0]);
        }
        for (unsigned i = 0; i < COUNT; i++) free(blocks[i]);
    }
    expect(calloc(hide_size(0), 8) != NULL && calloc(8, hide_size(0)) != NULL);
}

static void expect_refused(unsigned entry, size_t size) {
    expect_at(entry, size >> 32, size);
    errno = 0;
    expect(taking_entries[entry].take(hide_size(size)) == NULL);
    expect(errno == ENOMEM);
}

CASE(more_than_ptrdiff_max_is_refused_with_enomem) {
    for (unsigned e = 0; e < TAKING_ENTRIES; e++) {
        for (size_t near = 0; near <= 70000; near += near < 300 ? 1 : 97) {
            expect_refused(e, SIZE_MAX - near);
            expect_refused(e, (size_t)PTRDIFF_MAX + near);
            expect_refused(e, (size_t)PTRDIFF_MAX - near);
        }
        for (unsigned shift = 48; shift < 64; shift++)
            for (size_t near = 0; near <= 65536; near = near * 4 + 1) {
                expect_refused(e, ((size_t)1 << shift) - near);
                expect_refused(e, ((size_t)1 << shift) + near);
            }
        void *after = taking_entries[e].take(100);
        expect(after != NULL);
        free(after);
    }
}

CASE(every_size_to_10000_is_aligned_to_16) {
    enum { EACH = 5 };
    for (size_t size = 0; size <= 10000; size++) {
        void *held[EACH];
        for (unsigned i = 0; i < EACH; i++) {
            expect_at(size, i, 0);
            held[i] = i % 2 ? calloc(1, size) : malloc(size);
            expect(held[i] != NULL && is_aligned(held[i], 16));
        }
        for (unsigned i = 0; i < EACH; i++) free(held[i]);
    }
}

/* More than glibc does: programs rely on it with other allocators, and slabs provide it at no cost.
 */
CASE(powers_of_two_up_to_4096_are_naturally_aligned) {
    enum { EACH = 300 };
    static void *held[EACH];
    for (size_t size = 16; size <= 4096; size *= 2) {
        for (unsigned i = 0; i < EACH; i++) {
            expect_at(size, i, 0);
            held[i] = malloc(size);
            expect(held[i] != NULL && is_aligned(held[i], size));
        }
        for (unsigned i = 0; i < EACH; i++) free(held[i]);
    }
}

static size_t next_size(size_t size) {
    return size < 1100 ? size + 1 : size + size / 9 + 1;
}

CASE(usable_size_is_writable_and_stable) {
    unsigned char *before = malloc(64);
    for (size_t size = 0; size <= 24u << 20; size = next_size(size)) {
        unsigned char *block = malloc(size);
        unsigned char *neighbour = malloc(size);
        expect_at(size, 0, 0);
        expect(block != NULL && neighbour != NULL);
        size_t usable = malloc_usable_size(block);
        expect(usable >= size);
        memset(neighbour, 0x5a, size);
        memset(before, 0x5a, 64);
        memset(block, 0xa5, usable);
        expect(malloc_usable_size(block) == usable);
        free(malloc(size));
        free(malloc(size / 2));
        expect(malloc_usable_size(block) == usable);
        for (size_t i = 0; i < size; i++) expect(neighbour[i] == 0x5a);
        expect(before[0] == 0x5a && before[63] == 0x5a);
        expect(block[0] == 0xa5 || usable == 0);
        expect(usable == 0 || block[usable - 1] == 0xa5);
        free(block);
        free(neighbour);
    }
    expect(malloc_usable_size(NULL) == 0);
}

CASE(usable_size_holds_for_every_entry) {
    for (unsigned e = 0; e < TAKING_ENTRIES; e++)
        for (size_t size = 1; size <= 3u << 20; size = next_size(size * 2)) {
            unsigned char *block = taking_entries[e].take(size);
            expect_at(e, size, 0);
            size_t usable = malloc_usable_size(block);
            expect(usable >= size);
            memset(block, 0xa5, usable);
            expect(malloc_usable_size(block) == usable);
            free(block);
        }
}

int main(int argc, char **argv) {
    return run_case(argc, argv);
}
