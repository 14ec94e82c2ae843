/* Unwinds the stack by the compiler's tables in .eh_frame. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "frame.h"
#include <dlfcn.h>
#include <elf.h>
#include <link.h>

enum {
    ABSOLUTE_4 = 0x03,       /* DW_EH_PE_udata4 */
    PC_RELATIVE_4 = 0x1b,    /* DW_EH_PE_pcrel | DW_EH_PE_sdata4 */
    TABLE_RELATIVE_4 = 0x3b, /* DW_EH_PE_datarel | DW_EH_PE_sdata4 */
    STEP_BYTES_MAX = 1 << 20,
    REMEMBERED_MAX = 4,
};

/* The ELF header of this module; the linker defines the symbol. */
extern const ElfW(Ehdr) __ehdr_start __attribute__((visibility("hidden")));

/* How to restore the registers of the calling function; offsets are from its stack pointer, the CFA. */
struct frame_rules {
    uint32_t cfa_register;
    int64_t cfa_offset;
    uint32_t is_saved; /* a bit per register */
    int32_t offset[FRAME_REGISTERS];
};

/* A CIE of .eh_frame: what the descriptions of several functions have in common. */
struct frame_common {
    const uint8_t *program, *end;
    uint64_t code_unit;
    int64_t data_unit;
};

struct frame_program {
    const uint8_t *at, *end;
    const struct frame_common *common;
    struct frame_rules rules, initial, remembered[REMEMBERED_MAX];
    uint32_t remembered_count;
    uintptr_t location;
};

static const ElfW(Phdr) * segment(uint32_t index) {
    if (index >= __ehdr_start.e_phnum) return NULL;
    return (const ElfW(Phdr) *)((const char *)&__ehdr_start + __ehdr_start.e_phoff) + index;
}

/* The load address: modules are linked to address 0, except programs that are not position-independent. */
static uintptr_t frame_base(void) {
    return __ehdr_start.e_type == ET_EXEC ? 0 : (uintptr_t)&__ehdr_start;
}

#ifdef HEAPALLOC_STATIC
/* The bounds of the sections that hold this library's code (CMakeLists.txt); the linker defines the symbols. */
extern const char text_start[] __asm__("__start_heapalloc_text") __attribute__((weak, visibility("hidden")));
extern const char text_stop[] __asm__("__stop_heapalloc_text") __attribute__((weak, visibility("hidden")));
extern const char start_start[] __asm__("__start_heapalloc_start") __attribute__((weak, visibility("hidden")));
extern const char start_stop[] __asm__("__stop_heapalloc_start") __attribute__((weak, visibility("hidden")));

static bool is_between(uintptr_t pc, const char *from, const char *to) {
    return pc >= (uintptr_t)from && pc < (uintptr_t)to;
}

bool frame_is_ours(uintptr_t pc) {
    return is_between(pc, text_start, text_stop) || is_between(pc, start_start, start_stop);
}
#else
bool frame_is_ours(uintptr_t pc) {
    const ElfW(Phdr) * s;
    for (uint32_t i = 0; (s = segment(i)); i++)
        if (s->p_type == PT_LOAD && (s->p_flags & PF_X) && pc - frame_base() - s->p_vaddr < s->p_memsz) return true;
    return false;
}
#endif

static int32_t word(const uint8_t *at) {
    int32_t value;
    __builtin_memcpy(&value, at, sizeof(value));
    return value;
}

static uint64_t uleb(const uint8_t **at) {
    uint64_t value = 0;
    for (unsigned shift = 0;; shift += 7) {
        uint8_t byte = *(*at)++;
        if (shift < 64) value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) return value;
    }
}

