/* Numbers and texts as JSON has them. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdint.h>
#include <stdio.h>

/* The nearest whole number, at most INT64_MAX. */
int64_t whole_number(double number);

/* A text as a JSON string: valid UTF-8, and safe within a page's <script>. */
void put_json_string(FILE *out, const char *text);
