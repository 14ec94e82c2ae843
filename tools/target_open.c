/* Opens the target of a command, and finds its heap map by an ELF note. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "target_open.h"
#include "core.h"
#include "core_notes.h"
#include "process.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PARTS_MAX = 64, NOTES_BYTES_MAX = 4096, EXIT_NONE = 1, EXIT_USAGE = 2 };

static bool target_read(struct target *target, uint64_t address, void *to, size_t bytes) {
    return target->process ? process_read(target, address, to, bytes) : core_read(target, address, to, bytes);
}

/* Find a note by its name and type among these, whose first byte is at `notes`. NULL: there is none; its descriptor
 * begins there, and has *length bytes. */
static const unsigned char *find_note(const unsigned char *notes, size_t bytes, const char *name, unsigned type,
                                      size_t *length) {
    Elf64_Nhdr note;
    for (size_t at = 0; bytes - at >= sizeof(note);) {
        memcpy(&note, notes + at, sizeof(note));
        uint64_t text = at + sizeof(note), data = text + ((note.n_namesz + 3ull) & ~3ull);
        uint64_t next = data + ((note.n_descsz + 3ull) & ~3ull);
        if (next > bytes) return NULL;
        if (note.n_type == type && note.n_namesz == strlen(name) + 1 &&
            memcmp(notes + text, name, note.n_namesz) == 0) {
            *length = note.n_descsz;
            return notes + data;
        }
        at = next;
    }
    return NULL;
}

/* The address in our note of this type, if it is among these notes, whose first byte is at `address`; 0: it is not. */
static uint64_t address_in_notes(const unsigned char *notes, size_t bytes, uint64_t address, unsigned type) {
    int64_t distance;
    size_t length = 0;
    const unsigned char *data = find_note(notes, bytes, "heapalloc", type, &length);
    if (!data || length != sizeof(distance)) return 0;
    memcpy(&distance, data, sizeof(distance));
    return address + (uint64_t)(data - notes) + (uint64_t)distance;
}

static bool try_map(struct target *target, uint64_t address) {
    bool (*read)(void *, uint64_t, void *, size_t) = target->process ? process_read : core_read;
    const char *wrong = reader_open(&target->reader, read, target, address);
    if (wrong)
        snprintf(target->why, sizeof(target->why), "%s: %s (at 0x%llx)", target->name, wrong, (long long)address);
    if (!wrong) target->found = true;
    return !wrong;
}

/* Called with notes of a module and their address; true ends the search. */
typedef bool notes_visit(struct target *target, const unsigned char *notes, size_t bytes, uint64_t address,
                         void *argument);

/* If a module begins here, visit its notes. False: there is none, or no visit ended the search. */
static bool visit_notes(struct target *target, uint64_t start, notes_visit *visit, void *argument) {
    Elf64_Ehdr header;
    Elf64_Phdr parts[PARTS_MAX];
    unsigned char notes[NOTES_BYTES_MAX];
    if (!target_read(target, start, &header, sizeof(header)) || memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
        header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_phentsize != sizeof(parts[0]) ||
        header.e_phnum > PARTS_MAX || header.e_phoff > 4096 ||
        !target_read(target, start + header.e_phoff, parts, header.e_phnum * sizeof(parts[0])))
        return false;
    uint64_t bias = start;
    for (unsigned i = header.e_phnum; i-- > 0;)
        if (parts[i].p_type == PT_LOAD) bias = start - (parts[i].p_vaddr - parts[i].p_offset);
    for (unsigned i = 0; i < header.e_phnum; i++) {
        uint64_t address = bias + parts[i].p_vaddr, bytes = parts[i].p_filesz;
        if (parts[i].p_type == PT_NOTE && bytes <= sizeof(notes) && target_read(target, address, notes, bytes) &&
            visit(target, notes, bytes, address, argument))
            return true;
    }
    return false;
}

static bool take_map(struct target *target, const unsigned char *notes, size_t bytes, uint64_t address,
                     void *argument) {
    uint64_t map = address_in_notes(notes, bytes, address, HEAPALLOC_MAP_NOTE);
    if (!map || !try_map(target, map)) return false;
    target->module = *(uint64_t *)argument;
    target->samples = address_in_notes(notes, bytes, address, HEAPALLOC_PROFILE_NOTE);
    return true;
}

static bool look_at_module(struct target *target, uint64_t start) {
    return visit_notes(target, start, take_map, &start);
}

struct build_id {
    char *text;
    size_t room;
};

static bool take_build_id(struct target *target, const unsigned char *notes, size_t bytes, uint64_t address,
                          void *argument) {
    struct build_id *id = argument;
    size_t length = 0;
    const unsigned char *data = find_note(notes, bytes, ELF_NOTE_GNU, NT_GNU_BUILD_ID, &length);
    (void)target, (void)address;
    for (size_t i = 0; data && i < length && 2 * i + 2 < id->room; i++) snprintf(id->text + 2 * i, 3, "%02x", data[i]);
    return data != NULL;
}

void target_build_id(struct target *target, char *text, size_t room) {
    struct build_id id = {text, room};
    text[0] = 0;
    if (target->module) visit_notes(target, target->module, take_build_id, &id);
}

void target_file_at(struct target *target, uint64_t address, char *path, size_t room) {
    char *text = NULL, *line, *rest;
    size_t length = 0;
    path[0] = 0;
    FILE *out = open_memstream(&text, &length);
    if (!out) return;
    if (target->process)
        process_put_maps(target, out);
    else
        core_put_maps(target, out);
    if (fclose(out) != 0) return free(text);
    for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        uint64_t from = strtoull(line, &line, 16), to = *line == '-' ? strtoull(line + 1, &line, 16) : 0;
        char *name = strchr(line, '/');
        if (address >= from && address < to && name) snprintf(path, room, "%s", name);
    }
    free(text);
}

static bool is_number(const char *word) {
    return *word && word[strspn(word, "0123456789")] == 0;
}

bool target_open(struct target *target, const char *word) {
    memset(target, 0, sizeof(*target));
    target->file = -1;
    if (is_number(word) && access(word, F_OK) != 0) {
        long process = strtol(word, NULL, 10);
        if (process <= 0 || process > 1 << 30) {
            snprintf(target->why, sizeof(target->why), "%s is no process", word);
            return false;
        }
        if (!process_open(target, (pid_t)process)) return false;
        return process_modules(target, look_at_module);
    }
    return core_open(target, word) && core_modules(target, look_at_module);
}

void target_close(struct target *target) {
    if (target->file >= 0) close(target->file);
    free(target->parts);
}

int target_open_for(struct target *target, const char *command, const char *word) {
    if (target_open(target, word)) return 0;
    bool none = !target->why[0];
    if (none) snprintf(target->why, sizeof(target->why), "%s has no heap of heapalloc's", target->name);
    fprintf(stderr, "heapalloc %s: %s\n", command, target->why);
    target_close(target);
    return none ? EXIT_NONE : EXIT_USAGE;
}