static int64_t sleb(const uint8_t **at) {
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

static const uint8_t *own_table(void) {
    const ElfW(Phdr) * s, *found = NULL;
    for (uint32_t i = 0; (s = segment(i)); i++)
        if (s->p_type == PT_GNU_EH_FRAME) found = s;
    return found ? (const uint8_t *)(frame_base() + found->p_vaddr) : NULL;
}

/* Find the FDE of the function that contains `pc` in .eh_frame_hdr, which the linker sorted; NULL: there is none. */
static const uint8_t *find_description(const uint8_t *table, uintptr_t pc) {
    if (!table) return NULL;
    if (table[0] != 1 || table[1] != PC_RELATIVE_4 || table[2] != ABSOLUTE_4 || table[3] != TABLE_RELATIVE_4)
        return NULL;
    uint32_t low = 0, high = (uint32_t)word(table + 8);
    while (low < high) { /* find the first that starts behind pc */
        uint32_t middle = low + (high - low) / 2;
        if ((uintptr_t)table + (uintptr_t)(intptr_t)word(table + 12 + (size_t)middle * 8) <= pc)
            low = middle + 1;
        else
            high = middle;
    }
    return low == 0 ? NULL : table + word(table + 12 + (size_t)(low - 1) * 8 + 4);
}

/* Read the CIE that an FDE points to. False: it is of a kind that compilers do not write for C. */
static bool common_read(const uint8_t *at, struct frame_common *common) {
    common->end = at + 4 + (uint32_t)word(at);
    if (word(at) == -1 || word(at + 4) != 0) return false;
    at += 8;
    uint8_t version = *at++;
    if (version != 1 && version != 3) return false;
    const uint8_t *augmentation = at;
    while (*at++) {
    }
    common->code_unit = uleb(&at);
    common->data_unit = sleb(&at);
    uint64_t return_register = version == 1 ? *at++ : uleb(&at);
    if (return_register != FRAME_RETURN) return false;
    if (augmentation[0] == 'z') {
        uint64_t bytes = uleb(&at);
        at += bytes;
    } else if (augmentation[0]) {
        return false;
    }
    common->program = at;
    return true;
}

static void rule_save(struct frame_rules *rules, uint64_t number, int64_t offset) {
    if (number >= FRAME_REGISTERS) return; /* a vector register: no rule depends on it */
    rules->is_saved |= UINT32_C(1) << number;
    rules->offset[number] = (int32_t)offset;
}

static void rule_restore(struct frame_program *p, uint64_t number) {
    if (number >= FRAME_REGISTERS) return;
    uint32_t bit = UINT32_C(1) << number;
    p->rules.is_saved = (p->rules.is_saved & ~bit) | (p->initial.is_saved & bit);
    p->rules.offset[number] = p->initial.offset[number];
}

/* Run an instruction whose opcode takes a whole byte; false: it is unknown. */
static bool program_extended(struct frame_program *p, uint8_t code) {
    struct frame_rules *rules = &p->rules;
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
        p->location += (uint32_t)word(p->at) * p->common->code_unit;
        p->at += 4;
        return true;
    case 0x05:
        number = uleb(&p->at);
        rule_save(rules, number, (int64_t)uleb(&p->at) * unit);
        return true;
    case 0x06: rule_restore(p, uleb(&p->at)); return true;           /* restore_extended */
    case 0x07:                                                       /* undefined */
    case 0x08: number = uleb(&p->at); return number != FRAME_RETURN; /* same_value */
    case 0x0a:                                                       /* remember_state */
        if (p->remembered_count == REMEMBERED_MAX) return false;
        p->remembered[p->remembered_count++] = *rules;
        return true;
    case 0x0b: /* restore_state */
        if (p->remembered_count == 0) return false;
        *rules = p->remembered[--p->remembered_count];
        return true;
    case 0x0c: /* def_cfa */
        rules->cfa_register = (uint32_t)uleb(&p->at);
        rules->cfa_offset = (int64_t)uleb(&p->at);
        return true;
    case 0x0d: rules->cfa_register = (uint32_t)uleb(&p->at); return true; /* def_cfa_register */
    case 0x0e: rules->cfa_offset = (int64_t)uleb(&p->at); return true;    /* def_cfa_offset */
    case 0x11:
        number = uleb(&p->at);
        rule_save(rules, number, sleb(&p->at) * unit);
        return true;
    case 0x2e: uleb(&p->at); return true; /* GNU_args_size */
    default: return false;
    }
}

/* Run the instructions of [at, end) that apply to code up to `pc`. */
static bool program_run(struct frame_program *p, uintptr_t pc) {
    while (p->at < p->end) {
        uint8_t code = *p->at++, low = code & 0x3f;
        if (code >> 6 == 1)
            p->location += low * p->common->code_unit;
        else if (code >> 6 == 2)
            rule_save(&p->rules, low, (int64_t)uleb(&p->at) * p->common->data_unit);
        else if (code >> 6 == 3)
            rule_restore(p, low);
        else if (!program_extended(p, code))
            return false;
        if (p->location > pc) return true;
    }
    return true;
}

/* Find the rules that hold at `pc` in the table of its module. */
static bool rules_find(const uint8_t *table, uintptr_t pc, struct frame_program *p, struct frame_common *common) {
    const uint8_t *at = find_description(table, pc);
    if (!at || !common_read(at + 4 - word(at + 4), common)) return false;
    const uint8_t *end = at + 4 + (uint32_t)word(at);
    uintptr_t start = (uintptr_t)(at + 8) + (uintptr_t)(intptr_t)word(at + 8);
    if (pc - start >= (uint32_t)word(at + 12)) return false;
    at += 16;
    uint64_t augmentation_bytes = uleb(&at);
    p->common = common;
    p->at = common->program;
    p->end = common->end;
    p->location = start;
    if (!program_run(p, UINTPTR_MAX)) return false;
    p->initial = p->rules;
    p->location = start;
    p->at = at + augmentation_bytes;
    p->end = end;
    return program_run(p, pc);
}

bool frame_step(struct frame *frame) {
    struct frame_program program = {0};
    struct frame_common common;
    /* pc - 1, since a call may be a function's last instruction, so that it returns to the next function's first. */
    if (!rules_find(own_table(), frame->pc - 1, &program, &common)) return false;
    const struct frame_rules *rules = &program.rules;
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
    if (frame_is_ours(pc) || !find_object) return own_table();
    return find_object((void *)pc, &object) == 0 ? object.dlfo_eh_frame : NULL;
}
#else
static const uint8_t *table_of(uintptr_t pc) {
    (void)pc;
    return own_table();
}
#endif

bool frame_row(uintptr_t pc, struct frame_row *row) {
    struct frame_program program = {0};
    struct frame_common common;
    if (!rules_find(table_of(pc - 1), pc - 1, &program, &common)) return false;
    const struct frame_rules *rules = &program.rules;
    bool saved = rules->is_saved >> FRAME_RETURN & 1;
    if (!saved || (rules->cfa_register != FRAME_STACK && rules->cfa_register != FRAME_POINTER)) return false;
    row->from_pointer = rules->cfa_register == FRAME_POINTER;
    row->above = (int32_t)rules->cfa_offset;
    row->pc_at = rules->offset[FRAME_RETURN];
    row->pointer_at = rules->is_saved >> FRAME_POINTER & 1 ? rules->offset[FRAME_POINTER] : 0;
    return rules->cfa_offset >= 0 && rules->cfa_offset <= STEP_BYTES_MAX;
}
