/* The port functions of lib/ (port.h) for this machine: a waiting core spins. The heap owns all RAM from the start;
 * owned_port.c has the functions about memory. */
/* SPDX-License-Identifier: MIT */
#include "arch.h"
#include "core.h"
#include "kernel.h"
#include "monitor.h"
#include "panic.h"
#include "timer.h"
#include <heapalloc/port.h>
#include <string.h>

enum { SENTENCE_MAX = 128, READS_PER_LOOK = 256 };

size_t port_page_bytes(void) {
    return PAGE_BYTES;
}

/* A holder keeps a lock for some hundred instructions. If it is never released, its holder was interrupted by the code
 * that waits here: better a sentence than a hang. */
void port_wait(uint32_t *word, uint32_t seen) {
    struct deadline deadline = deadline_in_ms(options.patience);

    do {
        for (int reads = 0; reads < READS_PER_LOOK; reads++) {
            if (__atomic_load_n(word, __ATOMIC_RELAXED) != seen) return;
            core_relax();
        }
    } while (!deadline_passed(deadline));
    panic("a lock of the heap at %p is never given back", (void *)word);
}

void port_wake(uint32_t *word, bool all) {
    (void)word, (void)all;
}

void port_pause(uint32_t *word, uint32_t seen) {
    (void)word, (void)seen;
    core_relax();
}

/* Anybody who can read the counter can guess it: it differs from boot to boot, except under -icount. */
uint64_t port_random(void) {
    return (sysreg_read(cntvct_el0) + options.seed + 1) * 0x9e3779b97f4a7c15;
}

void port_thread_begin(void) {
}

bool port_on_stack(const void *p) {
    for (uint32_t i = 0; i < core_count(); i++)
        if ((size_t)(core_at(i)->stack_top - (const uint8_t *)p - 1) < CORE_STACK_BYTES) return true;
    return false;
}

void port_stop(const char *text, size_t length) {
    char sentence[SENTENCE_MAX];

    if (length > 0 && text[length - 1] == '\n') length--;
    if (length >= sizeof sentence) length = sizeof sentence - 1;
    memcpy(sentence, text, length);
    sentence[length] = '\0';
    monitor_catch(sentence);
    panic("%s", sentence);
}
