/* heapalloc_walk(): reads the heap by its map, as another process would, while its threads run. */
/* SPDX-License-Identifier: MIT */
#include "heap/guard_slot.h"
#include "inspect/reader.h"
#include "own_memory.h"
#include "shim.h"
#include <heapalloc/walk.h>
#include <sys/uio.h>

/* Let the kernel copy: memory that another thread unmaps meanwhile makes the call fail instead of crashing. */
static bool read_own(void *context, uint64_t address, void *to, size_t bytes) {
    struct iovec local = {to, bytes}, remote = {(void *)(uintptr_t)address, bytes};
    long process = syscall_6(SYS_getpid, 0, 0, 0, 0, 0, 0);
    long got = syscall_6(SYS_process_vm_readv, process, (long)&local, 1, (long)&remote, 1, 0);
    int *error = context;
    if (syscall_failed(got) && got != -EFAULT) *error = (int)-got;
    return got == (long)bytes;
}

/* Blocks in guard slots are in no span, so the map does not have them. */
static bool visit_guarded(heapalloc_visit *visit, void *argument) {
    struct guard_walk walk = {0};
    while (guard_walk_next(&walk)) {
        struct heapalloc_block block = {.address = (uintptr_t)walk.memory,
                                        .bytes = walk.bytes,
                                        .state = HEAPALLOC_BLOCK_LIVE,
                                        .kind = HEAPALLOC_BLOCK_MEDIUM};
        if (!visit(&block, argument)) return false;
    }
    return true;
}

EXPORT bool heapalloc_walk(heapalloc_visit *visit, void *argument) {
    int error = 0;
    struct reader *reader = or_enomem(own_memory_map(sizeof(struct reader))); /* a stack may be too small for it */
    if (!reader) return false;
    bool done =
        !reader_open(reader, read_own, &error, (uintptr_t)&heapalloc_map) && reader_walk(reader, visit, argument);
    own_memory_unmap(reader, sizeof(struct reader));
    if (error) errno = error;
    return done && !error && visit_guarded(visit, argument);
}
