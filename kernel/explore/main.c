/* The explorer over the core on a board: a shell on its serial line, whose heap is an array. */
/* SPDX-License-Identifier: MIT */
#include "board.h"
#include "line.h"
#include "shell/shell.h"
#include <heapalloc/heap.h>
#include <heapalloc/port.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RAM_BYTES = 16 << 20, SENTENCE_MAX = 160 };

static char ram[RAM_BYTES];

/* ---- what may be stopped --------------------------------------------------------------------- */

static char sentence[SENTENCE_MAX];
static bool in_step;
static void *step_back[5];

/* A step of the heap goes back to where it was begun, with a sentence; anything else ends the machine. */
static _Noreturn void stop(const char *text, size_t length) {
    if (length > 0 && text[length - 1] == '\n') length--;
    if (length > SENTENCE_MAX - 1) length = SENTENCE_MAX - 1;
    if (!in_step) {
        board_write(text, length);
        exit(99);
    }
    memcpy(sentence, text, length);
    sentence[length] = '\0';
    __builtin_longjmp(step_back, 1);
}

static void led_astray(void) {
    static const char text[] = "it went to an address where no memory is, led there by damaged tables";
    stop(text, sizeof text - 1);
}

__attribute__((noinline)) static const char *explore_attempt(void (*step)(void *context), void *context) {
    const char *volatile stopped = sentence;
    if (__builtin_setjmp(step_back) == 0) {
        in_step = true;
        step(context);
        stopped = NULL;
    }
    in_step = false;
    return stopped;
}

/* ---- the world ------------------------------------------------------------------------------- */

size_t port_page_bytes(void) {
    return 4096;
}

/* One core: a lock that is taken belongs to a step that was stopped. */
void port_wait(uint32_t *word, uint32_t seen) {
    static const char text[] = "a lock of the heap was never given back: a step before was stopped half-way";
    if (__atomic_load_n(word, __ATOMIC_RELAXED) == seen) stop(text, sizeof text - 1);
}

void port_wake(uint32_t *word, bool all) {
    (void)word, (void)all;
}

void port_pause(uint32_t *word, uint32_t seen) {
    (void)word, (void)seen;
}

uint64_t port_random(void) {
    return 0x9e3779b97f4a7c15;
}

void port_thread_begin(void) {
}

bool port_on_stack(const void *p) {
    const char *here = __builtin_frame_address(0);
    return (const char *)p >= here && (const char *)p < here + 65536;
}

_Noreturn void port_stop(const char *text, size_t length) {
    stop(text, length);
}

/* ---- the session ----------------------------------------------------------------------------- */

int main(void) {
    static struct shell shell;
    static const struct shell_platform world = {.write = board_write,
                                                .alloc = heap_alloc,
                                                .resize = heap_realloc,
                                                .free = heap_free,
                                                .load = board_load,
                                                .store = board_store,
                                                .attempt = explore_attempt};
    static const struct line_port port = {board_read, board_write};
    char line[2 * SHELL_LINE_MAX]; /* the shell shall see that a line is too long for it */

    if (!heap_init(ram, sizeof ram)) return 98;
    board_on_fault = led_astray;
    shell_begin(&shell, &world);
    while (!shell.exits) {
        printf("heap> ");
        if (line_read(&port, line, sizeof line) < 0) break;
        shell_line(&shell, line);
    }
    shell_end(&shell);
    return (int)(shell_code(&shell) & 0xff);
}
