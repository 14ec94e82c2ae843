/* All cores: starting them, giving them work, meeting at a barrier. */
/* SPDX-License-Identifier: MIT */
#include "cores.h"
#include "arch.h"
#include "console.h"
#include "gic.h"
#include "kernel.h"
#include "psci.h"
#include "timer.h"

enum { SGI_WORK = 1 };

static struct {
    void (*run)(void *argument);
    void *argument;
    uint64_t number;
} job;

static struct {
    uint32_t arrived;
    uint32_t round;
} barrier;

void secondary(void);                                    /* start.S */
void core_main(struct core *self, uint64_t entry_level); /* called by it */

/* ---- one core -------------------------------------------------------------------------------- */

static void on_work(void) {
    struct core *core = core_self();
    __atomic_store_n(&core->wakes, core->wakes + 1, __ATOMIC_RELAXED);
}

static void begin(struct core *core) {
    gic_init_core(core);
    gic_attach(SGI_WORK, on_work);
    timer_allow_naps();
    __atomic_store_n(&core->online, 1, __ATOMIC_RELEASE);
}

/* Interrupts are masked between the check and the sleep: a call that comes in between stays pending,
 * and a pending interrupt ends core_sleep even while it is masked. */
static uint64_t wait_for_job(uint64_t last) {
    uint64_t number;

    for (;;) {
        uint64_t daif = irq_save();
        number = __atomic_load_n(&job.number, __ATOMIC_ACQUIRE);
        if (number == last) core_sleep();
        irq_restore(daif);
        if (number != last) return number;
    }
}

void core_main(struct core *self, uint64_t entry_level) {
    core_adopt(self, entry_level);
    begin(self);
    irq_unmask();
    for (uint64_t number = 0;;) {
        number = wait_for_job(number);
        job.run(job.argument);
        __atomic_store_n(&self->job_done, number, __ATOMIC_RELEASE);
    }
}

/* ---- all cores ------------------------------------------------------------------------------- */

static _Noreturn void give_up(const char *what, const struct core *core, uint64_t code) {
    kprintf("heapalloc-kernel: core %u (%lx) %s\n", core->index, core->mpidr, what);
    machine_exit(code);
}

static void start(struct core *core) {
    struct deadline deadline = deadline_in_ms(options.patience);
    int64_t error = psci_cpu_on(core->mpidr, (uintptr_t)secondary, (uintptr_t)core);

    if (error != 0) give_up("was refused by the firmware", core, EXIT_CPU_ON);
    while (!__atomic_load_n(&core->online, __ATOMIC_ACQUIRE)) {
        if (deadline_passed(deadline)) give_up("did not start", core, EXIT_TIMEOUT);
        timer_nap();
    }
}

/* Without PSCI there is no way to start a core: we run on one. */
void cores_start(const struct machine *machine) {
    begin(core_self());
    for (uint32_t i = 0; i < machine->core_count && machine->psci != PSCI_NONE; i++) {
        struct core *core = machine->cores[i] == core_self()->mpidr ? NULL : core_prepare(machine->cores[i]);
        if (!core) continue;
        start(core);
        core_count_online();
    }
}

void cores_run(void (*run)(void *argument), void *argument) {
    struct deadline deadline = deadline_in_ms(options.patience);
    uint64_t number = job.number + 1;

    job.run = run;
    job.argument = argument;
    __atomic_store_n(&job.number, number, __ATOMIC_RELEASE);
    for (uint32_t i = 1; i < core_count(); i++) gic_send(core_at(i), SGI_WORK);
    run(argument);
    for (uint32_t i = 1; i < core_count(); i++) {
        while (__atomic_load_n(&core_at(i)->job_done, __ATOMIC_ACQUIRE) != number) {
            if (deadline_passed(deadline)) give_up("did not finish its job", core_at(i), EXIT_TIMEOUT);
            timer_nap();
        }
    }
}

void cores_meet(void) {
    struct deadline deadline = deadline_in_ms(options.patience);
    uint32_t round = __atomic_load_n(&barrier.round, __ATOMIC_ACQUIRE);

    if (__atomic_add_fetch(&barrier.arrived, 1, __ATOMIC_ACQ_REL) == core_count()) {
        barrier.arrived = 0;
        __atomic_store_n(&barrier.round, round + 1, __ATOMIC_RELEASE);
        return;
    }
    while (__atomic_load_n(&barrier.round, __ATOMIC_ACQUIRE) == round) {
        if (deadline_passed(deadline)) give_up("waited too long at a barrier", core_self(), EXIT_TIMEOUT);
        timer_nap();
    }
}
