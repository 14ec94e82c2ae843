/* Time: the generic counter, deadlines for every wait, and the timer interrupt. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* The counter value at which a wait gives up. Every wait of the kernel has one. */
struct deadline {
    uint64_t at;
};

struct deadline deadline_in_ms(uint64_t ms);
bool deadline_passed(struct deadline deadline);

/* Sleep until an interrupt comes, at most 50 us, in loops that wait for another core. Spinning would cost more than it
 * saves where cores are threads of an emulator. */
void timer_nap(void);
void timer_allow_naps(void); /* on each core, once its interrupts work */

/* Interrupt the calling core `hz` times a second; each tick counts in core->ticks and calls the
 * hook, in the interrupt. One hook serves all cores; NULL is none. */
void timer_set_hook(void (*hook)(void));
void timer_start(uint64_t hz);
void timer_stop(void);
bool timer_is_due(void); /* the interrupt is raised, whether or not the core takes it */
