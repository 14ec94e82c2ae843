/* Fuzzing: an input is a list of changes to a core file with a small heap, which `heapalloc stats`, `walk` and `check`
 * then read: whatever is in it, they end, and touch nothing outside of their own memory.
 *
 * The core file is composed once, of a heap in the scripted world: a module with the note that leads to the map, the
 * map, and all that it names, each in a segment of its own. Each change has seven bytes: which segment (0: the file's
 * headers), where in it, which bits. An input that ends with a partial change truncates the file. Built and run by
 * ci/fuzz.sh. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "fuzzed_heap.h"
#include "heap/fast.h"
#include "tools/survey.h"
#include "tools/target_open.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { CHANGE_BYTES = 7, CHANGES_MAX = 64, MODULE_AT = 0x10000, NOTE_AT = 0x200 };

static char *image; /* the file as it was composed */
static uint64_t image_bytes;
static int file;
static char path[64];
static char module[4096] __attribute__((aligned(4096)));

/* A library's first page, with one note: how far the map is from the note's own descriptor. */
static void add_module(void) {
    Elf64_Ehdr header = {.e_ident = ELFMAG, .e_phoff = sizeof(header), .e_phentsize = sizeof(Elf64_Phdr), .e_phnum = 2};
    Elf64_Nhdr note = {.n_namesz = sizeof("heapalloc"), .n_descsz = 8, .n_type = HEAPALLOC_MAP_NOTE};
    uint64_t descriptor = NOTE_AT + sizeof(note) + 12;
    int64_t distance = (int64_t)((uintptr_t)&heapalloc_map - (MODULE_AT + descriptor));
    Elf64_Phdr listed[2] = {
        {.p_type = PT_LOAD, .p_filesz = sizeof(module), .p_memsz = sizeof(module)},
        {.p_type = PT_NOTE, .p_vaddr = NOTE_AT, .p_offset = NOTE_AT, .p_filesz = sizeof(note) + 20}};
    header.e_ident[EI_CLASS] = ELFCLASS64;
    memcpy(module, &header, sizeof(header));
    memcpy(module + sizeof(header), listed, sizeof(listed));
    memcpy(module + NOTE_AT, &note, sizeof(note));
    memcpy(module + NOTE_AT + sizeof(note), "heapalloc", sizeof("heapalloc"));
    memcpy(module + descriptor, &distance, sizeof(distance));
    part_add(module, MODULE_AT, sizeof(module));
}

static void compose(void) {
    Elf64_Ehdr header = {.e_ident = ELFMAG, .e_type = ET_CORE, .e_phoff = sizeof(header)};
    Elf64_Phdr listed[PARTS_MAX] = {{0}};
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_phentsize = sizeof(listed[0]);
    header.e_phnum = (uint16_t)part_count;
    image_bytes = sizeof(header) + part_count * sizeof(listed[0]);
    for (unsigned i = 0; i < part_count; i++) {
        parts[i].offset = image_bytes;
        listed[i].p_type = PT_LOAD;
        listed[i].p_offset = image_bytes;
        listed[i].p_vaddr = parts[i].address;
        listed[i].p_filesz = listed[i].p_memsz = parts[i].bytes;
        image_bytes += parts[i].bytes;
    }
    image = malloc(image_bytes);
    if (!image) abort();
    memcpy(image, &header, sizeof(header));
    memcpy(image + sizeof(header), listed, part_count * sizeof(listed[0]));
    for (unsigned i = 0; i < part_count; i++) memcpy(image + parts[i].offset, parts[i].memory, parts[i].bytes);
}

static void write_file(uint64_t offset, const void *bytes, size_t count) {
    if (pwrite(file, bytes, count, (off_t)offset) != (ssize_t)count) abort();
}

/* Where a change goes. */
static uint64_t place_of(const uint8_t *change) {
    struct part all = {NULL, 0, parts[0].offset, 0};
    const struct part *part = change[0] % (part_count + 1) ? &parts[change[0] % (part_count + 1) - 1] : &all;
    uint64_t within = change[1] | (uint64_t)change[2] << 8 | (uint64_t)change[3] << 16;
    return part->offset + within % part->bytes;
}

static bool count_block(const struct heapalloc_block *block, void *argument) {
    (void)block;
    ++*(size_t *)argument;
    return true;
}

static unsigned names; /* that were read last */

/* All that the commands do. Returns the number of blocks; 0 when the file is refused, with a sentence. */
static size_t read_core(void) {
    static struct target target;
    static struct survey survey;
    size_t blocks = 0;
    names = 0;
    bool opened = target_open(&target, path);
    if (opened) {
        survey_take(&survey, &target);
        survey_density(&survey);
        if (reader_walk(&target.reader, count_block, &blocks)) reader_check_lists(&target.reader);
        names = fuzzed_names_read(&target);
        if (target.reader.torn > 0 && !target.reader.fault[0]) abort(); /* a fault without a sentence */
    }
    target_close(&target);
    return blocks;
}

int LLVMFuzzerInitialize(int *count, char ***words) {
    (void)count, (void)words;
    fuzzed_heap_use();
    add_module();
    fuzzed_heap_add();
    compose();
    file = memfd_create("core", 0);
    if (file < 0) abort();
    snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
    write_file(0, image, image_bytes);
    if (read_core() < FUZZED_BLOCKS / 2 || names != FUZZED_NAMES) abort(); /* the composed file itself is right */
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t bytes) {
    size_t changes = bytes / CHANGE_BYTES < CHANGES_MAX ? bytes / CHANGE_BYTES : CHANGES_MAX;
    bool cut = bytes % CHANGE_BYTES >= 4;
    for (size_t i = 0; i < changes; i++) {
        const uint8_t *change = input + i * CHANGE_BYTES;
        uint64_t at = place_of(change);
        for (uint64_t k = 0; k < 3 && at + k < image_bytes; k++) write_file(at + k, change + 4 + k, 1);
    }
    if (cut && ftruncate(file, (off_t)place_of(input + bytes / CHANGE_BYTES * CHANGE_BYTES)) != 0) abort();
    read_core();
    if (cut) write_file(0, image, image_bytes);
    for (size_t i = 0; i < changes && !cut; i++) {
        uint64_t at = place_of(input + i * CHANGE_BYTES);
        write_file(at, image + at, at + 3 < image_bytes ? 3 : image_bytes - at);
    }
    return 0;
}
