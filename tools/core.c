/* A core file as the source of a heap: its segments, each read only within the file. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "core.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PARTS_MAX = 1 << 20 };

static bool fail(struct target *target, const char *what) {
    snprintf(target->why, sizeof(target->why), "%s %s", target->name, what);
    return false;
}

static bool read_at(struct target *target, uint64_t offset, void *to, size_t bytes) {
    if (offset > target->bytes || target->bytes - offset < bytes) return false;
    return pread(target->file, to, bytes, (off_t)offset) == (ssize_t)bytes;
}

/* More than 65534 segments are counted in the first section's header. */
static uint64_t count_parts(struct target *target, const Elf64_Ehdr *header) {
    Elf64_Shdr section;
    if (header->e_phnum != PN_XNUM) return header->e_phnum;
    return read_at(target, header->e_shoff, &section, sizeof(section)) ? section.sh_info : 0;
}

static bool load_parts(struct target *target, const Elf64_Ehdr *header) {
    uint64_t count = count_parts(target, header);
    if (count == 0 || count > PARTS_MAX || header->e_phentsize != sizeof(Elf64_Phdr))
        return fail(target, "is cut short or damaged: it has no segments");
    target->parts = calloc(count, sizeof(*target->parts));
    if (!target->parts) return fail(target, "cannot be read: no memory");
    target->part_count = (unsigned)count;
    if (!read_at(target, header->e_phoff, target->parts, count * sizeof(*target->parts)))
        return fail(target, "is cut short: its list of segments ends early");
    for (unsigned i = 0; i < count; i++) {
        const Elf64_Phdr *part = &target->parts[i];
        if (part->p_type == PT_LOAD &&
            (part->p_offset > target->bytes || part->p_filesz > target->bytes - part->p_offset))
            return fail(target, "is cut short: a segment lies behind its end");
    }
    return true;
}

bool core_open(struct target *target, const char *path) {
    Elf64_Ehdr header;
    struct stat status;
    snprintf(target->name, sizeof(target->name), "%s", path);
    target->file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (target->file < 0 || fstat(target->file, &status) != 0) {
        snprintf(target->why, sizeof(target->why), "%s cannot be read: %s", path, strerror(errno));
        return false;
    }
    if (!S_ISREG(status.st_mode)) return fail(target, "is neither a process nor a file");
    target->bytes = (uint64_t)status.st_size;
    if (!read_at(target, 0, &header, sizeof(header)) || memcmp(header.e_ident, ELFMAG, SELFMAG) != 0)
        return fail(target, "is no core file");
    if (header.e_ident[EI_CLASS] != ELFCLASS64)
        return fail(target, "is of a 32-bit program, which cannot have heapalloc");
    if (header.e_ident[EI_DATA] != ELFDATA2LSB) return fail(target, "is of a machine with another byte order");
    if (header.e_type != ET_CORE) return fail(target, "is an ELF file, but no core file");
    return load_parts(target, &header);
}

/* The part of a segment's memory at `address` that is in the file; the file may lack the rest of a segment. */
static const Elf64_Phdr *part_of(const struct target *target, uint64_t address) {
    for (unsigned i = 0; i < target->part_count; i++) {
        const Elf64_Phdr *part = &target->parts[i];
        if (part->p_type == PT_LOAD && address >= part->p_vaddr && address - part->p_vaddr < part->p_filesz)
            return part;
    }
    return NULL;
}

bool core_read(void *context, uint64_t address, void *to, size_t bytes) {
    struct target *target = context;
    while (bytes > 0) {
        const Elf64_Phdr *part = part_of(target, address);
        if (!part) return false;
        uint64_t within = address - part->p_vaddr;
        size_t step = part->p_filesz - within < bytes ? (size_t)(part->p_filesz - within) : bytes;
        if (!read_at(target, part->p_offset + within, to, step)) return false;
        to = (char *)to + step;
        address += step;
        bytes -= step;
    }
    return true;
}

bool core_modules(struct target *target, target_look *look) {
    for (unsigned i = 0; i < target->part_count; i++) {
        const Elf64_Phdr *part = &target->parts[i];
        if (part->p_type == PT_LOAD && part->p_filesz > 0 && look(target, part->p_vaddr)) return true;
    }
    return false;
}
