/* Finds who called this library.
 *
 * It unwinds this library's own frames (frame.h) and gets the module's name from the kernel. libc's dladdr() and
 * backtrace() take the loader's lock or allocate, and the thread that is being ended may be in the middle of either. */
/* SPDX-License-Identifier: MIT */
#include "caller.h"
#include "frame.h"
#include "maps.h"
#include "own_code.h"
#include <elf.h>
#include <link.h>

enum { FRAMES_MAX = 64 };

struct caller_module {
    uintptr_t pc;
    uintptr_t start; /* of the mapping of the file's first page, 0: none seen */
    bool start_is_readable;
    char path[MAPS_PATH_BYTES]; /* of that mapping */
    uintptr_t offset;           /* printed behind the name */
    const char *name;
};

/* Text that is cut when it does not fit. */
struct caller_text {
    char *to;
    size_t length, room;
};

static uintptr_t caller_find(void) {
    struct frame frame = {0};
    FRAME_HERE(&frame);
    for (int i = 0; i < FRAMES_MAX; i++) {
        if (!frame_step(&frame)) return 0;
        if (!own_code_has(frame.pc)) return frame.pc;
    }
    return 0;
}

static bool caller_same(const char *a, const char *b) {
    while (*a && *a == *b) a++, b++;
    return *a == *b;
}

static const char *last_part(const char *path) {
    const char *name = path;
    for (; *path; path++)
        if (*path == '/') name = path + 1;
    return name;
}

/* Find the mapping of module->pc. Its offset counts from the file's first mapping, or from 0 in an ET_EXEC program. */
static bool caller_look(const struct maps_line *line, void *to) {
    struct caller_module *module = to;
    if (line->offset == 0 && line->path[0]) {
        module->start = line->from;
        module->start_is_readable = line->readable;
        __builtin_memcpy(module->path, line->path, sizeof(module->path));
    }
    if (module->pc < line->from || module->pc >= line->to) return false;
    module->offset = module->pc;
    module->name = "";
    if (!line->path[0]) return true; /* code generated at run time: only its address is known */
    if (!module->start || !caller_same(module->path, line->path) || !module->start_is_readable) return true;
    const ElfW(Ehdr) *head = (const ElfW(Ehdr) *)module->start;
    if (head->e_type != ET_EXEC) module->offset -= module->start;
    module->name = last_part(module->path);
    return true;
}

static void caller_add(struct caller_text *text, char c) {
    if (text->length < text->room) text->to[text->length++] = c;
}

size_t caller_name(uintptr_t pc, char *to, size_t room) {
    struct caller_text text = {to, 0, room};
    struct caller_module module = {.pc = pc - 1}; /* inside the call instruction, so that the line is the call's */
    if (!maps_find(caller_look, &module)) return 0;
    for (const char *c = module.name; *c; c++) caller_add(&text, *c);
    if (*module.name) caller_add(&text, '+');
    caller_add(&text, '0');
    caller_add(&text, 'x');
    int digits = 1;
    while (digits < 16 && module.offset >> (4 * digits)) digits++;
    while (digits-- > 0) caller_add(&text, "0123456789abcdef"[module.offset >> (4 * digits) & 15]);
    return text.length;
}

size_t caller_write(char *to, size_t room) {
    uintptr_t pc = caller_find();
    return pc ? caller_name(pc, to, room) : 0;
}
