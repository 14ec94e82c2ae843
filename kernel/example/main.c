/* A program whose memory is two arrays: the heap uses only these.
 *
 *   example            uses the heap up and gives it back, then the same with twice the memory
 *   example MISUSE     double-free, inside, foreign, stack: ends by port_stop() with a sentence */
/* SPDX-License-Identifier: MIT */
#include <heapalloc/heap.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { RAM_BYTES = 1 << 20, MORE_BYTES = 1 << 20, SIZE_MOST = 20000 };

static char ram[RAM_BYTES], more[MORE_BYTES];

/* Each block begins with these, so that all blocks form a list. */
struct parcel {
    struct parcel *next;
    uint32_t size;
};

static const char *failure;

static void expect(bool holds, const char *what) {
    if (!holds && !failure) failure = what;
}

static bool is_ours(const void *p, size_t size) {
    uintptr_t at = (uintptr_t)p;
    return (at >= (uintptr_t)ram && at + size <= (uintptr_t)ram + RAM_BYTES) ||
           (at >= (uintptr_t)more && at + size <= (uintptr_t)more + MORE_BYTES);
}

/* When one size is refused, another may still be served, but only at its alignment. */
static void *take_aligned(uint32_t size) {
    void *p = heap_alloc_aligned(size, size);
    expect((uintptr_t)p % size == 0, "a block of the last ones is not aligned");
    return p;
}

/* Allocate blocks of all sizes until memory runs out; each holds its own address. */
static struct parcel *take_all(size_t *bytes) {
    struct parcel *first = NULL;
    uint32_t size = 1;

    *bytes = 0;
    for (int refusals = 0; refusals < 100;) {
        size = (size * 1103515245 + 12345) & 0x7fffffff;
        uint32_t wish = 16 + (size >> 8) % SIZE_MOST;
        struct parcel *parcel = heap_alloc(wish);
        if (parcel == NULL) {
            wish = 32u << refusals++ % 8;
            parcel = take_aligned(wish);
            if (parcel == NULL) continue;
        }
        expect(is_ours(parcel, wish) && (uintptr_t)parcel % 16 == 0, "a block is where none may be");
        memset(parcel, (int)((uintptr_t)parcel >> 4), wish);
        parcel->next = first, parcel->size = wish;
        first = parcel;
        *bytes += wish;
    }
    return first;
}

static void free_all(struct parcel *first) {
    while (first) {
        struct parcel *next = first->next;
        const unsigned char *bytes = (const unsigned char *)first;
        for (uint32_t i = sizeof *first; i < first->size; i++)
            expect(bytes[i] == (unsigned char)((uintptr_t)first >> 4), "a block has lost its contents");
        heap_free(first);
        first = next;
    }
}

static size_t use_up(void) {
    size_t first, again;

    free_all(take_all(&first));
    free_all(take_all(&again));
    expect(again >= first - first / 16, "memory is lost");
    return first;
}

static void resize(void) {
    char *p = heap_realloc(NULL, 100);

    strcpy(p, "kept");
    for (size_t size = 200; size < 300000; size *= 2) {
        p = heap_realloc(p, size);
        expect(p != NULL && strcmp(p, "kept") == 0 && is_ours(p, size), "realloc loses contents");
    }
    expect(heap_realloc(p, 0) == NULL, "realloc to nothing gives something");
    char *aligned = heap_alloc_aligned(1000, 65536), *zero = heap_alloc_zeroed(5000);
    expect(aligned && (uintptr_t)aligned % 65536 == 0, "a block is not aligned");
    for (int i = 0; i < 5000; i++) expect(zero && zero[i] == 0, "a zeroed block is not zero");
    for (size_t align = 0; align < 5000; align = align * 2 + 3 * (align == 0)) /* 0, 3, 6, 12 ... */
        expect(!heap_alloc_aligned(9, align) && !heap_alloc_aligned(9000, align), "an odd alignment is served");
    heap_free(aligned);
    heap_free(zero);
}

static void resize_aligned(void) {
    char *p = heap_realloc_aligned(NULL, 100, 64);

    expect(p && (uintptr_t)p % 64 == 0 && heap_usable(p) >= 100 && heap_usable(NULL) == 0, "no aligned block");
    for (size_t size = 100; p && size < 300000;
         size = size * 3 + 1, p = heap_realloc_aligned(p, size, size % 2 ? 64 : 4096)) {
        expect((uintptr_t)p % 64 == 0 && heap_usable(p) >= size, "a resized block is not aligned");
        expect(size == 100 || (p[0] == 'a' && p[size / 3 - 2] == 'z'), "an aligned realloc loses contents");
        p[0] = 'a', p[size - 2] = 'z';
    }
    expect(p != NULL && heap_realloc_aligned(p, 10, 48) == NULL && p[0] == 'a', "an odd alignment is served");
    expect(heap_realloc_aligned(p, 0, 64) == NULL, "realloc to nothing gives something");
}

/* Everything that was used is free again once it is trimmed. */
static void figures(void) {
    struct heap_figures before, during, after;

    heap_trim_all();
    heap_figures(&before);
    void *p = heap_alloc(100000);
    heap_figures(&during);
    heap_free(p);
    heap_trim_all();
    heap_figures(&after);
    expect(during.used_bytes >= before.used_bytes + 100000 && during.free_bytes + 100000 <= before.free_bytes,
           "a block is not counted");
    expect(after.used_bytes == before.used_bytes && after.free_bytes == before.free_bytes, "a block stays counted");
    size_t sum = after.used_bytes + after.free_bytes + after.table_bytes;
    expect(sum <= RAM_BYTES && sum >= RAM_BYTES - 65536 && after.heaps == 1, "the sums are not the region");
    expect(heap_check() == NULL, "an equation does not hold");
}

static void misuse(const char *what) {
    char *p = heap_alloc(100), *stack = (char *)&what;

    if (strcmp(what, "double-free") == 0) heap_free(p), heap_free(p);
    if (strcmp(what, "inside") == 0) heap_free(p + 16);
    if (strcmp(what, "foreign") == 0) heap_free(&failure);
    if (strcmp(what, "stack") == 0) heap_free(stack);
    printf("example: %s was not noticed\n", what);
}

int main(int count, char **arguments) {
    expect(heap_alloc(1) == NULL, "there is memory before heap_init()");
    expect(heap_init(ram + 8, RAM_BYTES - 24), "heap_init() refuses");
    if (count > 1) {
        misuse(arguments[1]);
        return 1;
    }
    resize();
    resize_aligned();
    figures();
    size_t once = use_up();
    expect(heap_add_region(more, MORE_BYTES), "heap_add_region() refuses");
    size_t twice = use_up();
    expect(once > RAM_BYTES * 3 / 4, "one region serves too little");
    expect(twice > (RAM_BYTES + MORE_BYTES) * 3 / 4, "two regions serve too little");
    printf("example: %zu of %d bytes, then %zu of %d\n", once, RAM_BYTES, twice, RAM_BYTES + MORE_BYTES);
    heap_leave();
    expect(heap_check() == NULL, "an equation does not hold once the core has left");
    printf("example: %s\n", failure ? failure : "PASS");
    return failure != NULL;
}
