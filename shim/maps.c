/* Reads /proc/self/maps line by line. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "maps.h"
#include "syscall.h"
#include <fcntl.h>

enum { READ_BYTES = 2048 };

/* The open file, and the part of it that was read and not used yet. */
struct maps_reader {
    int fd;
    size_t at, end;
    char bytes[READ_BYTES];
};

/* The next byte; -1 at the end of the file. */
static int maps_next(struct maps_reader *reader) {
    if (reader->at == reader->end) {
        long got = syscall_6(SYS_read, reader->fd, (long)reader->bytes, READ_BYTES, 0, 0, 0);
        if (got <= 0) return -1;
        reader->at = 0;
        reader->end = (size_t)got;
    }
    return (unsigned char)reader->bytes[reader->at++];
}

/* Read a hexadecimal number; returns the character behind it. */
static int maps_hex(struct maps_reader *reader, uintptr_t *value) {
    *value = 0;
    for (;;) {
        int c = maps_next(reader);
        if (c >= '0' && c <= '9')
            *value = *value * 16 + (uintptr_t)(c - '0');
        else if (c >= 'a' && c <= 'f')
            *value = *value * 16 + (uintptr_t)(c - 'a' + 10);
        else
            return c;
    }
}

/* Read a line's path, without the spaces before it. When it does not fit, its last part is kept. */
static void maps_path(struct maps_reader *reader, char path[MAPS_PATH_BYTES]) {
    size_t length = 0;
    for (int c; (c = maps_next(reader)) != -1 && c != '\n';) {
        if (length == 0 && c == ' ') continue;
        if (length == MAPS_PATH_BYTES - 1) {
            for (length = 0; length < MAPS_PATH_BYTES / 2; length++)
                path[length] = path[length + MAPS_PATH_BYTES / 2 - 1];
        }
        path[length++] = (char)c;
    }
    path[length] = 0;
}

static void maps_skip(struct maps_reader *reader, int until) {
    for (int c; (c = maps_next(reader)) != -1 && c != until;) {
    }
}

/* Read a line: FROM-TO rwxp OFFSET MAJOR:MINOR INODE   PATH */
static bool maps_read(struct maps_reader *reader, struct maps_line *line) {
    if (maps_hex(reader, &line->from) != '-' || maps_hex(reader, &line->to) != ' ') return false;
    line->readable = maps_next(reader) == 'r';
    line->writable = maps_next(reader) == 'w';
    line->executable = maps_next(reader) == 'x';
    line->is_private = maps_next(reader) == 'p';
    maps_skip(reader, ' ');
    maps_hex(reader, &line->offset);
    maps_skip(reader, ' ');
    int c;
    while ((c = maps_next(reader)) >= '0' && c <= '9') {
    }
    line->path[0] = 0;
    if (c == ' ') maps_path(reader, line->path);
    return true;
}

bool maps_find(bool (*look)(const struct maps_line *line, void *to), void *to) {
    struct maps_reader reader;
    struct maps_line line;
    bool found = false;
    reader.at = reader.end = 0;
    reader.fd = (int)syscall_6(SYS_openat, AT_FDCWD, (long)"/proc/self/maps", O_RDONLY | O_CLOEXEC, 0, 0, 0);
    if (reader.fd < 0) return false;
    while (!found && maps_read(&reader, &line)) found = look(&line, to);
    syscall_6(SYS_close, reader.fd, 0, 0, 0, 0, 0);
    return found;
}
