/* Names for code addresses, by libdw. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "symbols.h"
#include <dlfcn.h>
#include <dwarf.h>
#include <elfutils/libdwelf.h>
#include <elfutils/libdwfl.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef char *demangler(const char *name, char *text, size_t *bytes, int *status);

enum { ADD_ADDRESSES = true }; /* bias is added to the addresses in the file */

struct symbols {
    Dwfl *dwfl;
    bool reported;       /* no module can be added any more */
    demangler *demangle; /* NULL: there is no C++ library here */
};

struct symbols *symbols_open(void) {
    static char *debug_path;
    static const Dwfl_Callbacks callbacks = {.find_elf = dwfl_build_id_find_elf,
                                             .find_debuginfo = dwfl_standard_find_debuginfo,
                                             .debuginfo_path = &debug_path};
    struct symbols *symbols = calloc(1, sizeof(*symbols));
    if (!symbols) return NULL;
    symbols->dwfl = dwfl_begin(&callbacks);
    if (!symbols->dwfl) return symbols_close(symbols), NULL;
    dwfl_report_begin(symbols->dwfl);
    void *library = dlopen("libstdc++.so.6", RTLD_LAZY);
    if (library) symbols->demangle = (demangler *)dlsym(library, "__cxa_demangle");
    return symbols;
}

void symbols_close(struct symbols *symbols) {
    if (!symbols) return;
    if (symbols->dwfl) dwfl_end(symbols->dwfl);
    free(symbols);
}

/* ---- modules ---- */

static bool has_build_id(Elf *elf, const char *expected) {
    const void *id;
    ssize_t length = dwelf_elf_gnu_build_id(elf, &id);
    if (!*expected || length <= 0) return true;
    for (ssize_t i = 0; i < length; i++) {
        char digits[3];
        snprintf(digits, sizeof(digits), "%02x", ((const unsigned char *)id)[i]);
        if (strncmp(expected + 2 * i, digits, 2) != 0) return false;
    }
    return expected[2 * length] == 0;
}

/* By how much the file's addresses were moved when its code at `offset` was mapped at `from`. False: it has no code
 * there. */
static bool find_bias(Elf *elf, uint64_t from, uint64_t offset, uint64_t *bias) {
    size_t count;
    GElf_Phdr part;
    if (elf_getphdrnum(elf, &count) != 0) return false;
    for (size_t i = 0; i < count; i++) {
        if (!gelf_getphdr(elf, (int)i, &part) || part.p_type != PT_LOAD || !(part.p_flags & PF_X)) continue;
        if (part.p_offset + part.p_filesz <= offset || part.p_offset >= offset + (part.p_align | 4095) + 1) continue;
        *bias = from - offset + part.p_offset - part.p_vaddr;
        return true;
    }
    return false;
}

/* Report the file's module; another part of a file that is reported already changes nothing. */
static void report_file(struct symbols *symbols, int file, const char *path, uint64_t from, uint64_t offset,
                        const char *build_id) {
    uint64_t bias = 0;
    elf_version(EV_CURRENT);
    Elf *elf = elf_begin(file, ELF_C_READ_MMAP, NULL);
    bool good = elf && elf_kind(elf) == ELF_K_ELF && has_build_id(elf, build_id) && find_bias(elf, from, offset, &bias);
    if (elf) elf_end(elf);
    if (!good || !dwfl_report_elf(symbols->dwfl, path, path, file, bias, ADD_ADDRESSES)) close(file);
}

void symbols_add(struct symbols *symbols, const char *path, uint64_t from, uint64_t offset, const char *build_id) {
    struct stat about;
    if (path[0] != '/' || symbols->reported) return;
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (file < 0) return;
    if (fstat(file, &about) == 0 && S_ISREG(about.st_mode))
        report_file(symbols, file, path, from, offset, build_id);
    else
        close(file);
}

static void end_reports(struct symbols *symbols) {
    if (!symbols->reported) dwfl_report_end(symbols->dwfl, NULL, NULL);
    symbols->reported = true;
}

/* ---- functions ---- */

