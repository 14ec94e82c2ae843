/* Writes protocol buffers.
 *
 * A message is a sequence of fields, each a number and a value; a nested message has its length before it. Outer
 * messages are written piece by piece, so that only nested ones need memory. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "sink.h"
#include <stdint.h>

enum { PROTOBUF_BYTES = 1024 };

struct protobuf {
    size_t length;
    uint8_t bytes[PROTOBUF_BYTES];
};

void protobuf_put_byte(struct sink *sink, uint8_t byte);

/* Write a field whose value is bytes, or a nested message. */
void protobuf_put_bytes(struct sink *sink, unsigned field, const void *bytes, size_t length);
void protobuf_put(struct sink *sink, unsigned field, const struct protobuf *message);

void protobuf_add_number(struct protobuf *message, uint64_t number);

/* Add a field whose value is a number; 0 is the default, and left out. */
void protobuf_add_field(struct protobuf *message, unsigned field, uint64_t number);

/* Add a field whose value is a list of numbers, packed: the field's number, the length, and the numbers. */
void protobuf_add_list(struct protobuf *message, unsigned field, const struct protobuf *list);
