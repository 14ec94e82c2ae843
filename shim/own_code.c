/* This library's own code: its bounds and its unwind table. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "own_code.h"
#include <elf.h>
#include <link.h>
#include <stddef.h>

/* The ELF header of this module; the linker defines the symbol. */
extern const ElfW(Ehdr) __ehdr_start __attribute__((visibility("hidden")));

static const ElfW(Phdr) * segment(uint32_t index) {
    if (index >= __ehdr_start.e_phnum) return NULL;
    return (const ElfW(Phdr) *)((const char *)&__ehdr_start + __ehdr_start.e_phoff) + index;
}

/* The load address: modules are linked to address 0, except programs that are not position-independent. */
static uintptr_t load_base(void) {
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

bool own_code_has(uintptr_t pc) {
    return is_between(pc, text_start, text_stop) || is_between(pc, start_start, start_stop);
}
#else
bool own_code_has(uintptr_t pc) {
    const ElfW(Phdr) * s;
    for (uint32_t i = 0; (s = segment(i)); i++)
        if (s->p_type == PT_LOAD && (s->p_flags & PF_X) && pc - load_base() - s->p_vaddr < s->p_memsz) return true;
    return false;
}
#endif

const uint8_t *own_code_table(void) {
    const ElfW(Phdr) * s, *found = NULL;
    for (uint32_t i = 0; (s = segment(i)); i++)
        if (s->p_type == PT_GNU_EH_FRAME) found = s;
    return found ? (const uint8_t *)(load_base() + found->p_vaddr) : NULL;
}
