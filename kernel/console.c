/* The console: printed text from every core, edited lines from a person or a script. */
/* SPDX-License-Identifier: MIT */
#include "console.h"
#include "arch.h"
#include "core.h"
#include "format.h"
#include "layout.h"
#include "line.h"
#include "lock.h"
#include "pl011.h"
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static struct spinlock output;
static const struct core *seized_by;
static bool has_port;
static bool can_sleep;

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

int console_read_line(char *line, uint32_t bytes) {
    static const struct line_port port = {get, console_write};

    return line_read(&port, line, bytes);
}
