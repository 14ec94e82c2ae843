/* The cores: each one's own data, starting them, giving them work, meeting at a barrier. */
/* SPDX-License-Identifier: MIT */
#include "core.h"
#include "arch.h"
#include "console.h"
#include "gic.h"
#include "kernel.h"
#include "panic.h"
#include "psci.h"
#include "timer.h"
#include <stddef.h>
#include <string.h>

#define STACK_CANARY 0x57ac6be10057ac6b
#define AFFINITY 0xff00ffffff
enum { SGI_WORK = 1 };

_Static_assert(offsetof(struct core, stack_top) == 0, "start.S loads the first word");

struct core_memory {
    uint64_t canary;
    uint8_t stack[CORE_STACK_BYTES - 8];
    uint8_t locals[CORE_TLS_BYTES];
} __attribute__((aligned(64)));

_Static_assert(sizeof(struct core_memory) == CORE_MEMORY_BYTES, "start.S computes the first stack");

struct core_memory core_memory[CORES_MAX];
static struct core cores[CORES_MAX];
static uint32_t online_count;

static struct {
    void (*run)(void *argument);
    void *argument;
    uint64_t number;
} job;

static struct {
    uint32_t arrived;
    uint32_t round;
} barrier;

extern uint8_t __tdata_start[], __tdata_end[];
void secondary(void);                                    /* start.S */
void core_main(struct core *self, uint64_t entry_level); /* called by it */

/* ---- one core -------------------------------------------------------------------------------- */

static void prepare(struct core *core, uint32_t index, uint64_t mpidr) {
    struct core_memory *memory = &core_memory[index];

    core->index = index;
    core->mpidr = mpidr;
    core->stack_top = memory->locals;
    memory->canary = STACK_CANARY;
    memcpy(memory->locals + CORE_TLS_OFFSET, __tdata_start, (size_t)(__tdata_end - __tdata_start));
}

/* From here on core_self() and thread-locals work. */
static void adopt(struct core *core, uint64_t entry_level) {
    core->entry_level = (uint32_t)entry_level;
    sysreg_write(tpidr_el1, (uintptr_t)core);
    sysreg_write(tpidr_el0, (uintptr_t)core_memory[core->index].locals);
}

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

void core_init_boot(uint64_t entry_level) {
    prepare(&cores[0], 0, sysreg_read(mpidr_el1) & AFFINITY);
    adopt(&cores[0], entry_level);
    online_count = 1;
}

/* Interrupts are masked between the look and the sleep: a call that comes in between stays pending,
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
    adopt(self, entry_level);
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
void core_start_all(const struct machine *machine) {
    begin(&cores[0]);
    for (uint32_t i = 0; i < machine->core_count && machine->psci != PSCI_NONE; i++) {
        if (machine->cores[i] == cores[0].mpidr || online_count == CORES_MAX) continue;
        prepare(&cores[online_count], online_count, machine->cores[i]);
        start(&cores[online_count]);
        online_count++;
    }
}

uint32_t core_count(void) {
    return online_count;
}

struct core *core_at(uint32_t index) {
    return &cores[index];
}

void core_run_all(void (*run)(void *argument), void *argument) {
    struct deadline deadline = deadline_in_ms(options.patience);
    uint64_t number = job.number + 1;

    job.run = run;
    job.argument = argument;
    __atomic_store_n(&job.number, number, __ATOMIC_RELEASE);
    for (uint32_t i = 1; i < online_count; i++) gic_send(&cores[i], SGI_WORK);
    run(argument);
    for (uint32_t i = 1; i < online_count; i++) {
        while (__atomic_load_n(&cores[i].job_done, __ATOMIC_ACQUIRE) != number) {
            if (deadline_passed(deadline)) give_up("did not finish its job", &cores[i], EXIT_TIMEOUT);
            timer_nap();
        }
    }
}

void core_barrier(void) {
    struct deadline deadline = deadline_in_ms(options.patience);
    uint32_t round = __atomic_load_n(&barrier.round, __ATOMIC_ACQUIRE);

    if (__atomic_add_fetch(&barrier.arrived, 1, __ATOMIC_ACQ_REL) == online_count) {
        barrier.arrived = 0;
        __atomic_store_n(&barrier.round, round + 1, __ATOMIC_RELEASE);
        return;
    }
    while (__atomic_load_n(&barrier.round, __ATOMIC_ACQUIRE) == round) {
        if (deadline_passed(deadline)) give_up("waited too long at a barrier", core_self(), EXIT_TIMEOUT);
        timer_nap();
    }
}

bool core_stacks_are_whole(void) {
    for (uint32_t i = 0; i < online_count; i++)
        if (core_memory[i].canary != STACK_CANARY) return false;
    return true;
}
