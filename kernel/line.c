/* A line typed on a serial port: echoed, edited, recalled. */
/* SPDX-License-Identifier: MIT */
#include "line.h"
#include "history.h"
#include <stdbool.h>
#include <string.h>

enum { CTRL_C = 3, CTRL_D = 4, BACKSPACE = 8, CTRL_U = 21, ESCAPE = 27, DELETE = 127 };
enum { ARROW_UP = 'A', ARROW_DOWN = 'B' }; /* how their escapes end */

static bool after_return; /* the \n of a \r\n is not a second line */

static void rub_out(const struct line_port *port, uint32_t letters) {
    for (; letters > 0; letters--) port->write("\b \b", 3);
}

/* Arrow keys and their like: ESC [ parameters letter. Returns the letter. */
static char escape_read(const struct line_port *port) {
    char letter = port->get();

    if (letter != '[' && letter != 'O') return '\0';
    do letter = port->get();
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
static uint32_t recall(const struct line_port *port, char *line, uint32_t bytes, uint32_t length, uint32_t *back,
                       char arrow) {
    uint32_t wanted = arrow == ARROW_UP ? *back + 1 : *back > 0 ? *back - 1 : 0;
    const char *kept = wanted > 0 ? history_at(wanted) : "";

    if (kept == NULL || (arrow != ARROW_UP && arrow != ARROW_DOWN) || strlen(kept) >= bytes) return length;
    *back = wanted;
    rub_out(port, length);
    length = (uint32_t)strlen(kept);
    memcpy(line, kept, length);
    port->write(kept, length);
    return length;
}

int line_read(const struct line_port *port, char *line, uint32_t bytes) {
    uint32_t length = 0, back = 0;

    for (;;) {
        char letter = port->get();

        if (is_line_end(letter) || letter == CTRL_C) {
            length = letter == CTRL_C ? 0 : length;
            port->write("\n", 1);
            line[length] = '\0';
            history_add(line, length);
            return (int)length;
        }
        if (letter == CTRL_D && length == 0) return -1;
        if (letter == ESCAPE) {
            length = recall(port, line, bytes, length, &back, escape_read(port));
        } else if ((letter == BACKSPACE || letter == DELETE) && length > 0) {
            rub_out(port, 1);
            length--;
        } else if (letter == CTRL_U) {
            rub_out(port, length);
            length = 0;
        } else if (letter >= ' ' && letter < DELETE && length + 1 < bytes) {
            port->write(&letter, 1);
            line[length++] = letter;
        }
    }
}
