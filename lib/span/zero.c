/* Zeroing large memory that was used before. */
/* SPDX-License-Identifier: MIT */
#include "span/zero.h"
#include "base/memory.h"
#include <heapalloc/port.h>

enum { DENSE_PART = 2 }; /* one in so many of its pages is in memory */

static bool is_sparse(const char *from, size_t bytes) {
    return bytes > 0 && port_resident(from, bytes) < bytes / DENSE_PART;
}

void zero_large(char *at, size_t bytes) {
    size_t page = port_page_bytes();
    char *end = at + bytes, *from = (char *)round_up((uintptr_t)at, page);
    size_t whole = from < end ? round_down((size_t)(end - from), page) : 0;
    if (!is_sparse(from, whole) || !port_purge(from, whole)) {
        memset(at, 0, bytes);
        return;
    }
    memset(at, 0, (size_t)(from - at));
    memset(from + whole, 0, (size_t)(end - from) - whole);
}
