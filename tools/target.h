/* The target of a command: a process, read while it runs, or a core file. */
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
    uint64_t module;            /* where the library, or the program with it, begins */
    uint64_t samples;           /* the address of what heapalloc/map.h says of sampled blocks; 0: there is none */
    char why[TARGET_WHY_BYTES]; /* what is wrong, if target_open() fails */
};

/* Called with the start of a mapping that may be a library or program. True: it is the one searched for. */
typedef bool target_look(struct target *target, uint64_t start);

/* Called for a mapping; `stack`: it has the first thread's stack. */
typedef void target_mapping(uint64_t from, uint64_t to, bool stack, void *argument);
