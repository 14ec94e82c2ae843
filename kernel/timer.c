/* Time: the generic counter, deadlines for every wait, and the timer interrupt. */
/* SPDX-License-Identifier: MIT */
#include "timer.h"
#include "arch.h"
#include "core.h"
#include "gic.h"
#include <stddef.h>

/* The virtual timer: EL1 always owns it, with or without a hypervisor. Its interrupt is
 * PPI 11 on every machine that follows the Arm Base System Architecture; the physical timer's,
 * which ends our naps, is PPI 14. */
enum { TIMER_IRQ = 27, NAP_IRQ = 30, NAPS_HZ = 20000 };
enum { CONTROL_ENABLE = 1, CONTROL_DUE = 1 << 2 };

static void (*tick_hook)(void);

static uint64_t now(void) {
    __asm__ volatile("isb" ::: "memory"); /* or the counter may be read early */
    return sysreg_read(cntvct_el0);
}

struct deadline deadline_in_ms(uint64_t ms) {
    return (struct deadline){now() + sysreg_read(cntfrq_el0) / 1000 * ms};
}

bool deadline_passed(struct deadline deadline) {
    return now() >= deadline.at;
}

/* The interrupt stays masked and is withdrawn before it could be taken: it only has to be pending. */
void timer_nap(void) {
    uint64_t daif = irq_save();

    sysreg_write(cntp_tval_el0, sysreg_read(cntfrq_el0) / NAPS_HZ);
    sysreg_write(cntp_ctl_el0, CONTROL_ENABLE);
    core_sleep();
    sysreg_write(cntp_ctl_el0, 0);
    irq_restore(daif);
}

static void ignore(void) {
}

void timer_allow_naps(void) {
    gic_attach(NAP_IRQ, ignore);
}

/* The next tick is one period from now, not from the last one: a core that was held up for many periods does not get
 * them all at once. */
static void on_tick(void) {
    struct core *core = core_self();
    void (*hook)(void) = __atomic_load_n(&tick_hook, __ATOMIC_ACQUIRE);

    sysreg_write(cntv_tval_el0, core->tick_period);
    __atomic_store_n(&core->ticks, core->ticks + 1, __ATOMIC_RELEASE);
    if (hook != NULL) hook();
}

void timer_set_hook(void (*hook)(void)) {
    __atomic_store_n(&tick_hook, hook, __ATOMIC_RELEASE);
}

void timer_start(uint64_t hz) {
    struct core *core = core_self();
    uint64_t period = sysreg_read(cntfrq_el0) / (hz > 0 ? hz : 1);

    core->tick_period = period > 0 ? period : 1;
    sysreg_write(cntv_tval_el0, core->tick_period);
    sysreg_write(cntv_ctl_el0, CONTROL_ENABLE);
    gic_attach(TIMER_IRQ, on_tick);
}

void timer_stop(void) {
    sysreg_write(cntv_ctl_el0, 0);
    gic_detach(TIMER_IRQ);
}

bool timer_is_due(void) {
    return (sysreg_read(cntv_ctl_el0) & CONTROL_DUE) != 0;
}
