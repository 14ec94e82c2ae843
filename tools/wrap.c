/* Text on a terminal, broken between words. */
/* SPDX-License-Identifier: MIT */
#include "wrap.h"
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { WORD_BYTES = 1024, INDENT = 4, COLUMNS_LEAST = 16 };

static struct {
    unsigned columns, column; /* of the terminal; that the next letter goes to */
    unsigned blanks;          /* before the word, not written yet */
    char word[WORD_BYTES];
    size_t length;  /* of the word, with escape sequences */
    unsigned width; /* without them */
    bool escape;    /* within a sequence, which ends with a letter */
} wrap;

unsigned wrap_measure(void) {
    struct winsize size;
    const char *chosen = getenv("COLUMNS");
    wrap.columns = 0;
    if (!isatty(STDOUT_FILENO)) return 0;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0) wrap.columns = size.ws_col;
    if (wrap.columns == 0 && chosen) wrap.columns = (unsigned)strtoul(chosen, NULL, 10);
    if (wrap.columns > 0 && wrap.columns < COLUMNS_LEAST) wrap.columns = COLUMNS_LEAST;
    return wrap.columns;
}

/* Write the word, on a line of its own if it does not fit behind what is there. */
static void end_word(void) {
    if (wrap.length == 0) return;
    bool breaks = wrap.columns > 0 && wrap.column > INDENT && wrap.column + wrap.blanks + wrap.width > wrap.columns;
    if (breaks) {
        printf("\n%*s", INDENT, "");
        wrap.column = INDENT;
    } else {
        printf("%*s", (int)wrap.blanks, "");
        wrap.column += wrap.blanks;
    }
    fwrite(wrap.word, 1, wrap.length, stdout);
    wrap.column += wrap.width;
    wrap.blanks = wrap.width = 0;
    wrap.length = 0;
}

static void add_letter(char letter) {
    if (wrap.length == WORD_BYTES) end_word();
    wrap.word[wrap.length++] = letter;
    if (letter == '\033')
        wrap.escape = true;
    else if (!wrap.escape)
        wrap.width += (letter & 0xc0) != 0x80; /* not within a letter of UTF-8 */
    else if ((letter >= 'A' && letter <= 'Z') || (letter >= 'a' && letter <= 'z'))
        wrap.escape = false;
}

void wrap_write(const char *text, size_t length) {
    if (wrap.columns == 0) {
        fwrite(text, 1, length, stdout);
        return;
    }
    for (size_t i = 0; i < length; i++) {
        if (text[i] != ' ' && text[i] != '\n') {
            add_letter(text[i]);
            continue;
        }
        end_word();
        if (text[i] == ' ') {
            wrap.blanks++;
        } else {
            putchar('\n');
            wrap.column = wrap.blanks = 0;
        }
    }
}

void wrap_end(void) {
    end_word();
    printf("%*s", (int)wrap.blanks, "");
    wrap.column += wrap.blanks;
    wrap.blanks = 0;
}
