/* The timer interrupt arrives on every core, waits while masked, and stops when told. */
/* SPDX-License-Identifier: MIT */
#include "arch.h"
#include "cores.h"
#include "kernel.h"
#include "ktest.h"
#include "timer.h"
#include <stddef.h>

enum { TICKS = 10 };

static uint64_t hook_calls[CORES_MAX];

static void count_call(void) {
    hook_calls[core_self()->index]++;
    expect((sysreg_read(daif) & 0x80) != 0); /* a handler is not interrupted */
}

static bool wait_for_ticks(uint64_t ticks) {
    struct deadline deadline = deadline_in_ms(options.patience);

    while (__atomic_load_n(&core_self()->ticks, __ATOMIC_ACQUIRE) < ticks) {
        if (deadline_passed(deadline)) return false;
        timer_nap();
    }
    return true;
}

static void take_ticks(void *unused) {
    struct core *core = core_self();
    uint64_t before = core->ticks, calls = hook_calls[core->index];

    (void)unused;
    timer_start(options.hz);
    expect(wait_for_ticks(before + TICKS));
    timer_stop();
    expect(core->ticks - before == hook_calls[core->index] - calls);
}

KTEST(timer, ticks_arrive_on_every_core) {
    timer_set_hook(count_call);
    cores_run(take_ticks, NULL);
    timer_set_hook(NULL);
}

uint64_t registers_changed_by_interrupt(const uint64_t *ticks, uint64_t before); /* registers.S */

static void hold_registers(void *unused) {
    struct core *core = core_self();

    (void)unused;
    timer_start(options.hz);
    for (int i = 0; i < TICKS; i++) expect(registers_changed_by_interrupt(&core->ticks, core->ticks) == 0);
    timer_stop();
}

KTEST(timer, tick_leaves_the_registers_alone) {
    cores_run(hold_registers, NULL);
}

static void mask_ticks(void *unused) {
    struct deadline deadline = deadline_in_ms(options.patience);
    uint64_t daif = irq_save();
    uint64_t before;

    (void)unused;
    timer_start(options.hz);
    before = core_self()->ticks;
    while (!timer_is_due() && !deadline_passed(deadline)) timer_nap();
    expect(timer_is_due());
    expect(*(volatile uint64_t *)&core_self()->ticks == before); /* raised, yet not taken */
    irq_restore(daif);
    expect(wait_for_ticks(before + 1));
    timer_stop();
}

KTEST(timer, masked_tick_waits_for_the_unmasking) {
    cores_run(mask_ticks, NULL);
}

static void sleep_for_tick(void *unused) {
    uint64_t before = core_self()->ticks;

    (void)unused;
    timer_start(options.hz);
    for (int sleeps = 0; *(volatile uint64_t *)&core_self()->ticks == before && sleeps < 100; sleeps++)
        core_sleep(); /* other interrupts may wake us too */
    timer_stop();
    expect(core_self()->ticks > before);
}

KTEST(timer, tick_ends_a_sleep) {
    cores_run(sleep_for_tick, NULL);
}

KTEST(timer, stopped_timer_is_silent) {
    struct deadline deadline = deadline_in_ms(5);
    uint64_t before = core_self()->ticks;

    while (!deadline_passed(deadline)) timer_nap();
    expect(core_self()->ticks == before && !timer_is_due());
}

KTEST(timer, deadline_passes_and_not_before) {
    struct deadline far = deadline_in_ms(3600 * 1000);

    expect(!deadline_passed(far));
    expect(deadline_passed(deadline_in_ms(0)));
}
