/* The console's shell: lib/'s explorer over the machine's heap, with some commands about the
 * machine. */
/* SPDX-License-Identifier: MIT */
#include "monitor.h"
#include "arch.h"
#include "callers.h"
#include "console.h"
#include "core.h"
#include "guarded.h"
#include "kernel.h"
#include "kmalloc.h"
#include "panic.h"
#include "shell/shell.h"
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

extern uint8_t _start[];

enum { SUMS_MAX = 32 };

/* ---- the machine's own commands -------------------------------------------------------------- */

static void run_machine(struct shell *shell) {
    (void)shell;
    memory_print(&memory, &machine);
    const char *broken = memory_broken_seal();
    kprintf("  seals %s%s\n", broken != NULL ? "broken: " : "whole", broken != NULL ? broken : "");
}

static void run_cores(struct shell *shell) {
    (void)shell;
    for (uint32_t i = 0; i < core_count(); i++)
        kprintf("  core %u  mpidr %lx  entered at EL%u  ticks %lu  wakes %lu\n", i, core_at(i)->mpidr,
                core_at(i)->entry_level, core_at(i)->ticks, core_at(i)->wakes);
}

/* Print a sum; the place can be found in the image's symbols, as in a panic. */
static void print_sum(const struct callers_sum *sum) {
    kprintf("  %6zu blocks  %10zu bytes  ", sum->blocks, sum->bytes);
    if (sum->caller == NULL)
        kprintf("others\n");
    else
        kprintf("image + %lx\n", (uintptr_t)sum->caller - (uintptr_t)_start);
}

/* By callers where they are recorded, else by what leads to a block, as the explorer does. */
static void run_leaks(struct shell *shell) {
    static struct callers_sum sums[SUMS_MAX];

    if (!callers_are_recorded() && shell->word_count == 1) {
        shell_leaks(shell);
        return;
    }
    if (!callers_are_recorded()) {
        shell_fail(shell, "callers are recorded in heap_unbounded.img, with the boot argument callers=BLOCKS\n");
        return;
    }
    if (shell->word_count > 1 && strcmp(shell->words[1], "reset") != 0) {
        shell_fail(shell, "`%s` is not `reset`\n", shell->words[1]);
        return;
    }
    if (shell->word_count > 1) callers_forget();
    uint32_t count = callers_sum_up(sums, SUMS_MAX);
    for (uint32_t i = 0; i < count; i++) print_sum(&sums[i]);
    if (count == 0) kprintf("  no block is in use that was allocated since\n");
    if (callers_lost() > 0) kprintf("  %lu blocks had no place: callers= is too small\n", callers_lost());
}

static void run_panic(struct shell *shell) {
    (void)shell;
    panic("asked for on the console");
}

static const struct shell_command commands[] = {
    {"machine", "", "memory map, and whether the seals are whole", run_machine, 0, 0},
    {"cores", "", "the cores and their counters", run_cores, 0, 0},
    {"leaks", "[reset]", "with callers=: who allocated the blocks in use; reset: forgets those", run_leaks, 0, 1},
    {"panic", "", "end with exit code 99", run_panic, 0, 0},
};

/* ---- a step that may be stopped -------------------------------------------------------------- */

enum { SENTENCE_MAX = 160 };

static struct {
    const struct core *core; /* that is in a step; NULL: none is */
    void *back[5];           /* for the compiler's own jump out of it */
    char sentence[SENTENCE_MAX];
} step;

void monitor_catch(const char *sentence) {
    if (step.core == NULL || step.core != core_self()) return;
    step.core = NULL;
    size_t length = strlen(sentence);
    if (length > SENTENCE_MAX - 1) length = SENTENCE_MAX - 1;
    memcpy(step.sentence, sentence, length);
    step.sentence[length] = '\0';
    __builtin_longjmp(step.back, 1);
}

/* Interrupts stay masked meanwhile, so a stop in the middle leaves no saved mask behind. */
static __attribute__((noinline)) const char *attempt(void (*run)(void *context), void *context) {
    uint64_t daif = irq_save();
    const char *volatile stopped = NULL;

    if (__builtin_setjmp(step.back) == 0) {
        step.core = core_self();
        run(context);
        step.core = NULL;
    } else {
        stopped = step.sentence;
    }
    irq_restore(daif);
    return stopped;
}

/* Sealed memory may be poked too, to see what happens. */
static bool store(uint64_t address, uint64_t value) {
    const char *sealed = memory_seal_at(address);
    if (sealed != NULL) kprintf("  warning: %s is sealed\n", sealed);
    return guarded_store64(address, value);
}

/* ---- the session ----------------------------------------------------------------------------- */

static const struct shell_platform world = {
    .write = console_write,
    .alloc = kmalloc,
    .resize = krealloc,
    .free = kfree,
    .load = guarded_load64,
    .store = store,
    .attempt = attempt,
    .commands = commands,
    .command_count = sizeof commands / sizeof *commands,
};

uint64_t monitor_run(void) {
    static struct shell shell;
    char line[2 * SHELL_LINE_MAX]; /* the shell shall see that a line is too long for it */

    shell_begin(&shell, &world);
    while (!shell.exits) {
        kprintf("heap> ");
        if (console_read_line(line, sizeof line) < 0) {
            kprintf("\n");
            break;
        }
        shell_line(&shell, line);
    }
    shell_end(&shell);
    return shell_code(&shell);
}
