/* Walks /proc from a process down to its descendants and sums their anonymous memory. */
/* SPDX-License-Identifier: MIT */
#include "tree.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* A build has tens of processes; deeper or wider trees are cut off rather than followed for long. */
enum { DEPTH_MAX = 16, TEXT_BYTES = 4096 };

static ssize_t read_text(const char *path, char *text, size_t bytes) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return -1;
    ssize_t length = read(fd, text, bytes - 1);
    close(fd);
    if (length >= 0) text[length] = 0;
    return length;
}

static size_t anonymous_kib(pid_t pid) {
    char path[64], text[256];
    unsigned long total, resident, shared;
    snprintf(path, sizeof path, "/proc/%d/statm", (int)pid);
    if (read_text(path, text, sizeof text) <= 0) return 0;
    if (sscanf(text, "%lu %lu %lu", &total, &resident, &shared) != 3 || resident < shared) return 0;
    return (resident - shared) * (size_t)sysconf(_SC_PAGESIZE) / 1024;
}

static size_t sum_kib(pid_t pid, int depth) {
    char path[64], text[TEXT_BYTES];
    size_t kib = anonymous_kib(pid);
    /* Only children of the main thread: compilers, git and shells start theirs in it. */
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)pid, (int)pid);
    if (depth == DEPTH_MAX || read_text(path, text, sizeof text) <= 0) return kib;
    char *at = text, *end;
    for (long child; (child = strtol(at, &end, 10)) > 0 && end != at; at = end) kib += sum_kib((pid_t)child, depth + 1);
    return kib;
}

size_t tree_anonymous_kib(pid_t root) {
    return sum_kib(root, 0);
}
