/* Numbers and texts as JSON has them. */
/* SPDX-License-Identifier: MIT */
#include "json_text.h"
#include "base/text.h"
#include <stdbool.h>
#include <stddef.h>

int64_t whole_number(double number) {
    if (!(number >= 0)) return 0;
    return number < 9.2e18 ? (int64_t)(number + 0.5) : INT64_MAX;
}

/* The end of a page's script is written as an escape, as are the characters that begin a tag or a character entity. */
void put_json_string(FILE *out, const char *text) {
    putc('"', out);
    for (const unsigned char *at = (const unsigned char *)text; *at;) {
        size_t bytes = text_character_bytes((const char *)at);
        if (bytes == 0)
            fputs("\\ufffd", out), at++;
        else if (bytes == 1 &&
                 (*at < ' ' || *at == '"' || *at == '\\' || *at == '<' || *at == '>' || *at == '&' || *at == 0x7f))
            fprintf(out, "\\u%04x", *at++);
        else
            for (; bytes > 0; bytes--) putc(*at++, out);
    }
    putc('"', out);
}
