/* Maps, moves and unmaps the heap's memory: the core's port functions on Linux. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "mapped.h"
#include "base/bits.h"
#include "limit.h"
#include "next.h"
#include "process.h"
#include "shim.h"
#include "syscall.h"
#include <errno.h>
#include <heapalloc/port.h>
#include <sys/mman.h>

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

enum { ANONYMOUS = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE };

static long map(void *at, size_t bytes, int protection, int flags) {
    return syscall_6(SYS_mmap, (long)at, (long)bytes, protection, flags, -1, 0);
}

STARTUP_DATA struct mapped mapped = {0};

/* Choose a random address between an eighth and five eighths of the address space. The kernel fills it from the top,
 * and programs and their brk heap are in the upper third, so that hundreds of gigabytes above are free. Only a
 * sanitizer's shadow may be there: with one, where arenas and pools still use this heap, the kernel chooses. */
STARTUP_TEXT void *port_home(void) {
    if (aside()) return NULL;
    uintptr_t stack = (uintptr_t)__builtin_frame_address(0);
    unsigned bits = 64 - (unsigned)__builtin_clzl(stack);
    if (bits < 42) return NULL;
    uintptr_t from = (uintptr_t)1 << (bits - 3), room = (uintptr_t)1 << (bits - 1);
    return (void *)(from + (process_random(1) % (room >> 30) << 30));
}

STARTUP_TEXT bool port_map(void *at, size_t bytes) {
    if (unlikely(limits.set) && !limit_allows(at, bytes)) return false;
    long got = map(at, bytes, PROT_READ | PROT_WRITE, ANONYMOUS | MAP_FIXED_NOREPLACE);
    if (syscall_failed(got)) return false;
    if (unlikely(limits.set)) limit_note_growth((void *)got, bytes);
    if ((void *)got == at) {
        mapped_add(bytes);
        return true;
    }
    port_unreserve((void *)got, bytes); /* an old kernel or an emulator treats the address as a hint */
    return false;
}

STARTUP_TEXT void *port_reserve(size_t bytes) {
    long got = map(NULL, bytes, PROT_NONE, ANONYMOUS);
    return syscall_failed(got) ? NULL : (void *)got;
}

STARTUP_TEXT bool port_commit(void *at, size_t bytes) {
    if (unlikely(limits.set) && !limit_allows(at, bytes)) return false;
    if (syscall_failed(syscall_6(SYS_mprotect, (long)at, (long)bytes, PROT_READ | PROT_WRITE, 0, 0, 0))) return false;
    if (unlikely(limits.set)) limit_note_growth(at, bytes);
    mapped_add(bytes);
    return true;
}

void port_unreserve(void *at, size_t bytes) {
    syscall_6(SYS_munmap, (long)at, (long)bytes, 0, 0, 0, 0);
}

bool port_unmap(void *at, size_t bytes) {
    if (syscall_failed(syscall_6(SYS_munmap, (long)at, (long)bytes, 0, 0, 0, 0))) return false;
    mapped_subtract(bytes);
    return true;
}

/* Whether the addresses that a move replaces are the move's own, or only free, or neither. */
enum claim { CLAIM_REFUSED, CLAIM_FREE, CLAIM_MAPPED };

/* Claim such addresses: without the claim a move would replace whatever is there. Where only a limit on address space
 * forbids the claim they are free, because the kernel looks for other mappings first, and no other thread can map there
 * meanwhile; after too many mappings it does not look, but then it refuses the move too. */
static enum claim claim(void *at, size_t bytes) {
    long got = map(at, bytes, PROT_READ | PROT_WRITE, ANONYMOUS | MAP_FIXED_NOREPLACE);
    if ((void *)got == at) return CLAIM_MAPPED;
    if (got == -ENOMEM && *port_alone) return CLAIM_FREE;
    if (!syscall_failed(got)) port_unreserve((void *)got, bytes);
    return CLAIM_REFUSED;
}

/* Moves by mremap. When the kernel refuses, it may have unmapped the target before. The source becomes a hole when it
 * moves, because a copy that stays mapped would count against limits. */
bool port_move(void *to, size_t to_bytes, void *from, size_t from_bytes, void **unmapped) {
    *unmapped = to;
    if (unlikely(limits.set) && !limit_allows(to, 0)) return false; /* the heap counts `to` as its own by now */
    enum claim claimed = claim(to, to_bytes);
    if (claimed == CLAIM_REFUSED) return false;
    long got =
        syscall_6(SYS_mremap, (long)from, (long)from_bytes, (long)to_bytes, MREMAP_MAYMOVE | MREMAP_FIXED, (long)to, 0);
    if (got == (long)to) {
        *unmapped = from;
        mapped_add(to_bytes - from_bytes);
        return true;
    }
    if (claimed == CLAIM_FREE) return false;
    if (!syscall_failed(syscall_6(SYS_munmap, (long)to, (long)to_bytes, 0, 0, 0, 0))) return false;
    *unmapped = NULL;
    mapped_add(to_bytes);
    return false;
}

bool port_extend(void *at, size_t bytes, size_t new_bytes) {
    if (unlikely(limits.set) && !limit_allows(at, new_bytes - bytes)) return false;
    if (syscall_6(SYS_mremap, (long)at, (long)bytes, (long)new_bytes, 0, 0, 0) != (long)at) return false;
    mapped_add(new_bytes - bytes);
    return true;
}
