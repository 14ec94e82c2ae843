/* The end of a program that misused its heap: one sentence on stderr, then SIGABRT. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "syscall.h"
#include <fcntl.h>
#include <heapalloc/port.h>
#include <signal.h>
#include <stdlib.h>

/* The last message, for debuggers and readers of core files: `p heapalloc_last_message`. */
char heapalloc_last_message[320] __attribute__((visibility("default")));

static size_t add_pid(char *to, long pid) {
    char digits[20];
    size_t count = 0, length = 0;
    do digits[count++] = (char)('0' + pid % 10);
    while ((pid /= 10) > 0);
    while (count > 0) to[length++] = digits[--count];
    return length;
}

_Noreturn void port_stop(const char *text, size_t length) {
    char *message = heapalloc_last_message;
    size_t at = 0;
    for (const char *c = "heapalloc["; *c; c++) message[at++] = *c;
    at += add_pid(message + at, syscall_6(SYS_getpid, 0, 0, 0, 0, 0, 0));
    message[at++] = ']';
    message[at++] = ':';
    message[at++] = ' ';
    for (size_t i = 0; i < length && at < sizeof(heapalloc_last_message) - 1; i++) message[at++] = text[i];
    message[at] = 0;
    syscall_6(SYS_write, 2, (long)message, (long)at, 0, 0, 0);
    abort();
}

/* One line of /proc/self/maps that has been read so far. */
struct maps_line {
    uintptr_t from, to;
    bool stack;
};

static uintptr_t read_hex(const char **text) {
    uintptr_t value = 0;
    for (;; (*text)++) {
        char c = **text;
        if (c >= '0' && c <= '9')
            value = value * 16 + (uintptr_t)(c - '0');
        else if (c >= 'a' && c <= 'f')
            value = value * 16 + (uintptr_t)(c - 'a' + 10);
        else
            return value;
    }
}

static struct maps_line parse(const char *line) {
    struct maps_line parsed = {0};
    parsed.from = read_hex(&line);
    line++;
    parsed.to = read_hex(&line);
    for (; *line; line++) {
        if (line[0] == '[' && line[1] == 's' && line[2] == 't' && line[3] == 'a') parsed.stack = true;
    }
    return parsed;
}

/* `p` lies on the main stack, or in the mapping of the calling thread's own. */
static bool line_has(const char *line, uintptr_t p, uintptr_t here) {
    struct maps_line parsed = parse(line);
    if (p < parsed.from || p >= parsed.to) return false;
    return parsed.stack || (here >= parsed.from && here < parsed.to);
}

bool port_on_stack(const void *p) {
    char buffer[4096], line[256];
    size_t length = 0;
    bool found = false;
    int fd = (int)syscall_6(SYS_openat, AT_FDCWD, (long)"/proc/self/maps", O_RDONLY | O_CLOEXEC, 0, 0, 0);
    if (fd < 0) return false;
    long got;
    while (!found && (got = syscall_6(SYS_read, fd, (long)buffer, sizeof(buffer), 0, 0, 0)) > 0) {
        for (long i = 0; i < got && !found; i++) {
            if (buffer[i] != '\n') {
                if (length < sizeof(line) - 1) line[length++] = buffer[i];
                continue;
            }
            line[length] = 0;
            found = line_has(line, (uintptr_t)p, (uintptr_t)__builtin_frame_address(0));
            length = 0;
        }
    }
    syscall_6(SYS_close, fd, 0, 0, 0, 0, 0);
    return found;
}
