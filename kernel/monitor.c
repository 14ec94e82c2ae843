/* The machine's own commands on the console: memory, cores, peek, poke. */
#include "monitor.h"
#include "console.h"
#include "core.h"
#include "guarded.h"
#include "kernel.h"
#include "number.h"
#include "panic.h"
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

enum { WORDS_MAX = 4, LINE_MAX = 160 };

struct command {
    const char *name, *help;
    void (*run)(const uint64_t *numbers, uint32_t count);
};

static void run_machine(const uint64_t *numbers, uint32_t count) {
    (void)numbers, (void)count;
    memory_print(&memory, &machine);
    const char *broken = memory_broken_seal();
    kprintf("  seals %s\n", broken != NULL ? broken : "whole");
}

static void run_cores(const uint64_t *numbers, uint32_t count) {
    (void)numbers, (void)count;
    for (uint32_t i = 0; i < core_count(); i++)
        kprintf("  core %u  mpidr %lx  entered at EL%u  ticks %lu  wakes %lu\n", i,
                core_at(i)->mpidr, core_at(i)->entry_level, core_at(i)->ticks, core_at(i)->wakes);
}

static void run_peek(const uint64_t *numbers, uint32_t count) {
    uint64_t value;

    if (count != 1)
        kprintf("peek ADDRESS\n");
    else if (guarded_load64(numbers[0], &value))
        kprintf("0x%lx: 0x%016lx\n", numbers[0], value);
    else
        kprintf("0x%lx cannot be read\n", numbers[0]);
}

static void run_poke(const uint64_t *numbers, uint32_t count) {
    if (count != 2)
        kprintf("poke ADDRESS VALUE\n");
    else if (guarded_store64(numbers[0], numbers[1]))
        kprintf("0x%lx: 0x%016lx\n", numbers[0], numbers[1]);
    else
        kprintf("0x%lx cannot be written\n", numbers[0]);
}

static void run_panic(const uint64_t *numbers, uint32_t count) {
    (void)numbers, (void)count;
    panic("asked for on the console");
}

static void run_help(const uint64_t *numbers, uint32_t count);

static const struct command commands[] = {
    {"machine", "memory map, and whether the seals are whole", run_machine},
    {"cores", "the cores and their counters", run_cores},
    {"peek", "ADDRESS: read a word", run_peek},
    {"poke", "ADDRESS VALUE: write a word", run_poke},
    {"panic", "end with exit code 99", run_panic},
    {"help", "this list", run_help},
};

enum { COMMAND_COUNT = sizeof commands / sizeof *commands };

static void run_help(const uint64_t *numbers, uint32_t count) {
    (void)numbers, (void)count;
    for (uint32_t i = 0; i < COMMAND_COUNT; i++)
        kprintf("  %-8s %s\n", commands[i].name, commands[i].help);
    kprintf("  %-8s [CODE]: leave\n", "exit");
}

/* The numbers behind a command's name; -1: something there is not a number. */
static int read_numbers(const char *text, uint64_t numbers[WORDS_MAX]) {
    int count = 0;

    for (;;) {
        while (*text == ' ') text++;
        if (*text == '\0') return count;
        if (count == WORDS_MAX || !number_take(&text, &numbers[count++])) return -1;
        if (*text != ' ' && *text != '\0') return -1;
    }
}

static void run_line(const char *name, const uint64_t *numbers, int count) {
    for (uint32_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(name, commands[i].name) == 0) {
            commands[i].run(numbers, (uint32_t)count);
            return;
        }
    }
    kprintf("no command `%s`; try help\n", name);
}

uint64_t monitor_run(void) {
    char line[LINE_MAX];

    for (;;) {
        uint64_t numbers[WORDS_MAX];

        kprintf("machine> ");
        if (console_read_line(line, sizeof line) < 0) {
            kprintf("\n");
            return 0;
        }
        char *rest = strchr(line, ' ');
        int count = rest != NULL ? read_numbers(rest, numbers) : 0;
        if (rest != NULL) *rest = '\0';
        if (count < 0)
            kprintf("numbers are decimal or 0x hexadecimal, with K, M or G\n");
        else if (strcmp(line, "exit") == 0)
            return count > 0 ? numbers[0] : 0;
        else if (line[0] != '\0')
            run_line(line, numbers, count);
    }
}
