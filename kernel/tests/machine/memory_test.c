/* All RAM is mapped and nothing else is; an access that faults is survived. */
/* SPDX-License-Identifier: MIT */
#include "arch.h"
#include "guarded.h"
#include "kernel.h"
#include "ktest.h"
#include "layout.h"

/* Write and restore a word with interrupts masked, so that nobody sees the change. */
static bool holds_a_word(uint64_t address) {
    volatile uint64_t *word = (volatile uint64_t *)address;
    uint64_t daif = irq_save();
    uint64_t old = *word;
    *word = ~old;
    bool holds = *word == ~old;
    *word = old;
    irq_restore(daif);
    return holds;
}

KTEST(memory, free_ram_holds_what_is_written_to_both_ends) {
    for (uint32_t i = 0; i < memory.free.count; i++) {
        require(holds_a_word(memory.free.at[i].start));
        require(holds_a_word(memory.free.at[i].end - 8));
    }
}

KTEST(memory, every_block_of_ram_is_mapped_unless_it_may_not_be) {
    struct range_list readable = memory.ram, left_out = machine.no_map;
    uint64_t value;

    ranges_trim(&left_out, 1 << BLOCK_SHIFT);
    for (uint32_t i = 0; i < machine.no_map.count; i++) ranges_subtract(&readable, machine.no_map.at[i]);
    for (uint32_t i = 0; i < readable.count; i++)
        for (uint64_t at = readable.at[i].start; at < readable.at[i].end; at += 1 << BLOCK_SHIFT)
            require(guarded_load64(at, &value));
    for (uint32_t i = 0; i < left_out.count; i++) expect(!guarded_load64(left_out.at[i].start, &value));
}

/* The attributes with which the core would access an address, as MAIR_EL1 has them. */
static uint64_t attributes_of(uint64_t address) {
    __asm__ volatile("at s1e1w, %0\n\tisb" ::"r"(address) : "memory");
    uint64_t found = sysreg_read(par_el1);
    return (found & 1) == 0 ? found >> 56 : UINT64_MAX;
}

/* Locks in device memory do not work, though an emulator may not mind. */
KTEST(memory, free_ram_is_write_back_memory) {
    for (uint32_t i = 0; i < memory.free.count; i++)
        for (uint64_t at = memory.free.at[i].start; at < memory.free.at[i].end;
             at = (at | ((1 << BLOCK_SHIFT) - 1)) + 1)
            require(attributes_of(at) == 0xff);
    expect(attributes_of(machine.uart.start) == 0x04 || attributes_of(machine.uart.start) == 0x00);
}

/* No two addresses may map to the same memory: each gigabyte's first free word keeps its own number. */
KTEST(memory, gigabytes_are_distinct) {
    enum { WORDS_MAX = 512 };
    static uint64_t old[WORDS_MAX];
    uint32_t count = 0;
    uint64_t daif = irq_save();

    for (uint32_t i = 0; i < memory.free.count; i++)
        for (uint64_t at = memory.free.at[i].end - 8;
             at > memory.free.at[i].start && count<WORDS_MAX; at -= at> 1u << GIGA_SHIFT ? 1u << GIGA_SHIFT : at,
                      count++) {
            old[count] = *(volatile uint64_t *)at;
            *(volatile uint64_t *)at = count;
        }
    uint32_t again = 0;
    for (uint32_t i = 0; i < memory.free.count; i++)
        for (uint64_t at = memory.free.at[i].end - 8;
             at > memory.free.at[i].start && again<WORDS_MAX; at -= at> 1u << GIGA_SHIFT ? 1u << GIGA_SHIFT : at,
                      again++) {
            expect(*(volatile uint64_t *)at == again);
            *(volatile uint64_t *)at = old[again];
        }
    irq_restore(daif);
    expect(count > 0);
}

/* ---- faults ---------------------------------------------------------------------------------- */

static bool cannot_be_touched(uint64_t address) {
    uint64_t word;
    uint8_t byte;

    return !guarded_load64(address, &word) && !guarded_store64(address, 1) && !guarded_load8(address, &byte) &&
           !guarded_store8(address, 1);
}

KTEST(memory, null_faults_and_is_survived) {
    if (memory.ram.at[0].start < 1 << BLOCK_SHIFT) { /* then NULL is in a block of RAM: mapped, but never handed out */
        uint64_t word;
        expect(guarded_load64(0, &word));
        expect(memory.free.count > 0 && memory.free.at[0].start >= PAGE_BYTES);
        return;
    }
    expect(cannot_be_touched(0));
    expect(cannot_be_touched(8));
    expect(cannot_be_touched(PAGE_BYTES));
}

/* RAM is mapped in blocks: behind its end the rest of the last one can be read. */
KTEST(memory, addresses_without_memory_fault_and_are_survived) {
    struct range behind = range_cover(memory.ram.at[memory.ram.count - 1], 1 << BLOCK_SHIFT);

    expect(ranges_overlap(&memory.devices, (struct range){behind.end, behind.end + 1}) ||
           cannot_be_touched(behind.end));
    expect(cannot_be_touched((uint64_t)1 << (ADDRESS_SHIFT - 1)));
    expect(cannot_be_touched((uint64_t)1 << ADDRESS_SHIFT));
    expect(cannot_be_touched(0xdeadbeefdeadbeef));
    expect(cannot_be_touched(UINT64_MAX - 7));
}

KTEST(memory, guarded_accesses_reach_what_is_there) {
    uint64_t place = 0x1122334455667788, word = 0;
    uint8_t byte = 0;

    expect(guarded_load64((uintptr_t)&place, &word) && word == place);
    expect(guarded_load8((uintptr_t)&place + 1, &byte) && byte == 0x77);
    expect(guarded_store8((uintptr_t)&place + 7, 0xaa) && place == 0xaa22334455667788);
    expect(guarded_store64((uintptr_t)&place, 5) && place == 5);
    expect(guarded_load64((uintptr_t)&place + 3, &word)); /* unaligned, within the stack */
}

uint64_t registers_changed_by_fault(uint64_t address, uint64_t *ignored); /* registers.S */

KTEST(memory, faults_by_the_thousand_leave_the_registers_alone) {
    struct random random = random_seeded(1);
    uint64_t ignored;

    for (int i = 0; i < 5000; i++) {
        uint64_t nowhere = (random_next(&random) | (uint64_t)1 << 62) & ~(uint64_t)7;
        require(registers_changed_by_fault(nowhere, &ignored) == 0);
    }
}
