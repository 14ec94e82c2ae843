/* The values of options: how they are read, told, and compared. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* "512M", "1.5G", "4096": bytes, in powers of 1024. False: it is none. */
bool value_read_size(const char *text, size_t length, uint64_t *bytes);

/* "500ms", "2s", "1m", "1h"; without a unit milliseconds. False: it is none. */
bool value_read_time(const char *text, size_t length, uint64_t *ms);

/* "", "1", "yes", "on", "true", and their opposites. False: it is none. */
bool value_read_flag(const char *text, size_t length, uint64_t *flag);

/* Index of the word among those of "one|two|three"; -1: it is none. */
int value_find_word(const char *words, const char *text, size_t length);

size_t value_length(const char *text);
bool value_is(const char *word, const char *text, size_t length);

/* The whole name matches a pattern, in which * stands for any characters and ? for one. */
bool value_matches(const char *name, const char *pattern);

/* How many letters to change, insert or leave out make one word the other; both shorter than 24. */
unsigned value_distance(const char *one, const char *two, size_t two_length);
