/* How much of a range is in memory. */
/* SPDX-License-Identifier: MIT */
#include "resident_pages.h"
#include "base/bits.h"
#include "sandbox.h"
#include "syscall.h"
#include <heapalloc/port.h>

size_t resident_pages_bytes(const void *from, size_t bytes) {
    enum { LEAST_PAGE_BYTES = 4096, STEP_BYTES = 2 << 20 }; /* an emulator may tell of the pages below its own */
    unsigned char pages[STEP_BYTES / LEAST_PAGE_BYTES];
    size_t page = port_page_bytes(), sum = 0;
    const char *at = (const char *)round_down((uintptr_t)from, page), *end = (const char *)from + bytes;
    for (size_t length; at < end; at += length) {
        length = min_size(round_up((size_t)(end - at), page), STEP_BYTES);
        if (syscall_6(SYS_mincore, (long)at, (long)length, (long)pages, 0, 0, 0) != 0) continue;
        for (size_t i = 0; i < length / page; i++) sum += pages[i] & 1;
    }
    return sum * page;
}

/* A page that is in swap does not count. */
size_t port_resident(const void *at, size_t bytes) {
    return sandboxed() ? 0 : resident_pages_bytes(at, bytes);
}
