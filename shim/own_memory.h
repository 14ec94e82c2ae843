/* Memory for the library's own work, outside of the heap: mapped when it is needed, and unmapped after that. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "syscall.h"
#include <stddef.h>
#include <sys/mman.h>

/* Map zeroed memory; NULL: there is none. */
static inline void *own_memory_map(size_t bytes) {
    long made = syscall_6(SYS_mmap, 0, (long)bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return syscall_failed(made) ? NULL : (void *)made;
}

static inline void own_memory_unmap(void *at, size_t bytes) {
    syscall_6(SYS_munmap, (long)at, (long)bytes, 0, 0, 0, 0);
}
