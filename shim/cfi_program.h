/* Runs the instructions of .eh_frame that say how to restore the caller's registers. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "frame_registers.h"
#include <stdbool.h>
#include <stdint.h>

enum { CFI_REMEMBERED_MAX = 4 };

/* How to restore the registers of the calling function; offsets are from its stack pointer, the CFA. */
struct cfi_rules {
    uint32_t cfa_register;
    int64_t cfa_offset;
    uint32_t is_saved; /* a bit per register */
    int32_t offset[FRAME_REGISTERS];
};

/* A CIE of .eh_frame: what the descriptions of several functions have in common. */
struct cfi_common {
    const uint8_t *program, *end;
    uint64_t code_unit;
    int64_t data_unit;
};

struct cfi_program {
    const uint8_t *at, *end;
    const struct cfi_common *common;
    struct cfi_rules rules, initial, remembered[CFI_REMEMBERED_MAX];
    uint32_t remembered_count;
    uintptr_t location;
};

/* Run the instructions of [at, end) that apply to code up to `pc`. False: one is unknown. */
bool cfi_program_run(struct cfi_program *p, uintptr_t pc);

/* Read a word of 4 bytes; read a number of variable length and step behind it. */
int32_t cfi_word(const uint8_t *at);
uint64_t cfi_uleb(const uint8_t **at);
int64_t cfi_sleb(const uint8_t **at);
