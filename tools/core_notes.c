/* The notes of a core file. Each is read within its segment, whatever lengths it claims. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "core_notes.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/procfs.h>
#include <unistd.h>

enum { NOTES_BYTES_MAX = 64 << 20 };

/* Visit the notes in memory. False: the visitor ended it. */
static bool notes_in(const unsigned char *notes, size_t bytes, core_note *visit, void *argument) {
    static const char names[][6] = {"CORE", "LINUX"};
    Elf64_Nhdr note;
    for (size_t at = 0; bytes - at >= sizeof(note);) {
        memcpy(&note, notes + at, sizeof(note));
        uint64_t name = at + sizeof(note), data = name + ((note.n_namesz + 3ull) & ~3ull);
        uint64_t next = data + ((note.n_descsz + 3ull) & ~3ull);
        if (data + note.n_descsz > bytes) return true;
        for (size_t i = 0; i < 2; i++)
            if (note.n_namesz == strlen(names[i]) + 1 && memcmp(notes + name, names[i], note.n_namesz) == 0 &&
                !visit(note.n_type, notes + data, note.n_descsz, argument))
                return false;
        if (next > bytes) return true;
        at = next;
    }
    return true;
}

void core_notes(struct target *target, core_note *visit, void *argument) {
    bool on = true;
    for (unsigned i = 0; i < target->part_count && on; i++) {
        const Elf64_Phdr *part = &target->parts[i];
        if (part->p_type != PT_NOTE || part->p_filesz > NOTES_BYTES_MAX) continue;
        unsigned char *notes = malloc(part->p_filesz + 1);
        if (notes && pread(target->file, notes, part->p_filesz, (off_t)part->p_offset) == (ssize_t)part->p_filesz)
            on = notes_in(notes, part->p_filesz, visit, argument);
        free(notes);
    }
}

/* ---- mapped files ---- */

struct maps {
    struct target *target;
    FILE *out;
};

/* A debugger leaves out what it can read from files: such a mapping may be code. */
static bool is_code(const struct target *target, uint64_t address) {
    for (unsigned i = 0; i < target->part_count; i++) {
        const Elf64_Phdr *part = &target->parts[i];
        if (part->p_type == PT_LOAD && address >= part->p_vaddr && address - part->p_vaddr < part->p_memsz)
            return part->p_flags & PF_X;
    }
    return true;
}

/* NT_FILE: a count, a page's bytes; for each file first and last address, and pages before it; then all names. */
static bool put_files(unsigned type, const unsigned char *data, size_t bytes, void *argument) {
    struct maps *maps = argument;
    uint64_t head[2], row[3];
    if (type != NT_FILE || bytes < sizeof(head)) return true;
    memcpy(head, data, sizeof(head));
    if (head[0] > (bytes - sizeof(head)) / sizeof(row)) return true;
    size_t name = sizeof(head) + head[0] * sizeof(row);
    for (uint64_t i = 0; i < head[0] && name < bytes; i++) {
        const char *text = (const char *)data + name;
        size_t length = strnlen(text, bytes - name);
        if (name + length == bytes) break;
        memcpy(row, data + sizeof(head) + i * sizeof(row), sizeof(row));
        if (!memchr(text, '\n', length) && row[0] < row[1])
            fprintf(maps->out, "%" PRIx64 "-%" PRIx64 " r-%cp %08" PRIx64 " 00:00 0 %s\n", row[0], row[1],
                    is_code(maps->target, row[0]) ? 'x' : '-', row[2] * head[1], text);
        name += length + 1;
    }
    return false;
}

void core_put_maps(struct target *target, FILE *out) {
    core_notes(target, put_files, &(struct maps){target, out});
}

/* ---- the program ---- */

static bool take_program(unsigned type, const unsigned char *data, size_t bytes, void *argument) {
    struct elf_prpsinfo info;
    if (type != NT_PRPSINFO || bytes != sizeof(info)) return true;
    memcpy(&info, data, sizeof(info));
    memcpy(argument, info.pr_fname, sizeof(info.pr_fname));
    ((char *)argument)[sizeof(info.pr_fname)] = 0;
    return false;
}

void core_program(struct target *target, char *name, size_t room) {
    char text[sizeof(((struct elf_prpsinfo *)0)->pr_fname) + 1] = "";
    core_notes(target, take_program, text);
    snprintf(name, room, "%s", text);
}

/* ---- memory ---- */

/* The auxiliary vector names random bytes, which lie on the first thread's stack. */
static bool take_random(unsigned type, const unsigned char *data, size_t bytes, void *argument) {
    uint64_t pair[2];
    if (type != NT_AUXV) return true;
    for (size_t at = 0; bytes - at >= sizeof(pair); at += sizeof(pair)) {
        memcpy(pair, data + at, sizeof(pair));
        if (pair[0] == AT_RANDOM) *(uint64_t *)argument = pair[1];
    }
    return false;
}

void core_writable(struct target *target, target_mapping *visit, void *argument) {
    uint64_t random = 0;
    core_notes(target, take_random, &random);
    for (unsigned i = 0; i < target->part_count; i++) {
        const Elf64_Phdr *part = &target->parts[i];
        if (part->p_type == PT_LOAD && part->p_flags & PF_W && part->p_filesz > 0)
            visit(part->p_vaddr, part->p_vaddr + part->p_filesz, random - part->p_vaddr < part->p_filesz, argument);
    }
}
