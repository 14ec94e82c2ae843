/* The entries of the malloc family as tables, so that a test can say "each of them". */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>

#ifdef __cplusplus
extern "C" {
#endif
/* C23, not in the headers of glibc 2.36. Weak, so that the tests also link and start where they are
 * absent. */
void free_sized(void *pointer, size_t size) __attribute__((weak));
void free_aligned_sized(void *pointer, size_t alignment, size_t size) __attribute__((weak));
#ifdef __cplusplus
}
#endif

enum { ENTRY_ALIGNMENT = 64 };

struct taking_entry {
    const char *name;
    void *(*take)(size_t size);
};

static inline void *take_calloc_one(size_t size) {
    return calloc(1, size);
}

static inline void *take_calloc_bytes(size_t size) {
    return calloc(size, 1);
}

static inline void *take_realloc_null(size_t size) {
    return realloc(NULL, size);
}

/* A failing realloc must leave the old block alone; the caller of this wrapper gets NULL and no
 * leak. */
static inline void *take_realloc_grown(size_t size) {
    void *small = malloc(24);
    void *grown = small != NULL ? realloc(small, size) : NULL;
    if (grown == NULL && size != 0) {
        int kept = errno;
        free(small);
        errno = kept;
    }
    return grown;
}

static inline void *take_reallocarray(size_t size) {
    return reallocarray(NULL, size, 1);
}

static inline void *take_posix_memalign(size_t size) {
    void *pointer = NULL;
    int code = posix_memalign(&pointer, ENTRY_ALIGNMENT, size);
    if (code != 0) errno = code;
    return pointer;
}

static inline void *take_aligned_alloc(size_t size) {
    return aligned_alloc(ENTRY_ALIGNMENT, size);
}

static inline void *take_memalign(size_t size) {
    return memalign(ENTRY_ALIGNMENT, size);
}

static inline void *take_memalign_large(size_t size) {
    return memalign(65536, size);
}

static const struct taking_entry taking_entries[] = {
    {"malloc", malloc},
    {"calloc_one", take_calloc_one},
    {"calloc_bytes", take_calloc_bytes},
    {"realloc_null", take_realloc_null},
    {"realloc_grown", take_realloc_grown},
    {"reallocarray", take_reallocarray},
    {"posix_memalign", take_posix_memalign},
    {"aligned_alloc", take_aligned_alloc},
    {"memalign", take_memalign},
    {"memalign_large", take_memalign_large},
    {"valloc", valloc},
    {"pvalloc", pvalloc},
};
enum { ALIGNED_TAKING = 6, TAKING_ENTRIES = sizeof taking_entries / sizeof taking_entries[0] };

struct giving_entry {
    const char *name;
    void (*give)(void *pointer, size_t size);
};

static inline void give_free(void *pointer, size_t size) {
    (void)size;
    free(pointer);
}

static inline void give_realloc_zero(void *pointer, size_t size) {
    (void)size;
    void *none = realloc(pointer, 0);
    if (none != NULL) abort();
}

static inline void give_free_sized(void *pointer, size_t size) {
    free_sized(pointer, size);
}

static inline void give_free_aligned_sized(void *pointer, size_t size) {
    free_aligned_sized(pointer, ENTRY_ALIGNMENT, size);
}

static const struct giving_entry giving_entries[] = {
    {"free", give_free},
    {"realloc_zero", give_realloc_zero},
    {"free_sized", give_free_sized},
    {"free_aligned_sized", give_free_aligned_sized},
};
enum { GIVING_ENTRIES = sizeof giving_entries / sizeof giving_entries[0] };
