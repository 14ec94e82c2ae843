/* The state after boot: the machine is the one on the emulator's command line. */
/* SPDX-License-Identifier: MIT */
#include "arch.h"
#include "core.h"
#include "kernel.h"
#include "ktest.h"

extern uint8_t _start[], __end[];

static uint64_t ram_bytes(void) {
    return ranges_bytes(&memory.ram);
}

/* The runner on the host passes the emulator's settings: ram=, cores=, el=, gic=. */
KTEST(boot, machine_is_what_was_promised) {
    if (options.ram != 0) expect(ram_bytes() == options.ram);
    if (options.cores != 0) expect(core_count() == options.cores && machine.cores_named == options.cores);
    if (options.el != 0) expect(core_self()->entry_level == options.el);
    if (options.gic != 0) expect(machine.gic_version == options.gic);
    expect(ram_bytes() >= 8 << 20);
    expect(options.unknown[0] == '\0');
}

KTEST(boot, code_runs_in_el1_with_mmu_and_caches) {
    uint64_t control = sysreg_read(sctlr_el1);

    expect(sysreg_read(CurrentEL) >> 2 == 1);
    expect((control & 0x1005) == 0x1005); /* I, C, M */
    expect((sysreg_read(daif) & 0x80) == 0);
}

KTEST(boot, absolute_pointers_were_relocated) {
    static const uint8_t *const pointer = _start; /* a word in the image, filled by start.S */
    const uint8_t *const volatile *place = &pointer;
    const uint8_t *relative;

    __asm__("adrp %0, _start" : "=r"(relative));
    expect(*place == relative);
}

KTEST(boot, zeroed_data_is_zero_and_data_is_kept) {
    static uint64_t zero[64];
    static volatile uint64_t kept = 0x0123456789abcdef;

    for (int i = 0; i < 64; i++) expect(*(volatile uint64_t *)&zero[i] == 0);
    expect(kept == 0x0123456789abcdef);
}

static bool is_free(uint64_t start, uint64_t end) {
    return ranges_overlap(&memory.free, (struct range){start, end});
}

KTEST(boot, nothing_taken_is_free) {
    expect(!is_free((uintptr_t)_start, (uintptr_t)__end));
    expect(!is_free(machine.tree.start, machine.tree.end));
    expect(!is_free(0, PAGE_BYTES));
    for (uint32_t i = 0; i < machine.reserved.count; i++)
        expect(!is_free(machine.reserved.at[i].start, machine.reserved.at[i].end));
    for (uint32_t i = 0; i < options.holes.count; i++)
        expect(!is_free(options.holes.at[i].start, options.holes.at[i].end));
}

KTEST(boot, every_page_of_ram_is_either_taken_or_free) {
    struct range_list pages = memory.ram, taken = memory.taken, outside = memory.taken;

    ranges_trim(&pages, PAGE_BYTES); /* RAM may begin and end inside a page */
    for (uint32_t i = 0; i < pages.count; i++) expect(ranges_subtract(&outside, pages.at[i]));
    for (uint32_t i = 0; i < outside.count; i++) expect(ranges_subtract(&taken, outside.at[i]));
    expect(ranges_bytes(&taken) + ranges_bytes(&memory.free) + ranges_bytes(&memory.beyond) == ranges_bytes(&pages));
}
