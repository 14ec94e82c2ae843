/* Names for code addresses of another process. symbols_libdw.c reads them from debug information and symbol tables;
 * symbols_none.c, for builds without libdw, knows none. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct symbols;

/* NULL: there is no memory. */
struct symbols *symbols_open(void);
void symbols_close(struct symbols *symbols);

/* Where the process had mapped the code of a file. If `build_id` is not empty and is not that of the file, which was
 * replaced since, its names are not used. */
void symbols_add(struct symbols *symbols, const char *path, uint64_t from, uint64_t offset, const char *build_id);

/* Called for each function at an address, the innermost of inlined ones first. `file` may be NULL. */
typedef void symbols_visit(const char *function, const char *file, int line, void *argument);

/* Find the functions at an address, which is within a call. False: none is known; `visit` was not called. */
bool symbols_find(struct symbols *symbols, uint64_t address, symbols_visit *visit, void *argument);

/* The address of `offset` in the module whose file has this name, without a folder. 0: there is no such module. */
uint64_t symbols_address(struct symbols *symbols, const char *module, uint64_t offset);
