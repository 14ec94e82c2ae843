/* Pools of equal blocks in the caller's memory, with a get that can wait: for tasks and interrupt handlers of an
 * embedded system. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What the pool needs from the system it runs in. Each may be NULL: then nothing is guarded, and nobody waits. */
struct heapalloc_block_pool_platform {
    uintptr_t (*lock)(void *context);                /* mask interrupts, or take a lock */
    void (*unlock)(void *context, uintptr_t locked); /* `locked`: what lock() returned */
    /* Wait until wake() is called, for `ticks` at most; may return early. returns how many ticks are left, 0 when time
     * is up. A wake() between the check of the pool and this call must not be lost: count it, as a semaphore does. */
    uint32_t (*wait)(void *context, uint32_t ticks);
    void (*wake)(void *context); /* let one waiter look again */
    void *context;
};

struct heapalloc_block_pool {
    struct heapalloc_block_pool_platform world;
    char *first, *fresh, *end; /* memory; nothing from `fresh` on was ever handed out */
    void *free;                /* blocks that were put back, last in, first out */
    size_t block_bytes;
    uint32_t used, peak, waiting;
};

/* Make a pool over [start, start + bytes).
 * pool          not in use yet; it stays where it is
 * start         any address; blocks begin at multiples of 16
 * bytes         of memory
 * block_bytes   rounded up to a multiple of 16; 0 is served as 16
 * world         copied; NULL: nothing is guarded, and nobody waits
 * returns       the number of blocks; 0: not even one fits
 * thread, cost  before anybody uses the pool; O(1)                                                             */
size_t heapalloc_block_pool_init(struct heapalloc_block_pool *pool, void *start, size_t bytes, size_t block_bytes,
                                 const struct heapalloc_block_pool_platform *world);

/* Take a block, waiting when there is none.
 * ticks         longest wait, in the unit of the platform's wait(); 0 does not wait: the only choice in an interrupt
 *               handler
 * returns       NULL when there was none; contents are undefined
 * thread, cost  any task or handler that the platform's lock guards; O(1), and the waiting                     */
void *heapalloc_block_pool_get(struct heapalloc_block_pool *pool, uint32_t ticks);

/* Put a block back and wake one waiter.
 * block         may be NULL; a pointer to no block of this pool, or the block put back last, ends in port_stop()
 * thread, cost  any task or handler that the platform's lock guards; O(1)                                      */
void heapalloc_block_pool_put(struct heapalloc_block_pool *pool, void *block);

#ifdef __cplusplus
}
#endif
