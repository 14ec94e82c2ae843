/* Prints for the shell: formatted text, and addresses that can be typed again. */
/* SPDX-License-Identifier: MIT */
#include "shell/parts.h"
#include <stdarg.h>

enum { OUT_BYTES = 128 };

struct out {
    const struct shell *shell;
    uint32_t length;
    char text[OUT_BYTES];
};

static void flush(struct out *out) {
    if (out->length > 0) out->shell->platform->write(out->text, out->length);
    out->length = 0;
}

static void put(struct out *out, char letter) {
    if (out->length == OUT_BYTES) flush(out);
    out->text[out->length++] = letter;
}

struct field {
    uint32_t width;
    bool left, zeros, is_long;
};

static void put_field(struct out *out, const struct field *field, const char *text, uint32_t length) {
    uint32_t fill = field->width > length ? field->width - length : 0;
    for (uint32_t i = 0; !field->left && i < fill; i++) put(out, field->zeros ? '0' : ' ');
    for (uint32_t i = 0; i < length; i++) put(out, text[i]);
    for (uint32_t i = 0; field->left && i < fill; i++) put(out, ' ');
}

static void put_string(struct out *out, const struct field *field, const char *text) {
    uint32_t length = 0;
    while (text[length]) length++;
    put_field(out, field, text, length);
}

static void put_number(struct out *out, const struct field *field, uint64_t number, unsigned base) {
    char digits[20];
    uint32_t start = sizeof(digits);
    do digits[--start] = "0123456789abcdef"[number % base];
    while ((number /= base) > 0);
    put_field(out, field, digits + start, sizeof(digits) - start);
}

static const char *read_field(const char *format, struct field *field) {
    for (;; format++) {
        if (*format == '-')
            field->left = true;
        else if (*format == '0')
            field->zeros = true;
        else
            break;
    }
    for (; *format >= '0' && *format <= '9'; format++) field->width = field->width * 10 + (uint32_t)(*format - '0');
    for (; *format == 'l' || *format == 'z'; format++) field->is_long = true;
    return format;
}

static void say(struct shell *shell, const char *format, va_list arguments) {
    struct out out = {.shell = shell};
    for (; *format; format++) {
        struct field field = {0};
        if (*format != '%') {
            put(&out, *format);
            continue;
        }
        format = read_field(format + 1, &field);
        switch (*format) {
        case 's': put_string(&out, &field, va_arg(arguments, const char *)); break;
        case 'c': put(&out, (char)va_arg(arguments, int)); break;
        case 'p': put_string(&out, &field, shell_address(shell, (uintptr_t)va_arg(arguments, void *)).text); break;
        case 'u':
        case 'x': {
            uint64_t number = field.is_long ? va_arg(arguments, unsigned long) : va_arg(arguments, unsigned);
            put_number(&out, &field, number, *format == 'u' ? 10 : 16);
            break;
        }
        default: put(&out, *format); /* %% */
        }
    }
    flush(&out);
}

void shell_say(struct shell *shell, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    say(shell, format, arguments);
    va_end(arguments);
}

void shell_fail(struct shell *shell, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    say(shell, format, arguments);
    va_end(arguments);
    shell->failed = true;
}

void shell_count(struct shell *shell, uint64_t count, const char *noun) {
    shell_say(shell, "%lu %s%s", (unsigned long)count, noun, count == 1 ? "" : "s");
}

void shell_say_stop(struct shell *shell, const char *sentence) {
    shell_fail(shell, "the heap stops here: ");
    while (*sentence) {
        uint64_t number;
        if (sentence[0] == '0' && sentence[1] == 'x' && shell_take_number(&sentence, &number))
            shell_say(shell, "%p", (void *)(uintptr_t)number);
        else
            shell_say(shell, "%c", *sentence++);
    }
    shell_say(shell, "\n");
}

/* ---- addresses ---- */

static void address_add(struct shell_address *to, const char *text) {
    uint32_t length = 0;
    while (to->text[length]) length++;
    while (*text && length < SHELL_ADDRESS_MAX - 1) to->text[length++] = *text++;
    to->text[length] = 0;
}

static void add_hex(struct shell_address *to, uint64_t number) {
    char digits[17] = "";
    uint32_t start = sizeof(digits) - 1;
    do digits[--start] = "0123456789abcdef"[number % 16];
    while ((number /= 16) > 0);
    address_add(to, "0x");
    address_add(to, digits + start);
}

static void add_distance(struct shell_address *to, const struct shell *shell, uintptr_t address) {
    if (shell->origin == 0) {
        add_hex(to, address);
        return;
    }
    bool below = address < shell->origin;
    address_add(to, below ? "-" : "+");
    add_hex(to, below ? shell->origin - address : address - shell->origin);
}

/* Print an address in a table as the entry of a unit or granule, and the offset in it. */
static bool add_entry(struct shell_address *to, const struct shell *shell, uintptr_t address, const struct span *span) {
    size_t line = address - (uintptr_t)span->lines, slot = address - (uintptr_t)span->slots;
    size_t unit_count = span->tabled_units, inner;
    if (line < unit_count * UNIT_LINE_BYTES) {
        address_add(to, "line:");
        add_distance(to, shell, (uintptr_t)span->base + (line / UNIT_LINE_BYTES << UNIT_SHIFT));
        inner = line % UNIT_LINE_BYTES;
    } else if (slot < unit_count * GRANULES_PER_UNIT * sizeof(struct granule)) {
        address_add(to, "slot:");
        add_distance(to, shell, (uintptr_t)span->base + (slot / sizeof(struct granule) << GRANULE_SHIFT));
        inner = slot % sizeof(struct granule);
    } else {
        return false;
    }
    if (inner == 0) return true;
    address_add(to, "+");
    add_hex(to, inner);
    return true;
}

struct shell_address shell_address(const struct shell *shell, uintptr_t address) {
    struct shell_address to = {{0}};
    for (uint32_t place = 0; place < inspect_span_places(); place++) {
        const struct span *span = inspect_span(place);
        if (!span) continue;
        if (add_entry(&to, shell, address, span)) return to;
        if (address - (uintptr_t)span->base >= span->bytes) continue;
        add_distance(&to, shell, address);
        return to;
    }
    add_hex(&to, address);
    return to;
}
