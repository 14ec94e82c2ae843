/* A core's own data: its stack, its thread-locals, its state. */
/* SPDX-License-Identifier: MIT */
#include "core.h"
#include "arch.h"
#include <stddef.h>
#include <string.h>

#define STACK_CANARY 0x57ac6be10057ac6b
#define AFFINITY 0xff00ffffff

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

extern uint8_t __tdata_start[], __tdata_end[];

struct core *core_prepare(uint64_t mpidr) {
    uint32_t index = online_count;
    if (index == CORES_MAX) return NULL;
    struct core *core = &cores[index];
    struct core_memory *memory = &core_memory[index];

    core->index = index;
    core->mpidr = mpidr;
    core->stack_top = memory->locals;
    memory->canary = STACK_CANARY;
    memcpy(memory->locals + CORE_TLS_OFFSET, __tdata_start, (size_t)(__tdata_end - __tdata_start));
    return core;
}

void core_adopt(struct core *core, uint64_t entry_level) {
    core->entry_level = (uint32_t)entry_level;
    sysreg_write(tpidr_el1, (uintptr_t)core);
    sysreg_write(tpidr_el0, (uintptr_t)core_memory[core->index].locals);
}

void core_count_online(void) {
    online_count++;
}

void core_init_boot(uint64_t entry_level) {
    core_adopt(core_prepare(sysreg_read(mpidr_el1) & AFFINITY), entry_level);
    core_count_online();
}

uint32_t core_count(void) {
    return online_count;
}

struct core *core_at(uint32_t index) {
    return &cores[index];
}

bool core_stacks_are_whole(void) {
    for (uint32_t i = 0; i < online_count; i++)
        if (core_memory[i].canary != STACK_CANARY) return false;
    return true;
}
