/* Names of C++ functions as people say them. */
/* SPDX-License-Identifier: MIT */
#include "function_text.h"
#include <ctype.h>
#include <string.h>

static const char anonymous[] = "(anonymous namespace)";

static bool begins(const char *text, const char *with) {
    return strncmp(text, with, strlen(with)) == 0;
}

/* Behind the bracket that closes the one at `at`, or behind all. The > of -> closes none. */
static const char *behind(const char *at) {
    int depth = 0;
    for (const char *from = at; *at; at++) {
        if (strchr("<({", *at)) depth++;
        if (*at == '>' && at > from && at[-1] == '-') continue;
        if (strchr(">)}", *at) && --depth == 0) return at + 1;
    }
    return at;
}

/* The length of "operator" with what it is called: (), << or ->, say, " new[]" or the type it converts to; 0: there is
 * none here, in the middle of a name. */
static size_t operator_length(const char *name, const char *at) {
    static const char word[] = "operator";
    size_t length = strlen(word);
    bool within = at > name && (isalnum((unsigned char)at[-1]) || at[-1] == '_');
    if (within || !begins(at, word) || isalnum((unsigned char)at[length]) || at[length] == '_') return 0;
    if (begins(at + length, "()")) return length + 2;
    if (at[length] == ' ') return length + strcspn(at + length, "(<");
    if (begins(at + length, "->")) length += 2;
    length += strspn(at + length, "<>");
    length += strspn(at + length, "=!+-*/%^&|~,[]");
    return begins(at + length - (length > strlen(word)), "=>") ? length + 1 : length;
}

void function_text(const char *name, char *text, size_t room) {
    size_t length = 0;
    for (const char *at = name; *at;) {
        size_t whole = operator_length(name, at);
        if (!whole && begins(at, anonymous)) whole = strlen(anonymous);
        if (!whole && *at == '{') whole = 1;
        if (!whole && strchr("<(", *at) && at > name) {
            at = behind(at);
            continue;
        }
        if (!whole && *at == ' ') {
            if (begins(at, " const") || begins(at, " [")) break;
            if (*++at != '<') length = 0; /* so far it was the type */
            continue;
        }
        if (!whole && *at == '<') whole = (size_t)(behind(at) - at);
        for (whole += whole == 0; whole > 0; whole--, at++)
            if (length + 1 < room) text[length++] = *at;
    }
    text[length] = 0;
}

bool function_is_library(const char *name) {
    char text[64];
    function_text(name, text, sizeof(text));
    return begins(text, "std::") || begins(text, "__gnu_cxx::") || begins(text, "operator new");
}
