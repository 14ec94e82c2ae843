/* Advice to the kernel about pages, and a question about one, without libc. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "sandbox.h"
#include "syscall.h"
#include <heapalloc/port.h>
#include <sys/mman.h>

static inline long advise(void *at, size_t bytes, int advice) {
    return syscall_6(SYS_madvise, (long)at, (long)bytes, advice, 0, 0, 0);
}

/* Whether `page` is resident, or cannot be told. */
static inline bool advise_is_resident(char *page) {
    unsigned char state = 1;
    if (sandboxed()) return true;
    long got = syscall_6(SYS_mincore, (long)page, (long)port_page_bytes(), (long)&state, 0, 0, 0);
    return syscall_failed(got) || state & 1;
}
