/* Fuzzing: an input is the notes of a core file, which also are those of a module in it: threads' registers, mapped
 * files, the program's name, build ids, where the heap's map is. What is read of them must be within them.
 *
 * The core file is composed anew for each input: headers, notes, and a module's first page, whose notes lie behind it.
 * Built and run by ci/fuzz.sh. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "tools/core.h"
#include "tools/core_notes.h"
#include "tools/target_open.h"
#include "tools/threads.h"
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PAGE = 4096, NOTES_BYTES = 4096, MODULE_AT = 0x10000, SEGMENTS = 3 };

static int file;
static char path[64];

/* The file: its headers, the module's headers in a page, the notes. */
struct image {
    Elf64_Ehdr header;
    Elf64_Phdr segments[SEGMENTS];
    char rest[PAGE - sizeof(Elf64_Ehdr) - SEGMENTS * sizeof(Elf64_Phdr)];
    Elf64_Ehdr module;
    Elf64_Phdr parts[2];
    char rest_of_module[PAGE - sizeof(Elf64_Ehdr) - 2 * sizeof(Elf64_Phdr)];
    unsigned char notes[NOTES_BYTES];
};

static Elf64_Phdr part(uint32_t type, uint32_t flags, uint64_t offset, uint64_t address, uint64_t bytes) {
    return (Elf64_Phdr){
        .p_type = type, .p_flags = flags, .p_offset = offset, .p_vaddr = address, .p_filesz = bytes, .p_memsz = bytes};
}

static void compose(const uint8_t *notes, size_t bytes) {
    static struct image image;
    Elf64_Ehdr header = {.e_ident = ELFMAG, .e_type = ET_CORE, .e_phoff = sizeof(header), .e_phnum = SEGMENTS};
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_phentsize = sizeof(Elf64_Phdr);
    image.header = image.module = header;
    image.module.e_phnum = 2;
    image.segments[0] = part(PT_NOTE, 0, offsetof(struct image, notes), 0, bytes);
    image.segments[1] = part(PT_LOAD, PF_R | PF_X, PAGE, MODULE_AT, PAGE + bytes);
    image.segments[2] = part(PT_LOAD, PF_R | PF_W, PAGE, MODULE_AT + 0x10000, PAGE + bytes);
    image.parts[0] = part(PT_LOAD, PF_R, 0, 0, PAGE + bytes);
    image.parts[1] = part(PT_NOTE, PF_R, PAGE, PAGE, bytes);
    memcpy(image.notes, notes, bytes);
    if (pwrite(file, &image, sizeof(image), 0) != sizeof(image)) abort();
}

static void count_mapping(uint64_t from, uint64_t to, bool stack, void *argument) {
    (void)stack;
    if (from >= to) abort();
    ++*(size_t *)argument;
}

static void read_all(void) {
    static struct target target;
    struct threads threads;
    char text[64];
    size_t mappings = 0;
    if (target_open(&target, path)) abort(); /* no notes lead to a whole map here */
    if (target.file < 0 || target.part_count != SEGMENTS) abort();
    target.module = MODULE_AT;
    target_build_id(&target, text, sizeof(text));
    if (text[strspn(text, "0123456789abcdef")]) abort();
    target_file_at(&target, MODULE_AT, text, sizeof(text));
    core_program(&target, text, sizeof(text));
    core_writable(&target, count_mapping, &mappings);
    if (mappings != 1) abort();
    if (!threads_stop(&threads, &target)) abort();
    for (size_t i = 0; i < threads.count; i++)
        if (threads.threads[i].register_count > sizeof(threads.threads[i].registers) / sizeof(uint64_t)) abort();
    threads_go(&threads);
    target_close(&target);
}

int LLVMFuzzerInitialize(int *count, char ***words);
int LLVMFuzzerInitialize(int *count, char ***words) {
    (void)count, (void)words;
    file = memfd_create("core", 0);
    if (file < 0) abort();
    snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t bytes);
int LLVMFuzzerTestOneInput(const uint8_t *input, size_t bytes) {
    compose(input, bytes < NOTES_BYTES ? bytes : NOTES_BYTES);
    read_all();
    return 0;
}
