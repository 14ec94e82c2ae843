/* errno: ENOMEM after every failure, unchanged by every success and by free. */
/* SPDX-License-Identifier: MIT */
#include "entries.h"
#include "expect.h"

enum { SENTINEL = 123456 };

static const size_t sizes[] = {0, 1, 16, 100, 1000, 4096, 10000, 70000, 300000, 1 << 20, 5 << 20, 40 << 20};
enum { SIZES = sizeof sizes / sizeof sizes[0] };

CASE(success_leaves_errno) {
    for (unsigned e = 0; e < TAKING_ENTRIES; e++)
        for (unsigned s = 1; s < SIZES; s++) {
            expect_at(e, sizes[s], 0);
            errno = SENTINEL;
            void *block = taking_entries[e].take(sizes[s]);
            expect(block != NULL && errno == SENTINEL);
            free(block);
        }
}

CASE(free_leaves_errno) {
    free(NULL);
    for (unsigned s = 0; s < SIZES; s++)
        for (unsigned round = 0; round < 3; round++) {
            expect_at(s, round, 0);
            char *blocks[4];
            for (unsigned i = 0; i < 4; i++) {
                blocks[i] = malloc(sizes[s]);
                memset(blocks[i], 1, sizes[s]);
            }
            errno = SENTINEL;
            for (unsigned i = 0; i < 4; i++) free(blocks[i]);
            expect(errno == SENTINEL);
            free(NULL);
            malloc_usable_size(NULL);
            expect(errno == SENTINEL);
        }
}

CASE(realloc_to_zero_leaves_errno) {
    for (unsigned s = 0; s < SIZES; s++) {
        void *block = malloc(sizes[s]);
        errno = SENTINEL;
        expect(realloc(block, 0) == NULL);
        expect(errno == SENTINEL);
    }
}

/* The code is the return value; like glibc, it sets errno too when memory is out, and not when the alignment is wrong.
 * */
CASE(posix_memalign_sets_errno_when_memory_is_out) {
    static const size_t impossible[] = {SIZE_MAX / 2, SIZE_MAX - 8, (size_t)1 << 60, SIZE_MAX};
    void *marker = &marker;
    void *out = marker;
    for (unsigned i = 0; i < sizeof impossible / sizeof impossible[0]; i++)
        for (size_t align = 8; align <= 1u << 21; align *= 8) {
            expect_at(impossible[i], align, 0);
            errno = SENTINEL;
            expect(posix_memalign(&out, align, hide_size(impossible[i])) == ENOMEM);
            expect(out == marker && errno == ENOMEM);
        }
    errno = SENTINEL;
    expect(posix_memalign(&out, 3, 100) == EINVAL);
    expect(out == marker && errno == SENTINEL);
}

static void expect_overflow(size_t count, size_t size, int (*refused)(size_t, size_t)) {
    expect_at(count, size, 0);
    errno = 0;
    expect(refused(hide_size(count), hide_size(size)));
    expect(errno == ENOMEM);
}

static int calloc_refused(size_t count, size_t size) {
    return calloc(count, size) == NULL;
}

static int reallocarray_null_refused(size_t count, size_t size) {
    return reallocarray(NULL, count, size) == NULL;
}

static int reallocarray_refused(size_t count, size_t size) {
    static unsigned char *block;
    if (block == NULL) block = memset(malloc(40), 0x77, 40);
    int refused = reallocarray(block, count, size) == NULL;
    return refused && block[0] == 0x77 && block[39] == 0x77;
}

/* Pairs whose product wraps, most of them to something small that would be granted. */
CASE(products_that_overflow_are_refused) {
    int (*const entries[])(size_t, size_t) = {calloc_refused, reallocarray_null_refused, reallocarray_refused};
    const size_t high = (size_t)1 << 32;
    for (unsigned e = 0; e < sizeof entries / sizeof entries[0]; e++) {
        expect_overflow(SIZE_MAX, SIZE_MAX, entries[e]);
        expect_overflow(high, high, entries[e]);
        expect_overflow(high + 1, high, entries[e]);
        expect_overflow(high + 1, high + 1, entries[e]);
        for (size_t size = 2; size < 70000; size = size * 3 / 2 + 1) {
            expect_overflow(SIZE_MAX / size + 1, size, entries[e]);
            expect_overflow(size, SIZE_MAX / size + 1, entries[e]);
            expect_overflow(SIZE_MAX / size + 2, size, entries[e]);
            expect_overflow(SIZE_MAX / size, size, entries[e]);
            expect_overflow(SIZE_MAX - 1, size, entries[e]);
            expect_overflow((size_t)PTRDIFF_MAX / size + 1, size, entries[e]);
        }
    }
}

int main(int argc, char **argv) {
    return run_case(argc, argv);
}
