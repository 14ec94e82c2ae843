/* Reports, built in a buffer and written at once. */
/* SPDX-License-Identifier: MIT */
#include "report.h"
#include "base/bits.h"
#include "process.h"
#include "syscall.h"
#include <errno.h>
#include <stdbool.h>

COLD void report_add(struct report *report, const char *text) {
    while (*text && report->length < sizeof(report->chars)) report->chars[report->length++] = *text++;
}

COLD size_t report_character_bytes(const char *string) {
    const unsigned char *text = (const unsigned char *)string;
    size_t bytes = text[0] < 0x80 ? 1 : text[0] >= 0xc2 && text[0] < 0xe0 ? 2 : text[0] < 0xf0 ? 3 : 4;
    if (text[0] == 0 || (text[0] >= 0x80 && (text[0] < 0xc2 || text[0] > 0xf4))) return 0;
    for (size_t i = 1; i < bytes; i++)
        if ((text[i] & 0xc0) != 0x80) return 0;
    bool overlong = (text[0] == 0xe0 && text[1] < 0xa0) || (text[0] == 0xf0 && text[1] < 0x90);
    bool beyond = (text[0] == 0xed && text[1] > 0x9f) || (text[0] == 0xf4 && text[1] > 0x8f);
    return overlong || beyond ? 0 : bytes;
}

COLD void report_add_name(struct report *report, const char *name) {
    while (*name) {
        size_t bytes = report_character_bytes(name);
        char plain[5] = "";
        for (size_t i = 0; i < bytes; i++) plain[i] = name[i];
        bool commands = (unsigned char)*name < ' ' || *name == 0x7f;
        report_add(report, commands ? "?" : bytes == 0 ? REPORT_UNREADABLE : plain);
        name += max_size(bytes, 1);
    }
}

COLD void report_add_number(struct report *report, uint64_t number, size_t width) {
    char digits[21] = {0};
    size_t at = sizeof(digits) - 1;
    do digits[--at] = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    for (size_t length = sizeof(digits) - 1 - at; length < width; length++) report_add(report, " ");
    report_add(report, digits + at);
}

COLD void report_add_bytes(struct report *report, uint64_t bytes) {
    static const char units[][4] = {"KiB", "MiB", "GiB", "TiB"};
    unsigned unit = 0;
    while (unit < 3 && bytes >= UINT64_C(1000) << 10 * (unit + 1)) unit++;
    uint64_t tenths = ((bytes >> 10 * unit) * 10 + 512) / 1024;
    report_add_number(report, tenths / 10, 3);
    report_add(report, ".");
    report_add_number(report, tenths % 10, 1);
    report_add(report, " ");
    report_add(report, units[unit]);
}

COLD void report_pad(struct report *report, size_t column) {
    size_t line = report->length;
    while (line > 0 && report->chars[line - 1] != '\n') line--;
    while (report->length - line < column && report->length < sizeof(report->chars)) report_add(report, " ");
}

COLD void report_add_path(struct report *path, const char *pattern) {
    for (char one[2] = {0}; *pattern && path->length < REPORT_PATH_BYTES; pattern++) {
        one[0] = *pattern;
        bool special = *pattern == '%' && pattern[1];
        if (special) pattern++;
        if (special && *pattern == 'p')
            report_add_number(path, (uint64_t)process_id(), 0);
        else if (special && *pattern == 'e')
            report_add(path, process_name());
        else
            report_add(path, one);
    }
    path->chars[path->length < REPORT_PATH_BYTES ? path->length : REPORT_PATH_BYTES] = 0;
}

COLD void report_begin(struct report *report) {
    report->length = 0;
    report_add(report, "heapalloc[");
    report_add_number(report, (uint64_t)process_id(), 0);
    report_add(report, "]: ");
}

COLD void report_write(struct report *report, int file) {
    for (size_t done = 0; done < report->length;) {
        long got = syscall_6(SYS_write, file, (long)(report->chars + done), (long)(report->length - done), 0, 0, 0);
        if (got == -EINTR) continue;
        if (got <= 0) break;
        done += (size_t)got;
    }
    report->length = 0;
}
