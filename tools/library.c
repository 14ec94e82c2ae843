/* The preload libraries. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "library.h"
#include <elf.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Folders to search, relative to this program's: a build's, then those of an installation. */
static const char *const places[] = {".", "../lib/x86_64-linux-gnu", "../lib/aarch64-linux-gnu", "../lib64", "../lib"};

static bool is_file(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

bool library_find(const char *name, char *path, size_t bytes) {
    const char *told = getenv("HEAPALLOC_LIBRARY");
    char self[PATH_MAX], candidate[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
    if (told && *told) return is_file(told) && (size_t)snprintf(path, bytes, "%s", told) < bytes;
    if (length <= 0) return false;
    self[length] = 0;
    *strrchr(self, '/') = 0;
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        if ((size_t)snprintf(candidate, sizeof(candidate), "%s/%s/%s", self, places[i], name) >= sizeof(candidate))
            continue;
        char *whole = is_file(candidate) ? realpath(candidate, NULL) : NULL;
        if (!whole) continue;
        bool fits = (size_t)snprintf(path, bytes, "%s", whole) < bytes;
        free(whole);
        return fits;
    }
    return false;
}

bool library_find_program(const char *command, char *path, size_t bytes) {
    if (strchr(command, '/')) return is_file(command) && (size_t)snprintf(path, bytes, "%s", command) < bytes;
    const char *folder = getenv("PATH");
    if (!folder) folder = "/usr/bin:/bin";
    while (*folder) {
        size_t length = strcspn(folder, ":");
        int made = snprintf(path, bytes, "%.*s%s%s", (int)length, folder, length ? "/" : "", command);
        if (made > 0 && (size_t)made < bytes && is_file(path) && access(path, X_OK) == 0) return true;
        folder += length + (folder[length] == ':');
    }
    return false;
}

/* A dynamically linked program names its loader in a program header. */
static bool has_loader(int file, const Elf64_Ehdr *header) {
    for (unsigned i = 0; i < header->e_phnum; i++) {
        Elf64_Phdr part;
        off_t at = (off_t)(header->e_phoff + i * sizeof(part));
        if (pread(file, &part, sizeof(part), at) != sizeof(part)) return false;
        if (part.p_type == PT_INTERP) return true;
    }
    return false;
}

const char *library_refusal(const char *path) {
    Elf64_Ehdr header;
    struct stat status;
    const char *why = NULL;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return NULL; /* may be executable without being readable */
    bool whole = read(file, &header, sizeof(header)) == sizeof(header) && memcmp(header.e_ident, ELFMAG, SELFMAG) == 0;
    if (whole && header.e_ident[EI_CLASS] != ELFCLASS64)
        why = "is a 32-bit program, the library has 64 bits";
    else if (whole && header.e_phentsize == sizeof(Elf64_Phdr) && !has_loader(file, &header))
        why = "is linked statically: it loads no library";
    if (fstat(file, &status) == 0 && status.st_mode & (S_ISUID | S_ISGID) && geteuid() != 0)
        why = "is setuid or setgid: it loads no library that its caller names";
    close(file);
    return why;
}

/* "first<separator>then" in the environment; false: there is no memory. */
static bool set_pair(const char *name, const char *first, const char *separator, const char *then) {
    char *whole;
    if (asprintf(&whole, "%s%s%s", first, separator, then) < 0) return false;
    bool done = setenv(name, whole, 1) == 0;
    free(whole);
    return done;
}

bool library_preload(const char *library, const char *options) {
    const char *preloads = getenv("LD_PRELOAD"), *old = getenv("HEAPALLOC");
    bool is_set =
        preloads && *preloads ? set_pair("LD_PRELOAD", library, ":", preloads) : setenv("LD_PRELOAD", library, 1) == 0;
    if (!is_set || !options[0]) return is_set;
    return old && *old ? set_pair("HEAPALLOC", old, ",", options) : setenv("HEAPALLOC", options, 1) == 0;
}
