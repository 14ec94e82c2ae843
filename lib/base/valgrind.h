/* What valgrind's memcheck is told about blocks, in a build for it (config_valgrind); nothing in any other. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "base/config.h"
#include <stddef.h>

#if HEAPALLOC_VALGRIND
#include <valgrind/memcheck.h>
#else
#define VALGRIND_MALLOCLIKE_BLOCK(at, bytes, redzone, zeroed) \
    ((void)(at), (void)(bytes), (void)(redzone), (void)(zeroed))
#define VALGRIND_FREELIKE_BLOCK(at, redzone) ((void)(at), (void)(redzone))
#define VALGRIND_MAKE_MEM_NOACCESS(at, bytes) ((void)(at), (void)(bytes))
#define VALGRIND_MAKE_MEM_UNDEFINED(at, bytes) ((void)(at), (void)(bytes))
#define VALGRIND_MAKE_MEM_DEFINED(at, bytes) ((void)(at), (void)(bytes))
#endif

/* Hand a block to a caller, between two bands that nobody may touch; take it back. */
static inline void valgrind_begin(void *at, size_t bytes, size_t band_bytes) {
    VALGRIND_MAKE_MEM_NOACCESS((char *)at - band_bytes, band_bytes);
    VALGRIND_MAKE_MEM_NOACCESS((char *)at + bytes, band_bytes);
    VALGRIND_MALLOCLIKE_BLOCK(at, bytes, band_bytes, 0);
}
static inline void valgrind_end(void *at, size_t band_bytes) {
    VALGRIND_FREELIKE_BLOCK(at, band_bytes);
}

/* Let the allocator itself use this memory, whoever had it: its contents are undefined, or kept. */
static inline void valgrind_take(void *at, size_t bytes) {
    if (config_valgrind) VALGRIND_MAKE_MEM_UNDEFINED(at, bytes);
}
static inline void valgrind_look(void *at, size_t bytes) {
    if (config_valgrind) VALGRIND_MAKE_MEM_DEFINED(at, bytes);
}
