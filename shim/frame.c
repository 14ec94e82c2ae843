/* Unwinds the stack by the compiler's tables in .eh_frame. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "frame.h"
#include "cfi_program.h"
#include "own_code.h"
#include <dlfcn.h>
#include <stddef.h>

enum {
    ABSOLUTE_4 = 0x03,       /* DW_EH_PE_udata4 */
    PC_RELATIVE_4 = 0x1b,    /* DW_EH_PE_pcrel | DW_EH_PE_sdata4 */
    TABLE_RELATIVE_4 = 0x3b, /* DW_EH_PE_datarel | DW_EH_PE_sdata4 */
    STEP_BYTES_MAX = 1 << 20,
};

/* Find the FDE of the function that contains `pc` in .eh_frame_hdr, which the linker sorted; NULL: there is none. */
static const uint8_t *find_description(const uint8_t *table, uintptr_t pc) {
    if (!table) return NULL;
    if (table[0] != 1 || table[1] != PC_RELATIVE_4 || table[2] != ABSOLUTE_4 || table[3] != TABLE_RELATIVE_4)
        return NULL;
    uint32_t low = 0, high = (uint32_t)cfi_word(table + 8);
    while (low < high) { /* find the first that starts behind pc */
        uint32_t middle = low + (high - low) / 2;
        if ((uintptr_t)table + (uintptr_t)(intptr_t)cfi_word(table + 12 + (size_t)middle * 8) <= pc)
            low = middle + 1;
        else
            high = middle;
    }
    return low == 0 ? NULL : table + cfi_word(table + 12 + (size_t)(low - 1) * 8 + 4);
}

/* Read the CIE that an FDE points to. False: it is of a kind that compilers do not write for C. */
static bool common_read(const uint8_t *at, struct cfi_common *common) {
    common->end = at + 4 + (uint32_t)cfi_word(at);
    if (cfi_word(at) == -1 || cfi_word(at + 4) != 0) return false;
    at += 8;
    uint8_t version = *at++;
    if (version != 1 && version != 3) return false;
    const uint8_t *augmentation = at;
    while (*at++) {
    }
    common->code_unit = cfi_uleb(&at);
    common->data_unit = cfi_sleb(&at);
    uint64_t return_register = version == 1 ? *at++ : cfi_uleb(&at);
    if (return_register != FRAME_RETURN) return false;
    if (augmentation[0] == 'z') {
        uint64_t bytes = cfi_uleb(&at);
        at += bytes;
    } else if (augmentation[0]) {
        return false;
    }
    common->program = at;
    return true;
}

/* Find the rules that hold at `pc` in the table of its module. */
static bool rules_find(const uint8_t *table, uintptr_t pc, struct cfi_program *p, struct cfi_common *common) {
    const uint8_t *at = find_description(table, pc);
    if (!at || !common_read(at + 4 - cfi_word(at + 4), common)) return false;
    const uint8_t *end = at + 4 + (uint32_t)cfi_word(at);
    uintptr_t start = (uintptr_t)(at + 8) + (uintptr_t)(intptr_t)cfi_word(at + 8);
    if (pc - start >= (uint32_t)cfi_word(at + 12)) return false;
    at += 16;
    uint64_t augmentation_bytes = cfi_uleb(&at);
    p->common = common;
    p->at = common->program;
    p->end = common->end;
    p->location = start;
    if (!cfi_program_run(p, UINTPTR_MAX)) return false;
    p->initial = p->rules;
    p->location = start;
    p->at = at + augmentation_bytes;
    p->end = end;
    return cfi_program_run(p, pc);
}

bool frame_step(struct frame *frame) {
    struct cfi_program program = {0};
    struct cfi_common common;
    /* pc - 1, since a call may be a function's last instruction, so that it returns to the next function's first. */
    if (!rules_find(own_code_table(), frame->pc - 1, &program, &common)) return false;
    const struct cfi_rules *rules = &program.rules;
    if (rules->cfa_register >= FRAME_REGISTERS) return false;
    uintptr_t cfa = frame->registers[rules->cfa_register] + (uintptr_t)rules->cfa_offset;
    uintptr_t above = cfa - frame->registers[FRAME_STACK];
    if (above > STEP_BYTES_MAX || cfa % sizeof(uintptr_t) != 0) return false;
    for (uint32_t i = 0; i < FRAME_REGISTERS; i++)
        if (rules->is_saved >> i & 1) frame->registers[i] = *(uintptr_t *)(cfa + (uintptr_t)(intptr_t)rules->offset[i]);
    frame->registers[FRAME_STACK] = cfa;
    frame->pc = frame->registers[FRAME_RETURN];
    return true;
}

#ifdef DLFO_STRUCT_HAS_EH_DBASE
/* glibc's since 2.35; it takes no lock. */
extern int find_object(void *pc, struct dl_find_object *object) __asm__("_dl_find_object") __attribute__((weak));

static const uint8_t *table_of(uintptr_t pc) {
    struct dl_find_object object;
    if (own_code_has(pc) || !find_object) return own_code_table();
    return find_object((void *)pc, &object) == 0 ? object.dlfo_eh_frame : NULL;
}
#else
static const uint8_t *table_of(uintptr_t pc) {
    (void)pc;
    return own_code_table();
}
#endif

bool frame_row(uintptr_t pc, struct frame_row *row) {
    struct cfi_program program = {0};
    struct cfi_common common;
    if (!rules_find(table_of(pc - 1), pc - 1, &program, &common)) return false;
    const struct cfi_rules *rules = &program.rules;
    bool saved = rules->is_saved >> FRAME_RETURN & 1;
    if (!saved || (rules->cfa_register != FRAME_STACK && rules->cfa_register != FRAME_POINTER)) return false;
    row->from_pointer = rules->cfa_register == FRAME_POINTER;
    row->above = (int32_t)rules->cfa_offset;
    row->pc_at = rules->offset[FRAME_RETURN];
    row->pointer_at = rules->is_saved >> FRAME_POINTER & 1 ? rules->offset[FRAME_POINTER] : 0;
    return rules->cfa_offset >= 0 && rules->cfa_offset <= STEP_BYTES_MAX;
}
