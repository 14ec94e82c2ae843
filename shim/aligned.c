/* The aligned family, and the sized frees of C23. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "heap/fast.h"
#include "heap/hardened.h"
#include "heap/sized.h"
#include "next.h"
#include "shim.h"
#include <heapalloc/port.h>

ASIDE_FUNCTION(void *, memalign_aside, ASIDE_MEMALIGN, (size_t align, size_t size), align, size)

static void *aligned_or_null(size_t align, size_t size) {
    if (aside()) return memalign_aside(align, size);
    size_t request = hardened_request(size);
    return hardened_seal(or_enomem(entry_aligned(request, align)), request);
}

/* Sets errno too when there is no memory, which POSIX does not require: glibc does, and some callers read it. */
EXPORT int posix_memalign(void **to, size_t align, size_t size) {
    if (!is_power_of_two(align) || align < sizeof(void *)) return EINVAL;
    void *p = aligned_or_null(align, size);
    if (!p) return ENOMEM;
    *to = p;
    return 0;
}

EXPORT void *aligned_alloc(size_t align, size_t size) {
    if (!is_power_of_two(align)) {
        errno = EINVAL;
        return NULL;
    }
    return aligned_or_null(align, size);
}

/* Alignments that are no power of two are rounded up, as in glibc. */
EXPORT void *memalign(size_t align, size_t size) {
    if (align > SIZE_MAX / 2 + 1) {
        errno = EINVAL;
        return NULL;
    }
    size_t power = BLOCK_ALIGN_BYTES;
    while (power < align) power <<= 1;
    return aligned_or_null(power, size);
}

EXPORT void *valloc(size_t size) {
    return aligned_or_null(port_page_bytes(), size);
}

EXPORT void *pvalloc(size_t size) {
    size_t page = port_page_bytes();
    if (size > PTRDIFF_MAX - page) return or_enomem(NULL);
    return aligned_or_null(page, round_up(size + (size == 0), page));
}

/* The address alone identifies the block; the size and alignment are only checked against it. */
EXPORT void free_sized(void *p, size_t size) {
    if (unlikely(!sized_is_right(p, hardened_request(size), 1, SIZED_BY_C))) sized_fail("free_sized", p, size, 1);
    hardened_free_with(p, free_outside);
}

EXPORT void free_aligned_sized(void *p, size_t align, size_t size) {
    if (unlikely(!sized_is_right(p, hardened_request(size), align, SIZED_BY_C)))
        sized_fail("free_aligned_sized", p, size, align);
    hardened_free_with(p, free_outside);
}

EXPORT void *__libc_memalign(size_t align, size_t size) {
    return memalign(align, size);
}
EXPORT void *__libc_valloc(size_t size) {
    return valloc(size);
}
EXPORT void *__libc_pvalloc(size_t size) {
    return pvalloc(size);
}
EXPORT int __posix_memalign(void **to, size_t align, size_t size) {
    return posix_memalign(to, align, size);
}
