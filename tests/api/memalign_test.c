/* The aligned functions: every alignment from 8 B to 1 GiB, what they refuse, and how they treat odd values. */
/* SPDX-License-Identifier: MIT */
#include "entries.h"
#include "expect.h"

static const size_t sizes[] = {0,    1,    7,    8,    24,    64,    100,    255,    256,
                               1000, 1024, 4096, 4097, 10000, 65536, 100000, 262145, 1 << 20};
enum { SIZES = sizeof sizes / sizeof sizes[0] };

static void *take(unsigned how, size_t alignment, size_t size) {
    void *pointer = NULL;
    switch (how) {
    case 0: return memalign(alignment, size);
    case 1: return aligned_alloc(alignment, size);
    default: expect(posix_memalign(&pointer, alignment, size) == 0); return pointer;
    }
}

/* Each size is held four times, so that the second and later blocks cannot profit from a lucky
 * start. */
CASE(alignments_from_8_to_1_gib_hold) {
    for (unsigned shift = 3; shift <= 30; shift++)
        for (unsigned s = 0; s < SIZES; s++)
            for (unsigned how = 0; how < 3; how++) {
                enum { HELD = 4 };
                size_t alignment = (size_t)1 << shift;
                unsigned char *held[HELD];
                unsigned count = shift > 26 ? 1 : HELD;
                for (unsigned i = 0; i < count; i++) {
                    expect_at(alignment, sizes[s], how);
                    held[i] = take(how, alignment, sizes[s]);
                    expect(held[i] != NULL && is_aligned(held[i], alignment));
                    memset(held[i], (int)i + 1, sizes[s]);
                }
                for (unsigned i = 0; i < count; i++) {
                    expect(sizes[s] == 0 || held[i][0] == i + 1);
                    expect(sizes[s] == 0 || held[i][sizes[s] - 1] == i + 1);
                    expect(malloc_usable_size(held[i]) >= sizes[s]);
                    free(held[i]);
                }
            }
}

CASE(posix_memalign_refuses_odd_alignments) {
    static const size_t bad[] = {0, 1, 2, 3, 4, 5, 6, 7, 9, 12, 24, 48, 100, 4095, 4097, 6144};
    void *marker = &marker;
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        void *out = marker;
        expect_at(bad[i], 0, 0);
        expect(posix_memalign(&out, hide_size(bad[i]), 100) == EINVAL);
        expect(out == marker);
    }
    void *out = marker;
    expect(posix_memalign(&out, hide_size(SIZE_MAX), 1) == EINVAL);
    expect(posix_memalign(&out, hide_size((SIZE_MAX >> 1) - 7), 1) == EINVAL);
    expect(out == marker);
}

CASE(memalign_rounds_odd_alignments_up) {
    for (size_t alignment = 0; alignment < 9000; alignment += alignment < 200 ? 1 : 61) {
        size_t rounded = 8;
        while (rounded < alignment) rounded *= 2;
        void *block = memalign(hide_size(alignment), 50);
        expect_at(alignment, rounded, 0);
        expect(block != NULL && is_aligned(block, rounded));
        free(block);
    }
}

CASE(too_large_alignments_are_refused) {
    errno = 0;
    expect(memalign(hide_size((SIZE_MAX >> 1) + 2), 1) == NULL && errno == EINVAL);
    static const unsigned shifts[] = {48, 55, 62, 63};
    for (unsigned i = 0; i < 4; i++)
        for (unsigned how = 0; how < 2; how++) {
            size_t alignment = hide_size((size_t)1 << shifts[i]);
            void *out = NULL;
            expect_at(shifts[i], how, 0);
            errno = 0;
            expect(take(how, alignment, 1) == NULL && errno == ENOMEM);
            errno = 0;
            expect(take(how, alignment, alignment) == NULL && errno == ENOMEM);
            expect(posix_memalign(&out, alignment, 1) == ENOMEM && out == NULL);
        }
}

/* glibc 2.36 rounds up here; C17 and glibc from 2.38 refuse, and so do we. */
CASE(aligned_alloc_refuses_odd_alignments) {
    static const size_t bad[] = {0, 3, 5, 12, 24, 100, 4097};
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        expect_at(bad[i], 0, 0);
        errno = 0;
        expect(aligned_alloc(hide_size(bad[i]), 96) == NULL);
        expect(errno == EINVAL);
    }
}

CASE(valloc_and_pvalloc_are_page_aligned) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    for (unsigned s = 0; s < SIZES; s++) {
        unsigned char *v = valloc(sizes[s]);
        unsigned char *p = pvalloc(sizes[s]);
        size_t rounded = (sizes[s] + page - 1) & ~(page - 1);
        expect_at(sizes[s], 0, 0);
        expect(v != NULL && is_aligned(v, page) && malloc_usable_size(v) >= sizes[s]);
        expect(p != NULL && is_aligned(p, page) && malloc_usable_size(p) >= rounded);
        memset(v, 1, sizes[s]);
        memset(p, 2, rounded);
        expect(sizes[s] == 0 || v[sizes[s] - 1] == 1);
        free(v);
        free(p);
    }
    for (size_t near = 0; near <= 2 * page; near++) {
        expect_at(near, 0, 0);
        errno = 0;
        expect(pvalloc(hide_size(SIZE_MAX - near)) == NULL && errno == ENOMEM);
    }
}

CASE(aligned_blocks_can_be_resized) {
    for (unsigned shift = 4; shift <= 21; shift++)
        for (unsigned s = 1; s < SIZES; s++)
            for (unsigned t = 1; t < SIZES; t += 2) {
                size_t kept = sizes[s] < sizes[t] ? sizes[s] : sizes[t];
                unsigned char *block = memalign((size_t)1 << shift, sizes[s]);
                expect_at(shift, sizes[s], sizes[t]);
                memset(block, 0x3c, sizes[s]);
                block = realloc(block, sizes[t]);
                expect(block != NULL && is_aligned(block, 16));
                expect(block[0] == 0x3c && memcmp(block, block + 1, kept - 1) == 0);
                free(block);
            }
}

int main(int argc, char **argv) {
    return run_case(argc, argv);
}
