/* Parses and compares the values of options. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Read a size: "512M", "1.5G", "4096"; units are powers of 1024. False: it is invalid. */
bool value_read_size(const char *text, size_t length, uint64_t *bytes);

/* Read a time: "500ms", "2s", "1m", "1h"; without a unit milliseconds. False: it is invalid. */
bool value_read_time(const char *text, size_t length, uint64_t *ms);

/* Read a flag: "", "1", "yes", "on", "true", and their opposites. False: it is invalid. */
bool value_read_flag(const char *text, size_t length, uint64_t *flag);

/* The index of the word in "one|two|three"; -1: it is not there. */
int value_find_word(const char *words, const char *text, size_t length);

size_t value_length(const char *text);
bool value_is(const char *word, const char *text, size_t length);

/* True when the whole name matches a pattern, in which * stands for any characters and ? for one. */
bool value_matches(const char *name, const char *pattern);

/* How many letters to change, insert or remove to turn one word into the other; 24 if `two` is longer than that. */
unsigned value_distance(const char *one, const char *two, size_t two_length);
