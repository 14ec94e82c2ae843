/* Names for code addresses of another process. symbols_libdw.c reads them from debug information and symbol tables;
 * symbols_none.c, for builds without libdw, prints a module and an offset. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct symbols;

/* Read the process's mappings, lines as in /proc/PID/maps, to the end of the file. NULL: they say nothing. */
struct symbols *symbols_open(FILE *maps);
void symbols_close(struct symbols *symbols);

/* Put "function file:line", or what of it is known, or "module+0x..." into `text`. */
void symbols_describe(struct symbols *symbols, uint64_t address, char *text, size_t bytes);

/* The address of `offset` in the module whose file has this name, without a folder. 0: there is no such module. */
uint64_t symbols_address(struct symbols *symbols, const char *module, uint64_t offset);
