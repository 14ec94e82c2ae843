/* Writes protocol buffers. */
/* SPDX-License-Identifier: MIT */
#include "protobuf.h"

void protobuf_put_byte(struct sink *sink, uint8_t byte) {
    sink->report.chars[sink->report.length++] = (char)byte;
    if (sink->report.length >= sizeof(sink->report.chars) - 1) sink_end(sink);
}

static void put_number(struct sink *sink, uint64_t number) {
    for (; number >= 0x80; number >>= 7) protobuf_put_byte(sink, (uint8_t)(number | 0x80));
    protobuf_put_byte(sink, (uint8_t)number);
}

void protobuf_add_number(struct protobuf *message, uint64_t number) {
    for (; number >= 0x80; number >>= 7) message->bytes[message->length++] = (uint8_t)(number | 0x80);
    message->bytes[message->length++] = (uint8_t)number;
}

void protobuf_add_field(struct protobuf *message, unsigned field, uint64_t number) {
    if (number == 0) return;
    protobuf_add_number(message, field << 3);
    protobuf_add_number(message, number);
}

void protobuf_put_bytes(struct sink *sink, unsigned field, const void *bytes, size_t length) {
    put_number(sink, field << 3 | 2);
    put_number(sink, length);
    for (size_t i = 0; i < length; i++) protobuf_put_byte(sink, ((const uint8_t *)bytes)[i]);
}

void protobuf_put(struct sink *sink, unsigned field, const struct protobuf *message) {
    protobuf_put_bytes(sink, field, message->bytes, message->length);
}

void protobuf_add_list(struct protobuf *message, unsigned field, const struct protobuf *list) {
    protobuf_add_number(message, field << 3 | 2);
    protobuf_add_number(message, list->length);
    __builtin_memcpy(message->bytes + message->length, list->bytes, list->length);
    message->length += list->length;
}
