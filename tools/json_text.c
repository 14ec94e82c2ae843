/* Numbers and texts as JSON has them. */
/* SPDX-License-Identifier: MIT */
#include "json_text.h"
#include <stdbool.h>
#include <stddef.h>

int64_t whole_number(double number) {
    if (!(number >= 0)) return 0;
    return number < 9.2e18 ? (int64_t)(number + 0.5) : INT64_MAX;
}

/* The bytes of the UTF-8 character at `text`, if it is well-formed; else 0. */
static size_t character_bytes(const unsigned char *text) {
    size_t bytes = text[0] < 0x80 ? 1 : text[0] >= 0xc2 && text[0] < 0xe0 ? 2 : text[0] < 0xf0 ? 3 : 4;
    if (text[0] >= 0x80 && (text[0] < 0xc2 || text[0] > 0xf4)) return 0;
    for (size_t i = 1; i < bytes; i++)
        if ((text[i] & 0xc0) != 0x80) return 0;
    bool overlong = (text[0] == 0xe0 && text[1] < 0xa0) || (text[0] == 0xf0 && text[1] < 0x90);
    bool beyond = (text[0] == 0xed && text[1] > 0x9f) || (text[0] == 0xf4 && text[1] > 0x8f);
    return overlong || beyond ? 0 : bytes;
}

/* The end of a page's script is written as an escape, as are the characters that begin a tag or a character entity. */
void put_json_string(FILE *out, const char *text) {
    putc('"', out);
    for (const unsigned char *at = (const unsigned char *)text; *at;) {
        size_t bytes = character_bytes(at);
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
