/* Fuzzing: an input is the options of the environment, of the program and of the file, divided by 0s. Whatever is in
 * them, reading ends; every value is one that its option may have, and reads back as the same. Built and run by
 * ci/fuzz.sh. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "adjust.h"
#include "background.h"
#include "dump_signal.h"
#include "events_run.h"
#include "exit_stats.h"
#include "guard_fault.h"
#include "guard_slots.h"
#include "heap/cache.h"
#include "heap/redzone.h"
#include "heap/registry.h"
#include "limit.h"
#include "metrics.h"
#include "options.c" /* the library's, whose values are reset */
#include "profile_ask.h"
#include "sandbox.h"
#include "span/purge.h"
#include <elf.h>
#include <heapalloc/heapalloc.h>
#include <heapalloc/port.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { LIST_BYTES = 4096, NAME_BYTES = 64 };

static char environment[LIST_BYTES + NAME_BYTES], program[LIST_BYTES];
static int file;
extern const char *heapalloc_options;
const char *heapalloc_options = program;

/* ---- what the options are read with and act on ---- */

uintptr_t process_auxiliary(uintptr_t type, uintptr_t otherwise) {
    return type == AT_SECURE ? 0 : otherwise;
}
char *process_variable(const char *name) {
    return strcmp(name, "HEAPALLOC=") == 0 ? environment : NULL;
}
const char *process_name(void) {
    return "program";
}
long process_id(void) {
    return 4242;
}

/* What applies them is not under test. */
const char *heapalloc_version(void) {
    return "0";
}
size_t port_page_bytes(void) {
    return 4096;
}
bool sandbox_entered;
uint8_t events_due;
uint32_t purge_decay_ms, purge_kept_max, unmapped_kept_units;
void events_run(void) {
}
void background_ask(enum background_start when) {
    (void)when;
}
void cache_set_limit(uint64_t bytes) {
    (void)bytes;
}
bool guard_begin(uint64_t each) {
    return each > 0;
}
void guard_watch(void) {
}
static struct heap some_heap = {.state = HEAP_LIVE};
_Thread_local struct heap *heap_self = &some_heap, *heap_fast = &some_heap;
struct heap *heap_for_thread(void) {
    return heap_self;
}
void redzone_set_firsts(uint32_t firsts) {
    (void)firsts;
}
void dump_signal_update(void) {
}
void exit_stats_ask(void) {
}
void limit_update(void) {
}
void metrics_update(void) {
}
void profile_update(void) {
}

static _Noreturn void wrong(const char *what) {
    fprintf(stderr, "fuzz: %s\n", what);
    abort();
}

static const struct option *option_of(enum option_id id) {
    return &option_table[id];
}

static void check(void) {
    for (enum option_id id = 0; id < OPTION_COUNT; id++) {
        const char *now = heapalloc_option_get(option_of(id)->name);
        uint64_t number = option_number(id), again;
        if (!now || strlen(now) >= TEXT_MAX) wrong("an option has no value");
        if (option_of(id)->kind == OPTION_PATH) continue;
        if (!option_read(id, now, strlen(now), &again)) wrong("a value is not read again");
        if (again != number) wrong("a value is read as another");
        if (number > (PROFILE_PEAK_PERCENT | 100) && id != OPTION_LIMIT && id != OPTION_SOFT_LIMIT)
            wrong("a number is out of range");
    }
}

/* Copy a list; returns what is left of the input. */
static size_t take(const unsigned char **input, size_t bytes, char *to) {
    const unsigned char *end = bytes ? memchr(*input, 0, bytes) : NULL;
    size_t length = end ? (size_t)(end - *input) : bytes, kept = length < LIST_BYTES - 1 ? length : LIST_BYTES - 1;
    if (kept) memcpy(to, *input, kept);
    to[kept] = 0;
    *input += length + (end != NULL);
    return bytes - length - (end != NULL);
}

int LLVMFuzzerInitialize(int *count, char ***words);
int LLVMFuzzerInitialize(int *count, char ***words) {
    (void)count, (void)words;
    file = memfd_create("conf", 0);
    return file < 0 ? abort(), 0 : 0;
}

int LLVMFuzzerTestOneInput(const unsigned char *input, size_t bytes);
int LLVMFuzzerTestOneInput(const unsigned char *input, size_t bytes) {
    static char text[LIST_BYTES];
    memset(values, 0, sizeof(values));
    bytes = take(&input, bytes, text);
    snprintf(environment, sizeof(environment), "conf=/proc/self/fd/%d,%s", file, text);
    bytes = take(&input, bytes, program);
    if (ftruncate(file, 0) != 0 || pwrite(file, input, bytes, 0) != (ssize_t)bytes) abort();
    if (lseek(file, 0, SEEK_SET) != 0) abort();
    options_begin();
    check();
    return 0;
}
