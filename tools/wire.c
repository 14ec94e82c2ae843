/* Protocol buffers. */
/* SPDX-License-Identifier: MIT */
#include "wire.h"
#include <stdlib.h>
#include <string.h>

enum { TYPE_NUMBER = 0, TYPE_64 = 1, TYPE_BYTES = 2, TYPE_32 = 5, TYPE_BITS = 3, SEVEN_BITS = 7, MORE = 0x80 };

bool wire_read_number(struct wire *wire, uint64_t *number) {
    *number = 0;
    for (unsigned shift = 0; wire->at < wire->end && shift < 64; shift += SEVEN_BITS) {
        unsigned char byte = *wire->at++;
        *number |= (uint64_t)(byte & (MORE - 1)) << shift;
        if (!(byte & MORE)) return true;
    }
    wire->wrong = true;
    return false;
}

static bool wire_skip(struct wire *wire, uint64_t bytes) {
    if ((uint64_t)(wire->end - wire->at) < bytes) wire->wrong = true;
    if (!wire->wrong) wire->at += bytes;
    return !wire->wrong;
}

bool wire_read(struct wire *wire, struct wire_field *field) {
    uint64_t tag;
    *field = (struct wire_field){0};
    if (wire->wrong || wire->at == wire->end || !wire_read_number(wire, &tag)) return false;
    field->number = (unsigned)(tag >> TYPE_BITS < UINT32_MAX ? tag >> TYPE_BITS : UINT32_MAX);
    switch (tag & ((1 << TYPE_BITS) - 1)) {
    case TYPE_NUMBER: return wire_read_number(wire, &field->value);
    case TYPE_64: return wire_skip(wire, sizeof(uint64_t));
    case TYPE_32: return wire_skip(wire, sizeof(uint32_t));
    case TYPE_BYTES: {
        uint64_t length;
        if (!wire_read_number(wire, &length)) return false;
        field->nested = true;
        field->wire.at = wire->at;
        if (!wire_skip(wire, length)) return false;
        field->wire.end = wire->at;
        return true;
    }
    default: wire->wrong = true; return false;
    }
}

static bool wire_room(struct wire_out *out, size_t bytes) {
    if (out->failed || out->room - out->length >= bytes) return !out->failed;
    size_t room = 2 * out->room + bytes + 256;
    unsigned char *grown = realloc(out->bytes, room);
    out->failed = !grown;
    if (out->failed) return false;
    out->bytes = grown;
    out->room = room;
    return true;
}

void wire_put_number(struct wire_out *out, uint64_t number) {
    if (!wire_room(out, 10)) return;
    for (; number >= MORE; number >>= SEVEN_BITS) out->bytes[out->length++] = (unsigned char)(number | MORE);
    out->bytes[out->length++] = (unsigned char)number;
}

void wire_put_field(struct wire_out *out, unsigned number, uint64_t value) {
    if (value == 0) return;
    wire_put_number(out, number << TYPE_BITS | TYPE_NUMBER);
    wire_put_number(out, value);
}

void wire_put_bytes(struct wire_out *out, unsigned number, const void *bytes, size_t length) {
    wire_put_number(out, number << TYPE_BITS | TYPE_BYTES);
    wire_put_number(out, length);
    if (length == 0 || !wire_room(out, length)) return;
    memcpy(out->bytes + out->length, bytes, length);
    out->length += length;
}

void wire_put_message(struct wire_out *out, unsigned number, struct wire_out *message) {
    wire_put_bytes(out, number, message->bytes, message->length);
    out->failed |= message->failed;
    message->length = 0;
}
