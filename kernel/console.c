/* The console: printed text from every core, edited lines from a person or a script. */
/* SPDX-License-Identifier: MIT */
#include "console.h"
#include "arch.h"
#include "core.h"
#include "format.h"
#include "history.h"
#include "layout.h"
#include "lock.h"
#include "pl011.h"
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

enum { CTRL_C = 3, CTRL_D = 4, BACKSPACE = 8, CTRL_U = 21, ESCAPE = 27, DELETE = 127 };
enum { ARROW_UP = 'A', ARROW_DOWN = 'B' }; /* how their escapes end */

static struct spinlock output;
static const struct core *seized_by;
static bool has_port;
static bool can_sleep;
static bool after_return; /* the \n of a \r\n is not a second line */

void console_init(uint64_t uart_base) {
    pl011_init(uart_base);
    has_port = true;
}

void console_allow_sleep(void) {
    can_sleep = true;
}

/* ---- output ---------------------------------------------------------------------------------- */

/* What has to be said before the tree is read goes to the early console. It is not touched before: on other machines
 * its address may be RAM with an initrd. */
static void put(char letter, void *unused) {
    (void)unused;
    if (!has_port) console_init(EARLY_UART_BASE);
    if (letter == '\n') pl011_put('\r');
    pl011_put(letter);
}

void console_seize(void) {
    __atomic_store_n(&seized_by, core_self(), __ATOMIC_RELEASE);
}

void kprintf(const char *format, ...) {
    const struct core *seizer = __atomic_load_n(&seized_by, __ATOMIC_ACQUIRE);
    va_list args;

    while (seizer != NULL && seizer != core_self()) core_sleep();
    va_start(args, format);
    if (seizer != NULL) {
        format_to(put, NULL, format, args);
    } else {
        uint64_t daif = spin_take(&output);
        format_to(put, NULL, format, args);
        spin_give(&output, daif);
    }
    va_end(args);
}

void console_write(const char *text, size_t length) {
    uint64_t daif = spin_take(&output);
    for (size_t i = 0; i < length; i++) put(text[i], NULL);
    spin_give(&output, daif);
}

/* ---- input ----------------------------------------------------------------------------------- */

static char get(void) {
    char letter;

    while (!pl011_get(&letter)) {
        uint64_t daif = irq_save();
        if (can_sleep) {
            pl011_arm_interrupt(); /* from here on an arrival is pending, and ends the sleep */
            core_sleep();
        }
        irq_restore(daif);
    }
    return letter;
}

static void rub_out(uint32_t letters) {
    for (; letters > 0; letters--) kprintf("\b \b");
}

/* Arrow keys and their like: ESC [ parameters letter. Returns the letter. */
static char escape_read(void) {
    char letter = get();

    if (letter != '[' && letter != 'O') return '\0';
    do letter = get();
    while (letter < '@' || letter > '~');
    return letter;
}

static bool is_line_end(char letter) {
    bool second = letter == '\n' && after_return;

    after_return = letter == '\r';
    return !second && (letter == '\r' || letter == '\n');
}

/* Replace what is typed by the line of `*back` lines ago, one earlier or later; before the latest comes an empty one.
 * Returns its length. */
static uint32_t recall(char *line, uint32_t bytes, uint32_t length, uint32_t *back, char arrow) {
    uint32_t wanted = arrow == ARROW_UP ? *back + 1 : *back > 0 ? *back - 1 : 0;
    const char *kept = wanted > 0 ? history_at(wanted) : "";

    if (kept == NULL || (arrow != ARROW_UP && arrow != ARROW_DOWN) || strlen(kept) >= bytes) return length;
    *back = wanted;
    rub_out(length);
    length = (uint32_t)strlen(kept);
    memcpy(line, kept, length);
    kprintf("%s", kept);
    return length;
}

int console_read_line(char *line, uint32_t bytes) {
    uint32_t length = 0, back = 0;

    for (;;) {
        char letter = get();

        if (is_line_end(letter) || letter == CTRL_C) {
            length = letter == CTRL_C ? 0 : length;
            kprintf("\n");
            line[length] = '\0';
            history_add(line, length);
            return (int)length;
        }
        if (letter == CTRL_D && length == 0) return -1;
        if (letter == ESCAPE) {
            length = recall(line, bytes, length, &back, escape_read());
        } else if ((letter == BACKSPACE || letter == DELETE) && length > 0) {
            rub_out(1);
            length--;
        } else if (letter == CTRL_U) {
            rub_out(length);
            length = 0;
        } else if (letter >= ' ' && letter < DELETE && length + 1 < bytes) {
            kprintf("%c", letter);
            line[length++] = letter;
        }
    }
}
