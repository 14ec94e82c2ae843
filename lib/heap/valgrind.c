/* malloc and its family in a build for valgrind.
 *
 *   | band: as large as the alignment, its last 16 bytes say what follows | the caller's bytes | band: 16 or more |
 *   the core's block                                                      p
 *
 * So the core's own two words, in a free block's first 16 bytes, lie in a band; and no table holds the address of a
 * caller's block, so that memcheck reports a leaked block as leaked. realloc always moves. */
/* SPDX-License-Identifier: MIT */
#include "heap/valgrind.h"
#include "base/valgrind.h"
#include "heap/entry_alloc.h"
#include "heap/entry_free.h"

enum { BAND_BYTES = 16 };

struct note {
    size_t front; /* from the core's block to the caller's */
    size_t size;  /* the requested size */
};
_Static_assert(sizeof(struct note) <= BAND_BYTES, "the note fits the band");

static struct note *note_of(const void *p) {
    return (struct note *)((char *)p - sizeof(struct note));
}

static void *core_alloc(size_t size, size_t align) {
    return align <= BAND_BYTES ? heap_alloc_slow(size, heap_self) : heap_alloc_at(size, align);
}

void *valgrind_aligned(size_t size, size_t align) {
    size_t front = max_size(align, BAND_BYTES);
    if (size > ALLOC_BYTES_MAX || front > ALLOC_BYTES_MAX - size - BAND_BYTES) return NULL;
    char *block = core_alloc(front + size + BAND_BYTES, align);
    if (!block) return NULL;
    char *p = block + front;
    valgrind_take(note_of(p), sizeof(struct note));
    *note_of(p) = (struct note){front, size};
    valgrind_begin(p, size, BAND_BYTES);
    return p;
}

void *valgrind_alloc(size_t size) {
    return valgrind_aligned(size, BAND_BYTES);
}

void *valgrind_zeroed(size_t size) {
    void *p = valgrind_alloc(size);
    return p ? memset(p, 0, size) : NULL;
}

/* Read the note before a caller's block. If `p` is none, a guess: the core will check the pointer. */
static struct note read_note(const void *p) {
    if (!span_unit((const char *)p - BAND_BYTES)) return (struct note){0, 0};
    struct note *note = note_of(p);
    valgrind_look(note, sizeof(*note));
    struct note found = *note;
    bool is_one = is_power_of_two(found.front) && found.front >= BAND_BYTES && span_unit((const char *)p - found.front);
    return is_one ? found : (struct note){BAND_BYTES, 0};
}

void valgrind_free(void *p) {
    if (!p) return;
    valgrind_end(p, BAND_BYTES);
    char *block = (char *)p - read_note(p).front;
    if (span_unit(block)) valgrind_look(block, sizeof(struct block));
    heap_free_slow(block, heap_self);
}

size_t valgrind_usable(const void *p) {
    if (!p) return 0;
    struct note note = read_note(p);
    VALGRIND_MAKE_MEM_NOACCESS(note_of(p), sizeof(note));
    return note.size;
}

void *valgrind_resize(void *p, size_t size) {
    size_t old = valgrind_usable(p);
    void *new = valgrind_alloc(size);
    if (!new) return NULL;
    memcpy(new, p, min_size(old, size));
    valgrind_free(p);
    return new;
}
