/* Runs the instructions of .eh_frame. Source: DWARF 5, section 6.4.2. */
/* SPDX-License-Identifier: MIT */
#include "cfi_program.h"

int32_t cfi_word(const uint8_t *at) {
    int32_t value;
    __builtin_memcpy(&value, at, sizeof(value));
    return value;
}

uint64_t cfi_uleb(const uint8_t **at) {
    uint64_t value = 0;
    for (unsigned shift = 0;; shift += 7) {
        uint8_t byte = *(*at)++;
        if (shift < 64) value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) return value;
    }
}

int64_t cfi_sleb(const uint8_t **at) {
    uint64_t value = 0;
    unsigned shift = 0;
    uint8_t byte;
    do {
        byte = *(*at)++;
        if (shift < 64) value |= (uint64_t)(byte & 0x7f) << shift;
        shift += 7;
    } while (byte & 0x80);
    if (shift < 64 && (byte & 0x40)) value |= ~UINT64_C(0) << shift;
    return (int64_t)value;
}

static void rule_save(struct cfi_rules *rules, uint64_t number, int64_t offset) {
    if (number >= FRAME_REGISTERS) return; /* a vector register: no rule depends on it */
    rules->is_saved |= UINT32_C(1) << number;
    rules->offset[number] = (int32_t)offset;
}

static void rule_restore(struct cfi_program *p, uint64_t number) {
    if (number >= FRAME_REGISTERS) return;
    uint32_t bit = UINT32_C(1) << number;
    p->rules.is_saved = (p->rules.is_saved & ~bit) | (p->initial.is_saved & bit);
    p->rules.offset[number] = p->initial.offset[number];
}

/* Run an instruction whose opcode takes a whole byte; false: it is unknown. */
static bool program_extended(struct cfi_program *p, uint8_t code) {
    struct cfi_rules *rules = &p->rules;
    int64_t unit = p->common->data_unit;
    uint64_t number;
    uint16_t two;
    switch (code) {
    case 0x00: return true;                                                 /* nop */
    case 0x02: p->location += *p->at++ * p->common->code_unit; return true; /* advance_loc1 */
    case 0x03:                                                              /* advance_loc2 */
        __builtin_memcpy(&two, p->at, sizeof(two));
        p->at += 2;
        p->location += two * p->common->code_unit;
        return true;
    case 0x04: /* advance_loc4 */
        p->location += (uint32_t)cfi_word(p->at) * p->common->code_unit;
        p->at += 4;
        return true;
    case 0x05:
        number = cfi_uleb(&p->at);
        rule_save(rules, number, (int64_t)cfi_uleb(&p->at) * unit);
        return true;
    case 0x06: rule_restore(p, cfi_uleb(&p->at)); return true;           /* restore_extended */
    case 0x07:                                                           /* undefined */
    case 0x08: number = cfi_uleb(&p->at); return number != FRAME_RETURN; /* same_value */
    case 0x0a:                                                           /* remember_state */
        if (p->remembered_count == CFI_REMEMBERED_MAX) return false;
        p->remembered[p->remembered_count++] = *rules;
        return true;
    case 0x0b: /* restore_state */
        if (p->remembered_count == 0) return false;
        *rules = p->remembered[--p->remembered_count];
        return true;
    case 0x0c: /* def_cfa */
        rules->cfa_register = (uint32_t)cfi_uleb(&p->at);
        rules->cfa_offset = (int64_t)cfi_uleb(&p->at);
        return true;
    case 0x0d: rules->cfa_register = (uint32_t)cfi_uleb(&p->at); return true; /* def_cfa_register */
    case 0x0e: rules->cfa_offset = (int64_t)cfi_uleb(&p->at); return true;    /* def_cfa_offset */
    case 0x11:
        number = cfi_uleb(&p->at);
        rule_save(rules, number, cfi_sleb(&p->at) * unit);
        return true;
    case 0x2e: cfi_uleb(&p->at); return true; /* GNU_args_size */
    default: return false;
    }
}

bool cfi_program_run(struct cfi_program *p, uintptr_t pc) {
    while (p->at < p->end) {
        uint8_t code = *p->at++, low = code & 0x3f;
        if (code >> 6 == 1)
            p->location += low * p->common->code_unit;
        else if (code >> 6 == 2)
            rule_save(&p->rules, low, (int64_t)cfi_uleb(&p->at) * p->common->data_unit);
        else if (code >> 6 == 3)
            rule_restore(p, low);
        else if (!program_extended(p, code))
            return false;
        if (p->location > pc) return true;
    }
    return true;
}
