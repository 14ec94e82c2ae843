/* Runs one allocator operation many times between two marks, for the reader of its exact instructions.
 *
 *   ops OP malloc [trap]    through the process's allocator (LD_PRELOAD chooses it)
 *   ops OP nothing [trap]   through functions that do nothing: the cost of the loop and the calls alone
 *   ops [trap]              lists the operations: NAME COUNT
 *
 * Both runs call through the same table, so their difference is what the allocator executes beyond one that does
 * nothing but return the same block again. The marks are requests to callgrind, or with `trap` an int3 for step.c. */
/* SPDX-License-Identifier: MIT */
#include "ops.h"
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <valgrind/callgrind.h>

static size_t in_use(void) {
    return mallinfo2().uordblks;
}

struct calls calls = {malloc, free, calloc, realloc, malloc_usable_size, in_use};

/* In assembly, so that no compiler option changes the cost that is subtracted. */
__asm__(".text\n"
        "nothing_block: lea nothing_bytes(%rip), %rax\n ret\n"
        "nothing_same:  mov %rdi, %rax\n ret\n"
        "nothing_size:  mov $64, %eax\n ret\n"
        "nothing_free:  ret\n"
        ".local nothing_bytes\n .comm nothing_bytes, 64, 64\n");
void *nothing_block(size_t);
void *nothing_block_2(size_t, size_t) __asm__("nothing_block");
void *nothing_same(void *, size_t);
size_t nothing_size(void *);
size_t nothing_in_use(void) __asm__("nothing_size");
void nothing_free(void *);

static const struct calls nothing_calls = {nothing_block, nothing_free, nothing_block_2,
                                           nothing_same,  nothing_size, nothing_in_use};

static bool by_trap;

void count_begin(void) {
    if (by_trap) {
        __asm__ volatile("int3");
    } else {
        CALLGRIND_START_INSTRUMENTATION;
        CALLGRIND_ZERO_STATS;
    }
}

/* The dump's trigger tells the reader that these instructions count; it ignores others. */
void count_end(void) {
    if (by_trap) {
        __asm__ volatile("int3");
    } else {
        CALLGRIND_DUMP_STATS_AT("counted");
        CALLGRIND_STOP_INSTRUMENTATION;
    }
}

size_t count_of(const struct op *op) {
    return by_trap ? op->trap_count : op->count;
}

static const struct op *find(const char *name) {
    for (const struct op *op = ops; op->name; op++) {
        if (strcmp(op->name, name) == 0) return op;
    }
    return NULL;
}

static int list(void) {
    for (const struct op *op = ops; op->name; op++) {
        if (count_of(op) > 0) printf("%s %zu\n", op->name, count_of(op));
    }
    return 0;
}

int main(int argc, char **argv) {
    by_trap = argc > 1 && strcmp(argv[argc - 1], "trap") == 0;
    argc -= by_trap;
    if (argc == 1) return list();
    const struct op *op = argc == 3 ? find(argv[1]) : NULL;
    if (!op || count_of(op) == 0 || (strcmp(argv[2], "malloc") != 0 && strcmp(argv[2], "nothing") != 0)) {
        fprintf(stderr, "usage: ops [OP malloc|nothing] [trap]\n");
        return 2;
    }
    if (strcmp(argv[2], "nothing") == 0) calls = nothing_calls;
    op->run(op);
    return 0;
}
