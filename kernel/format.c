/* printf's formatting without a C library: %c %s %d %i %u %x %p %%, with 0, -, width, l, ll, z. */
/* SPDX-License-Identifier: MIT */
#include "format.h"
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct field {
    format_put *put;
    void *context;
    uint32_t width;
    bool left, zeros;
    uint32_t longs; /* 0: int, 1: long, 2: long long */
};

static void put_times(const struct field *field, char letter, uint32_t times) {
    for (; times > 0; times--) field->put(letter, field->context);
}

/* sign, then digits, in the field's width */
static void put_field(const struct field *field, const char *sign, const char *text, uint32_t length) {
    uint32_t used = (uint32_t)strlen(sign) + length;
    uint32_t fill = field->width > used ? field->width - used : 0;

    if (!field->left && !field->zeros) put_times(field, ' ', fill);
    for (; *sign != '\0'; sign++) field->put(*sign, field->context);
    if (!field->left && field->zeros) put_times(field, '0', fill);
    for (uint32_t i = 0; i < length; i++) field->put(text[i], field->context);
    if (field->left) put_times(field, ' ', fill);
}

static void put_number(const struct field *field, const char *sign, uint64_t value, uint32_t base) {
    char digits[20];
    uint32_t start = sizeof digits;

    do {
        digits[--start] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value > 0);
    put_field(field, sign, digits + start, sizeof digits - start);
}

static const char *read_flags(const char *format, struct field *field) {
    for (;; format++) {
        if (*format == '-')
            field->left = true;
        else if (*format == '0')
            field->zeros = true;
        else
            break;
    }
    for (; *format >= '0' && *format <= '9'; format++) field->width = field->width * 10 + (uint32_t)(*format - '0');
    for (; *format == 'l' || *format == 'z'; format++) field->longs++;
    return format;
}

void format_to(format_put *put, void *context, const char *format, va_list args) {
    for (; *format != '\0'; format++) {
        struct field field = {.put = put, .context = context};

        if (*format != '%') {
            put(*format, context);
            continue;
        }
        format = read_flags(format + 1, &field);
        if (*format == '\0') return;
        if (*format == 'c') {
            char letter = (char)va_arg(args, int);
            put_field(&field, "", &letter, 1);
        } else if (*format == 's') {
            const char *text = va_arg(args, const char *);
            text = text != NULL ? text : "(null)";
            put_field(&field, "", text, (uint32_t)strlen(text));
        } else if (*format == 'd' || *format == 'i') {
            int64_t value = field.longs == 0   ? va_arg(args, int)
                            : field.longs == 1 ? va_arg(args, long)
                                               : va_arg(args, long long);
            uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
            put_number(&field, value < 0 ? "-" : "", magnitude, 10);
        } else if (*format == 'u' || *format == 'x') {
            uint64_t value = field.longs == 0   ? va_arg(args, unsigned)
                             : field.longs == 1 ? va_arg(args, unsigned long)
                                                : va_arg(args, unsigned long long);
            put_number(&field, "", value, *format == 'u' ? 10 : 16);
        } else if (*format == 'p') {
            put_number(&field, "0x", (uintptr_t)va_arg(args, void *), 16);
        } else {
            put(*format, context); /* %% */
        }
    }
}

struct buffer {
    char *text;
    size_t bytes, length;
};

static void put_in_buffer(char letter, void *context) {
    struct buffer *buffer = context;

    if (buffer->length + 1 < buffer->bytes) buffer->text[buffer->length] = letter;
    buffer->length++;
}

int format_text_args(char *text, size_t bytes, const char *format, va_list args) {
    struct buffer buffer = {text, bytes, 0};

    format_to(put_in_buffer, &buffer, format, args);
    if (bytes > 0) text[buffer.length < bytes ? buffer.length : bytes - 1] = '\0';
    return (int)buffer.length;
}

int format_text(char *text, size_t bytes, const char *format, ...) {
    va_list args;

    va_start(args, format);
    int length = format_text_args(text, bytes, format, args);
    va_end(args);
    return length;
}