struct found {
    struct symbols *symbols;
    symbols_visit *visit;
    void *argument;
    const char *file; /* of the call in the next function outwards */
    int line;
};

/* Names of a symbol table may end with a version, as in malloc@@GLIBC_2.2.5. */
static void found_function(const struct found *found, const char *name) {
    demangler *demangle = found->symbols->demangle;
    char *bare = strndup(name, strcspn(name, "@"));
    char *plain = bare && demangle && strncmp(bare, "_Z", 2) == 0 ? demangle(bare, NULL, NULL, NULL) : NULL;
    found->visit(plain ? plain : bare ? bare : name, found->file, found->line, found->argument);
    free(plain);
    free(bare);
}

static const char *scope_name(Dwarf_Die *scope) {
    Dwarf_Attribute attribute;
    const char *name = dwarf_formstring(dwarf_attr_integrate(scope, DW_AT_linkage_name, &attribute));
    return name ? name : dwarf_diename(scope);
}

/* The line from which an inlined function was called. */
static void call_site(Dwarf_Die *unit, Dwarf_Die *scope, struct found *found) {
    Dwarf_Attribute attribute;
    Dwarf_Word line = 0, number = 0;
    Dwarf_Files *files;
    size_t count;
    found->file = NULL;
    if (dwarf_formudata(dwarf_attr(scope, DW_AT_call_line, &attribute), &line) == 0 &&
        dwarf_formudata(dwarf_attr(scope, DW_AT_call_file, &attribute), &number) == 0 &&
        dwarf_getsrcfiles(unit, &files, &count) == 0)
        found->file = dwarf_filesrc(files, number, NULL, NULL);
    found->line = (int)line;
}

/* Functions that were inlined at the address. The outermost, which was not, is named by the caller. */
static void find_inlined(Dwfl_Module *module, uint64_t address, struct found *found) {
    Dwarf_Addr bias;
    Dwarf_Die *unit = dwfl_module_addrdie(module, address, &bias), *inner = NULL, *scopes = NULL;
    int count = unit ? dwarf_getscopes(unit, address - bias, &inner) : 0;
    if (count > 0) count = dwarf_getscopes_die(&inner[0], &scopes);
    for (int i = 0; i < count; i++) {
        if (dwarf_tag(&scopes[i]) != DW_TAG_inlined_subroutine) continue;
        const char *name = scope_name(&scopes[i]);
        if (name) found_function(found, name);
        call_site(unit, &scopes[i], found);
    }
    free(inner);
    free(scopes);
}

bool symbols_find(struct symbols *symbols, uint64_t address, symbols_visit *visit, void *argument) {
    end_reports(symbols);
    Dwfl_Module *module = dwfl_addrmodule(symbols->dwfl, address);
    const char *name = module ? dwfl_module_addrname(module, address) : NULL;
    if (!name) return false;
    struct found found = {symbols, visit, argument, NULL, 0};
    Dwfl_Line *at = dwfl_module_getsrc(module, address);
    if (at) found.file = dwfl_lineinfo(at, NULL, &found.line, NULL, NULL, NULL);
    find_inlined(module, address, &found);
    found_function(&found, name);
    return true;
}

/* ---- offsets ---- */

struct wanted {
    const char *module;
    uint64_t offset, address;
};

static int compare_module(Dwfl_Module *module, void **unused, const char *name, Dwarf_Addr start, void *argument) {
    (void)unused;
    (void)start;
    struct wanted *wanted = argument;
    Dwarf_Addr bias = 0;
    const char *slash = strrchr(name, '/');
    if (strcmp(slash ? slash + 1 : name, wanted->module) != 0 || !dwfl_module_getelf(module, &bias)) return DWARF_CB_OK;
    wanted->address = bias + wanted->offset;
    return DWARF_CB_ABORT;
}

uint64_t symbols_address(struct symbols *symbols, const char *module, uint64_t offset) {
    end_reports(symbols);
    struct wanted wanted = {module, offset, 0};
    dwfl_getmodules(symbols->dwfl, compare_module, &wanted, 0);
    return wanted.address;
}
