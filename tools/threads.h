/* The threads of a target, at rest: their registers and stack pointers. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "target.h"

enum { REGISTERS_MAX = 40 };

struct thread {
    pid_t id;   /* 0: of a core file */
    int signal; /* that was being delivered when it stopped, and is delivered when it goes on */
    uint64_t stack;
    uint64_t registers[REGISTERS_MAX];
    unsigned register_count;
};

struct threads {
    struct thread *threads;
    size_t count, room;
    size_t running; /* that could not be stopped: their registers are not known */
};

/* Stop a process's threads, or read those of a core file. They stay stopped until threads_go(), or until this program
 * ends in any way. False: there is no memory, or the process may not be stopped; `why` of the target says so. */
bool threads_stop(struct threads *threads, struct target *target);
void threads_go(struct threads *threads);
