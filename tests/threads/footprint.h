/* How large the process is: addresses, resident memory, mappings; read without allocating. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "team.h"

struct footprint {
    size_t address_kib, resident_kib, mappings;
};

static size_t kib_of(const char *text, const char *name) {
    const char *line = strstr(text, name);
    expect(line != NULL);
    return strtoul(line + strlen(name), NULL, 10);
}

static struct footprint footprint(void) {
    char text[4096];
    int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
    ssize_t length = read(fd, text, sizeof text - 1);
    expect(fd >= 0 && length > 0 && close(fd) == 0);
    text[length] = '\0';
    return (struct footprint){kib_of(text, "VmSize:"), kib_of(text, "VmRSS:"), mappings()};
}
