/* The explorer's shell: a line in, text out, over the heap it is linked with, in any world.
 *
 *   struct shell shell;
 *   shell_begin(&shell, &platform);
 *   while (!shell.exits && read_a_line(line)) shell_line(&shell, line);
 *   shell_end(&shell);
 *   return shell_code(&shell);
 *
 * Addresses are printed as distances from an origin, the unit of the first block: the same session
 * reads the same wherever the heap lies. What is printed can be typed: +0x50, slot:+0x4000,
 * line:+0x0. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SHELL_LINE_MAX = 160,
    SHELL_WORDS_MAX = 8,
    SHELL_BLOCKS_MAX = 256, /* live and recently freed */
    SHELL_NAME_MAX = 16,
};

struct shell;

struct shell_command {
    const char *name, *arguments, *help; /* help: "" if `help` shall not list it */
    void (*run)(struct shell *shell);    /* finds its words in shell->words, [0] being the name */
    uint32_t least, most;                /* words after the name */
};

/* What the shell needs of the world that it runs in, beside port.h. */
struct shell_platform {
    void (*write)(const char *text, size_t length);

    /* The heap as its world offers it; `resize` as realloc, for blocks and sizes that are not 0. */
    void *(*alloc)(size_t size);
    void *(*resize)(void *block, size_t size);
    void (*free)(void *block);

    /* Read, or write, a word at any address; false: there is no memory, or none that may be
     * written. */
    bool (*load)(uintptr_t address, uint64_t *word);
    bool (*store)(uintptr_t address, uint64_t word);

    /* Run a step. NULL: it returned; else the sentence by which the heap stopped it (port_stop, or
     * a bad access). */
    const char *(*attempt)(void (*step)(void *context), void *context);

    const struct shell_command *commands; /* of its own, and instead of the shell's of the same name */
    uint32_t command_count;
    const char *places; /* the end of `help`: how places are named; NULL: as the shell does */
    uint32_t columns;   /* of the terminal; 0: no limit */
    bool colour;        /* the terminal has it */
};

/* A block that the shell allocated. Freed ones are remembered until their memory is reused. */
struct shell_block {
    uint32_t number;           /* 1, 2 ...; 0: this place is empty */
    char name[SHELL_NAME_MAX]; /* "": none */
    char *memory;              /* NULL: it was reused for another block */
    size_t asked_bytes;
    bool live;
};

struct shell {
    const struct shell_platform *platform;
    struct shell_block blocks[SHELL_BLOCKS_MAX];
    uint32_t last_number;
    uintptr_t origin; /* 0: addresses are absolute */
    bool has_origin;
    char line[SHELL_LINE_MAX];
    const char *words[SHELL_WORDS_MAX + 1];
    uint32_t word_count;
    bool failed;              /* the latest line did */
    uint32_t lines, failures; /* lines with a command; those that failed */
    uint32_t frees, resizes;
    size_t bytes, most_bytes; /* asked for, of live blocks: now, and at most */
    bool exits;
    bool has_code; /* the line `exit CODE` gave one */
    uint64_t code;
};

void shell_begin(struct shell *shell, const struct shell_platform *platform);

/* Execute a line. Nobody else may use the heap meanwhile. */
void shell_line(struct shell *shell, const char *line);

/* Print the session's statistics. */
void shell_end(struct shell *shell);

/* The command `leaks`, for a world that has one of its own, which may have nothing to say. */
void shell_leaks(struct shell *shell);

/* The exit code: the one given to `exit`, else 1 when a line failed, else 0. */
uint64_t shell_code(const struct shell *shell);

/* Print text: %s %c %u %lu %lx %zu %%, with -, 0 and width, and %p, an address as this shell
 * prints it. */
void shell_say(struct shell *shell, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Print text, and mark the line as failed. */
void shell_fail(struct shell *shell, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The names of the commands, one after another; NULL: no more. */
const char *shell_command_name(const struct shell *shell, uint32_t index);

/* The command `visualize`, for a world that adds to it. */
void shell_visualize(struct shell *shell);

/* Parse a number as people type it: decimal or 0x, with K, M or G. False: it is none. */
bool shell_number(const char *text, uint64_t *number);

/* The name most like `word`; NULL: none is similar. Names follow each other in memory, `step` bytes
 * apart. */
const char *shell_nearest(const char *word, const char *const *names, uint32_t count, size_t step);
