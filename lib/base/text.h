/* Short texts built in a fixed buffer, without stdio: messages of a program that is about to end, small reports. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stddef.h>
#include <stdint.h>

enum { TEXT_BYTES = 240 };

struct text {
    size_t length;
    char chars[TEXT_BYTES];
};

/* Append a string, a decimal number, or an address as 0x...; what does not fit is cut off. */
void text_add(struct text *text, const char *string);
void text_add_number(struct text *text, uint64_t number);
void text_add_address(struct text *text, const void *address);
