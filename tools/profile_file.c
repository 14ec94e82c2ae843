/* A heap profile of a file, with the names of its functions. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "profile_file.h"
#include "function_text.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE = 1 << 16, NAME_BYTES = 200 };
static const size_t file_max = (size_t)1 << 30;

const char *profile_file_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* ---- reading ---- */

/* Its size may be unknown, as that of a pipe. NULL: it cannot be read, errno says why. */
static char *read_all(int file, size_t *length) {
    char *bytes = NULL;
    size_t room = 0;
    *length = 0;
    for (ssize_t got = 0;; *length += (size_t)got) {
        if (room - *length < PIECE) {
            char *grown = room < file_max ? realloc(bytes, room = 2 * room + PIECE) : NULL;
            if (!grown) {
                errno = room < file_max ? ENOMEM : EFBIG;
                break;
            }
            bytes = grown;
        }
        while ((got = read(file, bytes + *length, room - *length)) < 0 && errno == EINTR) continue;
        if (got == 0) return bytes;
        if (got < 0) break;
    }
    free(bytes);
    return NULL;
}

static bool name_fault(struct heap_profile *profile, const char *path, const char *fault) {
    char text[PROFILE_FAULT_BYTES];
    snprintf(text, sizeof(text), "%.150s: %.240s", path, fault);
    return heap_profile_fail(profile, "%s", text);
}

char *profile_file_bytes(const char *path, size_t *length, uint64_t *time_ns) {
    struct stat about;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return NULL;
    char *bytes = fstat(file, &about) == 0 ? read_all(file, length) : NULL;
    int error = errno;
    close(file);
    errno = error;
    if (bytes) *time_ns = (uint64_t)about.st_mtim.tv_sec * 1000000000u + (uint64_t)about.st_mtim.tv_nsec;
    return bytes;
}

bool profile_file_read(struct heap_profile *profile, struct names *names, const char *path) {
    size_t length = 0;
    uint64_t time_ns;
    *profile = (struct heap_profile){.names = names};
    char *bytes = profile_file_bytes(path, &length, &time_ns);
    if (!bytes) return name_fault(profile, path, strerror(errno));
    bool good = heap_profile_parse(profile, names, bytes, length);
    free(bytes);
    if (!good) return name_fault(profile, path, profile->fault);
    if (profile->time_ns == 0) profile->time_ns = time_ns;
    return true;
}

/* ---- names ---- */

struct symbols *profile_symbols(const struct heap_profile *profile) {
    struct symbols *symbols = symbols_open();
    for (size_t i = 0; symbols && i < profile->module_count; i++) {
        const struct profile_module *module = &profile->modules[i];
        symbols_add(symbols, names_text(profile->names, module->path), module->from, module->offset,
                    names_text(profile->names, module->build_id));
    }
    return symbols;
}

static void describe_place(const struct heap_profile *profile, uint64_t address, char *text, size_t bytes) {
    const struct profile_module *module = heap_profile_module(profile, address);
    const char *path = module ? names_text(profile->names, module->path) : "";
    if (*path)
        snprintf(text, bytes, "%.120s+0x%llx", profile_file_name(path),
                 (unsigned long long)(address - module->from + module->offset));
    else
        snprintf(text, bytes, "0x%llx", (unsigned long long)address);
}

struct naming {
    struct heap_profile *profile;
    struct profile_location *location;
    bool failed;
};

static void add_function_line(const char *function, const char *file, int line, void *argument) {
    struct naming *naming = argument;
    struct names *names = naming->profile->names;
    struct profile_line new = {.function = names_add(names, function, strlen(function)),
                               .file = file ? names_add(names, file, strlen(file)) : NUMBER_NONE,
                               .number = line > 0 ? (uint32_t)line : 0};
    if (heap_profile_add_line(naming->profile, new))
        naming->location->line_count++;
    else
        naming->failed = true;
}

bool profile_name(struct heap_profile *profile) {
    struct symbols *symbols = profile_symbols(profile);
    struct naming naming = {.profile = profile, .failed = !symbols};
    for (size_t i = 0; i < profile->location_count && !naming.failed; i++) {
        char text[NAME_BYTES];
        naming.location = &profile->locations[i];
        if (naming.location->line_count > 0) continue;
        naming.location->line = (uint32_t)profile->line_count;
        if (symbols_find(symbols, naming.location->address, add_function_line, &naming)) continue;
        naming.location->unknown = true;
        describe_place(profile, naming.location->address, text, sizeof(text));
        add_function_line(text, NULL, 0, &naming);
    }
    symbols_close(symbols);
    return !naming.failed || heap_profile_fail(profile, "there is not enough memory for the names of functions");
}

struct description {
    char *text;
    size_t bytes;
};

static void describe_function(const char *function, const char *file, int line, void *argument) {
    struct description *description = argument;
    char text[NAME_BYTES];
    if (description->text[0]) return;
    function_text(function, text, sizeof(text));
    if (file)
        snprintf(description->text, description->bytes, "%s %s:%d", text, profile_file_name(file), line);
    else
        snprintf(description->text, description->bytes, "%s", text);
}

void profile_describe(const struct heap_profile *profile, struct symbols *symbols, uint64_t address, char *text,
                      size_t bytes) {
    struct description description = {text, bytes};
    text[0] = 0;
    if (!symbols || !symbols_find(symbols, address, describe_function, &description))
        describe_place(profile, address, text, bytes);
}
