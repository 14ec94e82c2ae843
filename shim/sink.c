/* Writes texts that are longer than a report. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "sink.h"
#include "base/bits.h"
#include "syscall.h"
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>

static void pass_to_file(struct sink *sink) {
    const struct report *report = &sink->report;
    for (size_t done = 0; done < report->length && !sink->failed;) {
        long got =
            syscall_6(SYS_write, sink->file, (long)(report->chars + done), (long)(report->length - done), 0, 0, 0);
        if (got == -EINTR) continue;
        if (got <= 0)
            sink->failed = true;
        else
            done += (size_t)got;
    }
}

COLD void sink_end(struct sink *sink) {
    const struct report *report = &sink->report;
    if (sink->file >= 0) pass_to_file(sink);
    for (size_t i = 0; sink->file < 0 && i < report->length && sink->length + i < sink->room; i++)
        sink->text[sink->length + i] = report->chars[i];
    sink->length += report->length;
    sink->report.length = 0;
}

COLD void sink_flow(struct sink *sink) {
    if (sink->report.length > sizeof(sink->report.chars) - SINK_PIECE) sink_end(sink);
}

/* Bytes beyond ASCII are not escaped, because names are mostly UTF-8; where they are not, as at the end of a name that
 * was cut within a character, readers of JSON would refuse the whole text. */
COLD void sink_add_quoted(struct sink *sink, const char *text) {
    static const char hex[] = "0123456789abcdef";
    report_add(&sink->report, "\"");
    while (*text) {
        unsigned char c = (unsigned char)*text;
        size_t bytes = report_character_bytes(text);
        char plain[5] = "", escaped[] = {'\\', *text, 0}, code[] = "\\u0000";
        code[4] = hex[c / 16];
        code[5] = hex[c % 16];
        for (size_t i = 0; i < bytes; i++) plain[i] = text[i];
        report_add(&sink->report, bytes == 0              ? REPORT_UNREADABLE
                                  : c == '"' || c == '\\' ? escaped
                                  : c < ' '               ? code
                                                          : plain);
        text += max_size(bytes, 1);
    }
    report_add(&sink->report, "\"");
}

/* The kernel's struct statx, which is the same on all machines; not every libc has it. */
struct about {
    uint32_t mask, block_bytes;
    uint64_t attributes;
    uint32_t links, user, group;
    uint16_t mode;
    uint8_t rest[226];
};

bool sink_may_replace(const char *path) {
    enum { WANT_TYPE = 1 };
    struct about about = {0};
    long got = syscall_6(SYS_statx, AT_FDCWD, (long)path, AT_SYMLINK_NOFOLLOW, WANT_TYPE, (long)&about, 0);
    if (syscall_failed(got)) return got == -ENOENT;
    return (about.mode & S_IFMT) == S_IFREG;
}
