/* madvise, to note where a program advises huge pages: the advice for a block should end when the block is freed, but
 * the kernel drops it only when the memory is unmapped, and the heap keeps it mapped. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "huge_pages.h"
#include "shim.h"
#include "syscall.h"
#include <sys/mman.h>

EXPORT int madvise(void *at, size_t bytes, int advice) {
    long got = syscall_6(SYS_madvise, (long)at, (long)bytes, advice, 0, 0, 0);
    if (syscall_failed(got)) {
        errno = (int)-got;
        return -1;
    }
    if (advice == MADV_HUGEPAGE) huge_pages_note(at, bytes);
    return 0;
}
