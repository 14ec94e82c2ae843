/* Pools of equal blocks in memory of the caller's, with a get that waits: for tasks and interrupt handlers of an
 * embedded system. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the pool asks of the system it runs in. Each may be NULL: then there is nothing to guard, and nobody waits. */
struct heapalloc_block_pool_platform {
    uintptr_t (*lock)(void *context);                /* mask interrupts, or take a lock */
    void (*unlock)(void *context, uintptr_t locked); /* `locked`: what lock() returned */
    /* Wait until wake() is called, for `ticks` at most; may return early. returns how many ticks are left, 0 when time
     * is up. A wake() between the look at the pool and this call must not be lost: count it, as a semaphore does. */
    uint32_t (*wait)(void *context, uint32_t ticks);
    void (*wake)(void *context); /* let one who waits look again */
    void *context;
};

struct heapalloc_block_pool {
    struct heapalloc_block_pool_platform world;
    char *first, *fresh, *end; /* memory; from `fresh` on nothing was handed out yet */
    void *free;                /* blocks put back, the last first */
    size_t block_bytes;
    uint32_t used, peak, waiting;
};

/* Make a pool over [start, start + bytes).
 * pool          not in use yet; it stays where it is
 * start         any address; blocks begin at multiples of 16
 * bytes         of memory
 * block_bytes   rounded up to a multiple of 16; 0 is served as 16
 * world         copied; NULL: nothing is guarded, and nobody waits
 * returns       how many blocks it has; 0: not even one
 * thread, cost  before anybody uses the pool; O(1)                                                             */
size_t heapalloc_block_pool_init(struct heapalloc_block_pool *pool, void *start, size_t bytes, size_t block_bytes,
                                 const struct heapalloc_block_pool_platform *world);

/* Take a block, waiting when there is none.
 * ticks         how long at most, in the unit of the platform's wait; 0, the only choice in an interrupt handler: never
 * returns       NULL: there was none; contents are undefined
 * thread, cost  any task or handler that the platform's lock guards; O(1), and the waiting                     */
void *heapalloc_block_pool_get(struct heapalloc_block_pool *pool, uint32_t ticks);

/* Put a block back and wake one who waits.
 * block         may be NULL; what is no block of this pool, or was put back last, ends in port_stop()
 * thread, cost  any task or handler that the platform's lock guards; O(1)                                      */
void heapalloc_block_pool_put(struct heapalloc_block_pool *pool, void *block);
