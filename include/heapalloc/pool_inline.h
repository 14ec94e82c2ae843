/* Getting a block from a pool and putting it back without a call, for programs that do both in turn.
 *
 * The code below keeps the block that was put back last, and knows the one that it took last: when that comes back it
 * needs no other check. Its layout, number 1, is therefore part of the binary interface: the library checks it when it
 * is built, and a program that was compiled with this header needs the symbol version HEAPALLOC_LAST_1, without which
 * the loader does not start it. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <heapalloc/heapalloc.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The first words of a pool. Where the library has to see each block (a shared pool, one with a constructor, the
 * hardened library, builds for valgrind) `mark` is 0. */
struct heapalloc_pool_last_1 {
    uintptr_t library[3]; /* the library's own */
    void *last;           /* free, and handed out next; or NULL */
    void *taken;          /* in use, by the code below, and the library has not seen it since; or NULL */
    uintptr_t mark;       /* the pool's address + 2 while it lives: no copy of a pool, and nothing else, has it */
    int32_t puts_left;    /* until a put that the library has to see */
} __attribute__((may_alias));

/* A negative size, where the compiler lays the struct out in another way than the library's did. */
typedef char heapalloc_pool_last_1_is_seven_words[sizeof(struct heapalloc_pool_last_1) == 7 * sizeof(void *) ? 1 : -1];

/* The same as heapalloc_pool_get() and heapalloc_pool_put(), which the inline code calls for what it does not serve.
 * block         of this pool; may be NULL
 * returns       NULL when there is no memory
 * thread, cost  as the pool; O(1)                                                                             */
HEAPALLOC_API void *heapalloc_pool_get_last_1(struct heapalloc_pool *pool);
HEAPALLOC_API void heapalloc_pool_put_last_1(struct heapalloc_pool *pool, void *block);

/* Take a block as heapalloc_pool_get() does: all calls on a pool may be mixed.
 * pool          NULL, a destroyed pool, and what is none in mapped memory end the program with a sentence, as there; an
 *               address where nothing is mapped ends it with SIGSEGV
 * returns       NULL when there is no memory
 * thread, cost  as the pool; O(1), some nine instructions for the block that was put back last, else a call    */
static inline void *heapalloc_pool_get_inline(struct heapalloc_pool *pool) {
    struct heapalloc_pool_last_1 *head = (struct heapalloc_pool_last_1 *)(void *)pool;
    if (__builtin_expect(pool && head->mark == (uintptr_t)pool + 2 && head->last, 1)) {
        void *block = head->last;
        head->last = NULL;
        head->taken = block;
        return block;
    }
    return heapalloc_pool_get_last_1(pool);
}

/* Put a block back as heapalloc_pool_put() does, with the same checks.
 * pool          as heapalloc_pool_get_inline()
 * block         of this pool; may be NULL
 * thread, cost  as the pool; O(1), some twelve instructions for the block that heapalloc_pool_get_inline() took last,
 *               when nothing was put back since, else a call                                                  */
static inline void heapalloc_pool_put_inline(struct heapalloc_pool *pool, void *block) {
    struct heapalloc_pool_last_1 *head = (struct heapalloc_pool_last_1 *)(void *)pool;
    if (__builtin_expect(pool && head->mark == (uintptr_t)pool + 2 && block && head->taken == block && !head->last &&
                             head->puts_left > 0,
                         1)) {
        head->puts_left--;
        head->taken = NULL;
        head->last = block;
        return;
    }
    heapalloc_pool_put_last_1(pool, block);
}

#ifdef __cplusplus
}
#endif
