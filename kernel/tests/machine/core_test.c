/* Cores: each has its own data, work reaches all of them, barriers and locks hold. */
/* SPDX-License-Identifier: MIT */
#include "arch.h"
#include "cores.h"
#include "kernel.h"
#include "ktest.h"
#include "lock.h"
#include "timer.h"
#include <stddef.h>

static _Thread_local uint64_t initialised = 0x5eed;
static _Thread_local uint64_t zeroed;
static _Thread_local uint8_t aligned_local[48] __attribute__((aligned(32)));

static struct {
    uint64_t visits, stack, local;
    struct core *core;
} seen[CORES_MAX];

static void visit(void *argument) {
    uint32_t index = core_self()->index;
    uint8_t here;

    seen[index].visits += *(uint64_t *)argument;
    seen[index].core = core_self();
    seen[index].stack = (uintptr_t)&here;
    seen[index].local = (uintptr_t)&zeroed;
    expect(core_self() == core_at(index));
    expect((sysreg_read(mpidr_el1) & 0xff00ffffff) == core_self()->mpidr);
    expect(sysreg_read(CurrentEL) >> 2 == 1);
    expect((sysreg_read(sctlr_el1) & 0x1005) == 0x1005);
    expect(core_self()->entry_level == core_at(0)->entry_level);
    expect(seen[index].stack < (uintptr_t)core_self()->stack_top);
    expect((uintptr_t)core_self()->stack_top - seen[index].stack < CORE_STACK_BYTES);
}

static bool is_named_by_the_tree(uint64_t mpidr) {
    for (uint32_t i = 0; i < machine.core_count; i++)
        if (machine.cores[i] == mpidr) return true;
    return false;
}

KTEST(core, work_reaches_every_core_once) {
    uint64_t one = 1, before[CORES_MAX];

    for (uint32_t i = 0; i < CORES_MAX; i++) before[i] = seen[i].visits;
    cores_run(visit, &one);
    for (uint32_t i = 0; i < CORES_MAX; i++) expect(seen[i].visits - before[i] == (i < core_count() ? 1 : 0));
    for (uint32_t i = 0; i < core_count(); i++) {
        expect(is_named_by_the_tree(core_at(i)->mpidr));
        for (uint32_t j = 0; j < i; j++) {
            expect(core_at(i)->mpidr != core_at(j)->mpidr);
            expect(seen[i].stack != seen[j].stack && seen[i].local != seen[j].local);
        }
    }
}

KTEST(core, work_a_thousand_times_is_never_lost) {
    uint64_t two = 2, before[CORES_MAX];

    for (uint32_t i = 0; i < CORES_MAX; i++) before[i] = seen[i].visits;
    for (int i = 0; i < 1000; i++) cores_run(visit, &two);
    for (uint32_t i = 0; i < core_count(); i++) expect(seen[i].visits - before[i] == 2000);
    for (uint32_t i = 1; i < core_count(); i++) expect(core_at(i)->wakes > 0);
}

/* ---- thread-locals --------------------------------------------------------------------------- */

static void write_locals(void *unused) {
    uint32_t index = core_self()->index;

    (void)unused;
    expect(initialised == 0x5eed && zeroed == 0);
    expect((uintptr_t)aligned_local % 32 == 0);
    for (uint32_t i = 0; i < sizeof aligned_local; i++) {
        expect(aligned_local[i] == 0);
        aligned_local[i] = (uint8_t)(index + 1);
    }
    initialised = index;
    zeroed = index * 3;
    cores_meet();
    expect(initialised == index && zeroed == index * 3);
    for (uint32_t i = 0; i < sizeof aligned_local; i++) expect(aligned_local[i] == index + 1);
    cores_meet();
    initialised = 0x5eed; /* as found, for the next run */
    zeroed = 0;
    for (uint32_t i = 0; i < sizeof aligned_local; i++) aligned_local[i] = 0;
}

KTEST(core, thread_locals_are_each_cores_own) {
    cores_run(write_locals, NULL);
}

/* ---- barrier --------------------------------------------------------------------------------- */

enum { ROUNDS = 300 };
static uint64_t round_of[CORES_MAX];

/* Behind a barrier every core is in my round or already in the next. */
static void keep_step(void *unused) {
    (void)unused;
    for (uint64_t round = 1; round <= ROUNDS; round++) {
        __atomic_store_n(&round_of[core_self()->index], round, __ATOMIC_RELEASE);
        cores_meet();
        for (uint32_t i = 0; i < core_count(); i++) {
            uint64_t other = __atomic_load_n(&round_of[i], __ATOMIC_ACQUIRE);
            expect(other == round || other == round + 1);
        }
    }
}

KTEST(core, nobody_leaves_a_barrier_before_all_have_come) {
    for (uint32_t i = 0; i < CORES_MAX; i++) round_of[i] = 0;
    cores_run(keep_step, NULL);
    for (uint32_t i = 0; i < core_count(); i++) expect(round_of[i] == ROUNDS);
}

/* ---- lock ------------------------------------------------------------------------------------ */

static struct {
    struct spinlock lock;
    uint64_t count;             /* plain: only the lock makes it exact */
    uint64_t from_ticks, extra; /* counted by interrupts; while waiting for three of them */
} shared;

static void count_under_lock(void) {
    uint64_t daif = spin_take(&shared.lock);
    uint64_t count = *(volatile uint64_t *)&shared.count;
    for (int i = 0; i < 50; i++) core_relax(); /* without the lock, here another core would count too */
    *(volatile uint64_t *)&shared.count = count + 1;
    spin_give(&shared.lock, daif);
}

static void count_in_tick(void) {
    count_under_lock();
    __atomic_fetch_add(&shared.from_ticks, 1, __ATOMIC_RELAXED);
}

static void count_many(void *unused) {
    (void)unused;
    uint64_t ticks_before = core_self()->ticks, extra = 0;
    struct deadline deadline = deadline_in_ms(options.patience);

    cores_meet();
    timer_start(options.hz);
    for (uint64_t i = 0; i < options.iters; i++) count_under_lock();
    for (; core_self()->ticks < ticks_before + 3 && !deadline_passed(deadline); extra++) count_under_lock();
    __atomic_fetch_add(&shared.extra, extra, __ATOMIC_RELAXED);
    timer_stop();
    expect(core_self()->ticks >= ticks_before + 3);
}

KTEST(core, lock_excludes_cores_and_their_interrupts) {
    shared.count = shared.from_ticks = shared.extra = 0;
    timer_set_hook(count_in_tick);
    cores_run(count_many, NULL);
    timer_set_hook(NULL);
    expect(shared.count == options.iters * core_count() + shared.from_ticks + shared.extra);
    expect(shared.from_ticks > 0);
}

KTEST(core, stacks_are_whole) {
    expect(core_stacks_are_whole());
}
