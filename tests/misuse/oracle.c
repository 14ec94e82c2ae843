/* The oracle: a set of live blocks outside the heap, patterns in all blocks, and a check by sorted addresses.
 */
/* SPDX-License-Identifier: MIT */
#include "oracle.h"
#include "misuse.h"
#include <malloc.h>
#include <sys/mman.h>

enum { HELD_MAX = 1 << 15, FORBIDDEN_MAX = 8 };

struct held {
    unsigned char *start;
    size_t usable;
    uint64_t tag;
    int is_own; /* allocated by the oracle, which may free it */
};

static struct held *held; /* mapped, because the heap itself is in doubt */
static size_t held_count;
static uint64_t tags_given;
static struct {
    const unsigned char *start;
    size_t count;
} forbidden[FORBIDDEN_MAX];
static size_t forbidden_count;

/* Every word of a block up to 64 KiB; of a larger one both ends, and between them one word per 4
 * KiB, or per 64 KiB from 1 MiB on. */
static size_t next_word(const struct held *h, size_t i) {
    size_t step = h->usable <= 1 << 20 ? 4096 : 65536;
    if (h->usable <= 65536 || i < 4096 || i + 4096 + 8 >= h->usable) return i + 8;
    return i + step + 4096 < h->usable ? i + step : (h->usable - 4096) & ~(size_t)7;
}

static void fill(const struct held *h) {
    for (size_t i = 0; i + 8 <= h->usable; i = next_word(h, i)) {
        uint64_t word = h->tag + i;
        memcpy(h->start + i, &word, 8);
    }
}

static void check_filled(const struct held *h) {
    for (size_t i = 0; i + 8 <= h->usable; i = next_word(h, i)) {
        uint64_t word;
        memcpy(&word, h->start + i, 8);
        if (word != h->tag + i) harm("a live block was changed", h->start + i);
    }
}

static void hold(void *pointer, size_t size, int is_own) {
    if (held == NULL)
        held = mmap(NULL, HELD_MAX * sizeof *held, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pointer == NULL || held == MAP_FAILED || held_count == HELD_MAX) harm("no memory", pointer);
    struct held *h = &held[held_count++];
    h->start = pointer;
    h->usable = malloc_usable_size(pointer);
    h->is_own = is_own;
    h->tag = ++tags_given * 0x9e3779b97f4a7c15u;
    if (h->usable < size) harm("usable size too small", pointer);
    for (size_t i = 0; i < forbidden_count; i++)
        if (h->start < forbidden[i].start + forbidden[i].count && forbidden[i].start < h->start + h->usable)
            harm("malloc returned memory that is not its own", pointer);
    fill(h);
}

void oracle_hold(void *pointer, size_t size) {
    start_helper(); /* now, before the misuse */
    hold(pointer, size, 0);
}

void oracle_drop(void *pointer) {
    for (size_t i = 0; i < held_count; i++)
        if (held[i].start == pointer) {
            check_filled(&held[i]);
            held[i] = held[--held_count];
            return;
        }
    harm("dropped what was not held", pointer);
}

void oracle_forbid(const void *start, size_t count) {
    forbidden[forbidden_count].start = start;
    forbidden[forbidden_count++].count = count;
}

/* Heap sort by address, in place: qsort of libc may allocate. */
static void sift_down(size_t root, size_t end) {
    for (size_t child; (child = 2 * root + 1) < end; root = child) {
        if (child + 1 < end && held[child].start < held[child + 1].start) child++;
        if (held[root].start >= held[child].start) return;
        struct held other = held[root];
        held[root] = held[child];
        held[child] = other;
    }
}

static void sort_held(void) {
    for (size_t root = held_count / 2; root-- > 0;) sift_down(root, held_count);
    for (size_t end = held_count; end-- > 1;) {
        struct held last = held[end];
        held[end] = held[0];
        held[0] = last;
        sift_down(0, end);
    }
}

static void check_all(void) {
    sort_held();
    for (size_t i = 1; i < held_count; i++)
        if (held[i - 1].start + held[i - 1].usable > held[i].start) harm("two live blocks overlap", held[i].start);
    for (size_t i = 0; i < held_count; i++) check_filled(&held[i]);
}

static void take_and_hold(size_t size, size_t count) {
    for (size_t i = 0; i < count; i++) {
        void *pointer = i % 8 == 3 ? calloc(1, size) : i % 8 == 5 ? realloc(NULL, size) : malloc(size);
        hold(pointer, size, 1);
    }
}

/* The size in question often enough to use up every list that the block may be on; others to get memory that was
 * wrongly given back. */
static void take_much(void *size_asked) {
    static const size_t others[] = {16, 32, 48, 64, 128, 500, 1024, 2048, 4096, 8000, 30000, 300000};
    size_t size = *(size_t *)size_asked;
    take_and_hold(size, size > 1 << 20 ? 2 : 4 + (size < 1500 ? 1500 : (2 << 20) / size));
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) take_and_hold(others[i], others[i] < 10000 ? 40 : 3);
}

static void free_half(void) {
    for (size_t i = held_count; i-- > 0;)
        if (held[i].is_own && (i % 2 == 0 || held_count > HELD_MAX / 2)) {
            check_filled(&held[i]);
            void *pointer = held[i].start;
            held[i] = held[--held_count];
            free(pointer);
        }
}

void oracle_load(size_t size) {
    start_helper();
    take_much(&size);
    check_all();
    in_helper(take_much, &size);
    check_all();
    free_half();
    take_much(&size);
    check_all();
}
