/* Protocol buffers: a message is a sequence of fields, each a number and a value. Source: the encoding's specification,
 * protobuf.dev/programming-guides/encoding. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* What is still to be read of a message. */
struct wire {
    const unsigned char *at, *end;
    bool wrong; /* it ends within a field, or has one of an unknown type */
};

struct wire_field {
    unsigned number;
    bool nested;      /* it has bytes: a text, a message, or packed numbers */
    uint64_t value;   /* else */
    struct wire wire; /* its bytes */
};

/* Read the next field. False: there is none, or the message is wrong. */
bool wire_read(struct wire *wire, struct wire_field *field);

/* Read the next number of packed ones. */
bool wire_read_number(struct wire *wire, uint64_t *number);

/* A message to be written, in memory that grows. */
struct wire_out {
    unsigned char *bytes;
    size_t length, room;
    bool failed; /* there was no memory */
};

void wire_put_number(struct wire_out *out, uint64_t number);

/* Add a field; one whose number is 0, the default, is left out. */
void wire_put_field(struct wire_out *out, unsigned number, uint64_t value);
void wire_put_bytes(struct wire_out *out, unsigned number, const void *bytes, size_t length);

/* Add a message as a field, and empty it. */
void wire_put_message(struct wire_out *out, unsigned number, struct wire_out *message);
