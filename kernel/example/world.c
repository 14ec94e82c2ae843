/* A small world: all that lib/ needs from a program that owns its memory and runs on one core, in addition to
 * owned_port.c. In a kernel of your own, these eight are yours to write. */
/* SPDX-License-Identifier: MIT */
#include <heapalloc/port.h>
#include <stdio.h>
#include <stdlib.h>

size_t port_page_bytes(void) {
    return 4096;
}

/* Another core has the lock; with one core, and no interrupt handler that allocates, nobody waits. */
void port_wait(uint32_t *word, uint32_t seen) {
    while (__atomic_load_n(word, __ATOMIC_RELAXED) == seen) {
    }
}

void port_wake(uint32_t *word, bool all) {
    (void)word, (void)all;
}

void port_pause(uint32_t *word, uint32_t seen) {
    (void)word, (void)seen;
}

/* Whatever differs from one start to the next: a counter, a fuse, a random number generator. */
uint64_t port_random(void) {
    return 42;
}

/* A core that is never switched off needs no heap_leave(). */
void port_thread_begin(void) {
}

bool port_on_stack(const void *p) {
    const char *here = __builtin_frame_address(0);
    return (const char *)p >= here && (const char *)p < here + 65536;
}

_Noreturn void port_stop(const char *text, size_t length) {
    fwrite(text, 1, length, stderr);
    exit(99);
}
