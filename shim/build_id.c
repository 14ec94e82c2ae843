/* Reads the build ID of a loaded module. Source: the ELF specification, "Note Section". */
/* SPDX-License-Identifier: MIT */
#include "build_id.h"
#include "base/bits.h"
#include <elf.h>
#include <link.h>

enum { NOTE_ALIGN = 4 };

static bool is_build_id(const ElfW(Nhdr) * note) {
    const char *name = (const char *)(note + 1);
    return note->n_type == NT_GNU_BUILD_ID && note->n_namesz == 4 && name[0] == 'G' && name[1] == 'N' &&
           name[2] == 'U' && !name[3];
}

static void write_id(const uint8_t *bytes, size_t count, char id[BUILD_ID_CHARS]) {
    if (count > (BUILD_ID_CHARS - 1) / 2) count = (BUILD_ID_CHARS - 1) / 2;
    for (size_t i = 0; i < count; i++) {
        id[2 * i] = "0123456789abcdef"[bytes[i] >> 4];
        id[2 * i + 1] = "0123456789abcdef"[bytes[i] & 15];
    }
    id[2 * count] = 0;
}

static void look_at_notes(uintptr_t at, uintptr_t end, char id[BUILD_ID_CHARS]) {
    while (end - at > sizeof(ElfW(Nhdr)) && at < end && !id[0]) {
        const ElfW(Nhdr) *note = (const ElfW(Nhdr) *)at;
        uintptr_t bytes = at + sizeof(*note) + round_up(note->n_namesz, NOTE_ALIGN);
        uintptr_t next = bytes + round_up(note->n_descsz, NOTE_ALIGN);
        if (next > end || next <= at) return;
        if (is_build_id(note)) write_id((const uint8_t *)bytes, note->n_descsz, id);
        at = next;
    }
}

COLD void build_id_read(uintptr_t start, uintptr_t end, char id[BUILD_ID_CHARS]) {
    const ElfW(Ehdr) *head = (const ElfW(Ehdr) *)start;
    const char *magic = (const char *)start;
    id[0] = 0;
    if (end - start < sizeof(*head) || magic[0] != ELFMAG0 || magic[1] != 'E' || magic[2] != 'L' || magic[3] != 'F')
        return;
    if (head->e_phentsize != sizeof(ElfW(Phdr)) || head->e_phoff > end - start) return;
    if (head->e_phnum * sizeof(ElfW(Phdr)) > end - start - head->e_phoff) return;
    const ElfW(Phdr) *segment = (const ElfW(Phdr) *)(start + head->e_phoff);
    for (uint32_t i = 0; i < head->e_phnum && !id[0]; i++) {
        bool fits = segment[i].p_offset < end - start && segment[i].p_filesz <= end - start - segment[i].p_offset;
        if (segment[i].p_type == PT_NOTE && fits)
            look_at_notes(start + segment[i].p_offset, start + segment[i].p_offset + segment[i].p_filesz, id);
    }
}
