/* Controls: tests that fail, hang or fault on purpose; they run by name only. */
/* SPDX-License-Identifier: MIT */
#include "arch.h"
#include "cores.h"
#include "kernel.h"
#include "ktest.h"
#include "panic.h"
#include <stddef.h>

KTEST(control, passes) {
    expect(true);
}

KTEST(control, fails) {
    expect(core_count() == 0);
}

static void fail_on_the_last_core(void *unused) {
    (void)unused;
    if (core_self()->index + 1 == core_count()) expect(core_count() == 0);
}

KTEST(control, fails_elsewhere) {
    cores_run(fail_on_the_last_core, NULL);
}

KTEST(control, hangs) {
    for (;;) core_relax();
}

KTEST(control, reads_null) {
    expect(*(volatile uint64_t *)options.holes.at[0].start == 0); /* an empty list: zero */
}

KTEST(control, writes_beyond_ram) {
    *(volatile uint64_t *)memory.ram.at[memory.ram.count - 1].end = 1;
}

KTEST(control, runs_data) {
    static uint32_t __attribute__((aligned(4))) page[1024]; /* in the image: executable, but zero */
    ((void (*)(void))page)();
}

KTEST(control, runs_ram) {
    ((void (*)(void))memory.free.at[memory.free.count - 1].start)();
}

KTEST(control, uses_floating_point) {
    __asm__ volatile(".arch_extension fp\n\tfmov d0, xzr");
}

KTEST(control, breaks) {
    __asm__ volatile("brk #1000"); /* what -fsanitize-undefined-trap-on-error emits */
}

KTEST(control, overflows_a_signed_number) {
    volatile int32_t large = INT32_MAX;
    expect(large + (int32_t)core_count() != 0); /* a panic in the UBSan build, a pass in the other */
}

KTEST(control, panics) {
    panic("%s %d", "on purpose", 42);
}

static void panic_on_all(void *unused) {
    (void)unused;
    panic("on core %u at once", core_self()->index);
}

KTEST(control, panics_everywhere) {
    cores_run(panic_on_all, NULL);
}

static void hang_on_the_last_core(void *unused) {
    (void)unused;
    while (core_self()->index + 1 == core_count()) core_relax();
}

KTEST(control, loses_a_core) /* needs two */
{
    cores_run(hang_on_the_last_core, NULL);
}

KTEST(control, breaks_the_seal) {
    volatile uint8_t *letter = (volatile uint8_t *)machine.tree.end - 1;
    *letter = (uint8_t) ~*letter;
    expect(memory_broken_seal() == NULL);
}

KTEST(control, overflows_a_stack) {
    volatile uint8_t *foot = core_self()->stack_top - CORE_STACK_BYTES;
    *foot = (uint8_t) ~*foot;
    expect(core_stacks_are_whole());
}
