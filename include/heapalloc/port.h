/* What the core needs from the world around it: a world implements these functions.
 *
 * A world is the Linux process (shim/), the AArch64 machine (kernel/) or the scripted one of the tests
 * (tests/fake/). The core calls nothing else, not even libc. Every function may be called from any thread and
 * in any state of the program; none may allocate unless it says so. Sizes are bytes. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Size of the world's page; a power of two, at most 64 KiB. Constant. */
size_t port_page_bytes(void);

/* Where the heap's one growing span should start: an address with free room above and below, a multiple of
 * 1 GiB; NULL when the world has no such place (then ranges come from port_reserve alone). Called once. */
void *port_home(void);

/* Make [at, at+bytes) readable, writable and zero, when all of it is unused so far. Both are multiples of 64 KiB, or of
 * a page where it was mapped before. False: it is not free, or there is no more memory. */
bool port_map(void *at, size_t bytes);

/* Unmap whole pages that port_map mapped: their addresses go back, too. False: nothing happened. */
bool port_unmap(void *at, size_t bytes);

/* Set aside a range of addresses anywhere, without memory behind it; NULL: there is none.
 * port_commit then makes a part of it readable, writable and zero; port_unreserve gives all of it back. */
void *port_reserve(size_t bytes);
bool port_commit(void *at, size_t bytes);
void port_unreserve(void *at, size_t bytes);

/* Give the memory behind whole pages back; true: they stay mapped and read as zero from now on. */
bool port_purge(void *at, size_t bytes);

/* How many bytes of whole pages have memory behind them. Less than there are where the world does not know. */
size_t port_resident(const void *at, size_t bytes);

/* Move the memory behind [from, from+from_bytes), which port_map mapped, to the front of [to, to+to_bytes), which is
 * unmapped; the rest of `to` becomes zero. True: done; *unmapped is `from` when it is no longer mapped, else NULL, and
 * `from` is zero. False: `from` is unchanged; *unmapped is `to` when that is still unmapped, else NULL. */
bool port_move(void *to, size_t to_bytes, void *from, size_t from_bytes, void **unmapped);

/* Extend [at, at+bytes), a target of port_move, to new_bytes when all of [at+bytes, at+new_bytes) is unused. False:
 * nothing happened. */
bool port_extend(void *at, size_t bytes, size_t new_bytes);

/* The result of a request for a huge page: the world cannot or will not provide one; it did, but that took longer than
 * touching the memory page by page would; it did. */
enum port_huge { PORT_HUGE_REFUSED, PORT_HUGE_SLOW, PORT_HUGE_DONE };

/* Back the 2 MiB at `at`, a multiple of 2 MiB, with one huge page now: all of it is in use and has memory. Refused:
 * it is unchanged. */
enum port_huge port_collapse(void *at);

/* Put one huge page behind the 2 MiB at `at`, a multiple of 2 MiB: nothing of it was touched yet, the first page is the
 * caller's, and the rest will be used soon. Refused also where memory is there already. */
enum port_huge port_prefault(void *at);

/* Put memory behind whole pages that will be used soon, as touching each would; contents are unchanged. False: the
 * world cannot, and may have done a part. */
bool port_populate(void *at, size_t bytes);

/* Sleep while *word == seen (may return early); wake one sleeper, or all. A world that cannot sleep spins. */
enum { PORT_WAKE_ONE = 0, PORT_WAKE_ALL = 1 }; /* values of `all` */
void port_wait(uint32_t *word, uint32_t seen);
void port_wake(uint32_t *word, bool all);

/* Let others run for about a millisecond, or until port_wake() is called for `word` once it is not `seen` any more. */
void port_pause(uint32_t *word, uint32_t seen);

/* Coarse monotonic clock in milliseconds; a world without a clock returns 0 and nothing is purged by age. */
uint64_t port_now_ms(void);

/* A secret number, different for each run of a program where the world can. Called once. */
uint64_t port_random(void);

/* The calling thread has a heap now: arrange that heap_leave() runs when it ends. */
void port_thread_begin(void);

/* Arrange that a fork calls what heap/fork.h says: there is a second thread. Called more than once, and before that
 * thread takes a lock; it may allocate. */
void port_expect_fork(void);

/* A byte that is not 0 while there is one thread and only that one can begin another: then nothing it does needs to be
 * atomic. It changes only while that thread is outside of the core. A world that cannot know points to a 0, or builds
 * the core with HEAPALLOC_ALONE=0, which never reads it. */
extern const char *const port_alone __attribute__((visibility("hidden")));

/* True when `p` lies on a thread's stack (used to word a message). */
bool port_on_stack(const void *p);

/* Report `text` (one sentence, newline included) and end the program. */
void port_stop(const char *text, size_t length) __attribute__((noreturn));

#ifdef __cplusplus
}
#endif
