/* Names for code addresses, by libdw. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "symbols.h"
#include <dlfcn.h>
#include <elfutils/libdwfl.h>
#include <stdlib.h>
#include <string.h>

typedef char *demangler(const char *name, char *text, size_t *bytes, int *status);

struct symbols {
    Dwfl *dwfl;
    demangler *demangle; /* NULL: there is no C++ library here */
};

struct symbols *symbols_open(FILE *maps) {
    static char *debug_path;
    static const Dwfl_Callbacks callbacks = {.find_elf = dwfl_linux_proc_find_elf,
                                             .find_debuginfo = dwfl_standard_find_debuginfo,
                                             .debuginfo_path = &debug_path};
    struct symbols *symbols = calloc(1, sizeof(*symbols));
    if (!symbols) return NULL;
    symbols->dwfl = dwfl_begin(&callbacks);
    if (!symbols->dwfl || dwfl_linux_proc_maps_report(symbols->dwfl, maps) != 0 ||
        dwfl_report_end(symbols->dwfl, NULL, NULL) != 0) {
        symbols_close(symbols);
        return NULL;
    }
    void *library = dlopen("libstdc++.so.6", RTLD_LAZY);
    if (library) symbols->demangle = (demangler *)dlsym(library, "__cxa_demangle");
    return symbols;
}

void symbols_close(struct symbols *symbols) {
    if (!symbols) return;
    dwfl_end(symbols->dwfl);
    free(symbols);
}

static const char *file_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static const char *module_name(Dwfl_Module *module) {
    return file_name(dwfl_module_info(module, NULL, NULL, NULL, NULL, NULL, NULL, NULL));
}

void symbols_describe(struct symbols *symbols, uint64_t address, char *text, size_t bytes) {
    Dwfl_Module *module = dwfl_addrmodule(symbols->dwfl, address);
    if (!module) {
        snprintf(text, bytes, "0x%llx", (unsigned long long)address);
        return;
    }
    const char *name = dwfl_module_addrname(module, address);
    if (!name) {
        Dwarf_Addr start = address;
        dwfl_module_info(module, NULL, &start, NULL, NULL, NULL, NULL, NULL);
        snprintf(text, bytes, "%s+0x%llx", module_name(module), (unsigned long long)(address - start));
        return;
    }
    int line = 0;
    Dwfl_Line *at = dwfl_module_getsrc(module, address);
    const char *file = at ? dwfl_lineinfo(at, NULL, &line, NULL, NULL, NULL) : NULL;
    char *plain = symbols->demangle ? symbols->demangle(name, NULL, NULL, NULL) : NULL;
    if (file)
        snprintf(text, bytes, "%s %s:%d", plain ? plain : name, file_name(file), line);
    else
        snprintf(text, bytes, "%s", plain ? plain : name);
    free(plain);
}

struct wanted {
    const char *module;
    uint64_t offset, address;
};

static int compare_module(Dwfl_Module *module, void **unused, const char *name, Dwarf_Addr start, void *argument) {
    (void)unused;
    (void)start;
    struct wanted *wanted = argument;
    Dwarf_Addr bias = 0;
    if (strcmp(file_name(name), wanted->module) != 0 || !dwfl_module_getelf(module, &bias)) return DWARF_CB_OK;
    wanted->address = bias + wanted->offset;
    return DWARF_CB_ABORT;
}

uint64_t symbols_address(struct symbols *symbols, const char *module, uint64_t offset) {
    struct wanted wanted = {module, offset, 0};
    dwfl_getmodules(symbols->dwfl, compare_module, &wanted, 0);
    return wanted.address;
}
