/* Zeroing large memory that was used before. */
/* SPDX-License-Identifier: MIT */
#include "span/zero.h"
#include "base/memory.h"
#include <heapalloc/port.h>

enum { DENSE_PART = 2 }; /* one in so many of its pages is in memory */

static bool is_sparse(const char *from, size_t bytes) {
    return bytes > 0 && port_resident(from, bytes) < bytes / DENSE_PART;
}

/* Purge, and make sure of it: an emulator may report success for memory that was moved, and leave it as it is. */
static bool purge_surely(char *from, size_t bytes) {
    uint32_t *mark = (uint32_t *)from;
    store_relaxed(*mark, 1);
    return port_purge(from, bytes) && swap_value(*mark, 0) == 0;
}

void zero_large(char *at, size_t bytes) {
    size_t page = port_page_bytes();
    char *end = at + bytes, *from = (char *)round_up((uintptr_t)at, page);
    size_t whole = from < end ? round_down((size_t)(end - from), page) : 0;
    if (!is_sparse(from, whole) || !purge_surely(from, whole)) {
        memset(at, 0, bytes);
        return;
    }
    memset(at, 0, (size_t)(from - at));
    memset(from + whole, 0, (size_t)(end - from) - whole);
}
