/* How the core stops a program. */
/* SPDX-License-Identifier: MIT */
#include "base/check.h"
#include "base/memory.h"
#include "base/probe.h"
#include "base/text.h"
#include <heapalloc/port.h>

const void *check_subject;

static _Noreturn void stop(struct text *text) {
    const void *subject = load_relaxed(check_subject);
    if (text->length == TEXT_BYTES) text->length--;
    text->chars[text->length] = 0;
    COMPUTED(subject); /* tracers can read a register, but no address that is relative to the code */
    PROBE_2(misuse, text->chars, subject);
    text->chars[text->length++] = '\n';
    port_stop(text->chars, text->length);
}

static void sentence_begin(struct text *text, const char *function, const void *pointer) {
    text->length = 0;
    text_add(text, function);
    text_add(text, "(): ");
    text_add_address(text, pointer);
    text_add(text, " ");
}

void check_misuse(const char *function, const void *pointer, const char *sentence) {
    struct text text;
    store_relaxed(check_subject, pointer);
    sentence_begin(&text, function, pointer);
    text_add(&text, sentence);
    stop(&text);
}

void check_already_free(const char *function, const void *pointer) {
    check_misuse(function, pointer, "is already free");
}

void check_corrupted_list(const char *function, const void *pointer) {
    check_misuse(function, pointer, "was written to after it was freed: corrupted list");
}

void check_interior(const char *function, const void *pointer, const void *block, size_t block_bytes) {
    struct text text;
    store_relaxed(check_subject, block);
    sentence_begin(&text, function, pointer);
    text_add(&text, "is in the middle of a block of ");
    text_add_number(&text, block_bytes);
    text_add(&text, " bytes at ");
    text_add_address(&text, block);
    stop(&text);
}

void check_failed(const char *condition, const char *file, int line) {
    struct text text = {0};
    text_add(&text, "internal check failed: ");
    text_add(&text, condition);
    text_add(&text, " at ");
    text_add(&text, file);
    text_add(&text, ":");
    text_add_number(&text, (uint64_t)line);
    stop(&text);
}
