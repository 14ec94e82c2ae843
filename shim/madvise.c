/* madvise, to know where a program wants huge pages: what it says of a block holds until it frees the block, and the
 * kernel forgets it only when the memory is unmapped, which the heap's is not. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "advice.h"
#include "shim.h"
#include "syscall.h"
#include <sys/mman.h>

EXPORT int madvise(void *at, size_t bytes, int advice) {
    long got = syscall_6(SYS_madvise, (long)at, (long)bytes, advice, 0, 0, 0);
    if (syscall_failed(got)) {
        errno = (int)-got;
        return -1;
    }
    if (advice == MADV_HUGEPAGE) advice_note_huge(at, bytes);
    return 0;
}
