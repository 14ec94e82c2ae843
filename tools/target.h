/* Whose heap a command looks at: a process, read while it runs, or a core file. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "inspect/reader.h"
#include <elf.h>
#include <stdio.h>
#include <sys/types.h>

enum { TARGET_WHY_BYTES = 400 };

struct target {
    pid_t process;     /* 0: a core file */
    char name[256];    /* "process 42", "core file x", for sentences */
    int file;          /* the core file */
    uint64_t bytes;    /* its size */
    Elf64_Phdr *parts; /* its segments */
    unsigned part_count;
    struct reader reader;
    bool found;                 /* a heap map */
    char why[TARGET_WHY_BYTES]; /* what is wrong, when target_open() fails */
};

/* Open the process of this number, or the core file of this name, and find its heap's map. Nothing is stopped or
 * written to. False: `why` has the sentence; `found` is false when it is whole but has no heap of ours. */
bool target_open(struct target *target, const char *word);
void target_close(struct target *target);

/* The same for a command: prints the sentence; returns 0, 1 (there is no heap of ours), 2 (it cannot be looked at). */
int target_open_for(struct target *target, const char *command, const char *word);

/* core.c, process.c: the two kinds. */
bool core_open(struct target *target, const char *path);
bool core_read(void *target, uint64_t address, void *to, size_t bytes);
bool process_open(struct target *target, pid_t process);
bool process_read(void *target, uint64_t address, void *to, size_t bytes);

/* Call `look` with the start of every mapping that may be a library or program, until it says true. */
typedef bool target_look(struct target *target, uint64_t start);
bool core_modules(struct target *target, target_look *look);
bool process_modules(struct target *target, target_look *look);
