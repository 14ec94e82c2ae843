/* Fuzzing: an input is a list of changes to the memory of another process with a small heap, which `heapalloc stats`,
 * `walk` and `check` then read: whatever is in it, they end, and touch nothing outside of their own memory.
 *
 * The other process is a fork of this one, which waits. Its heap is in the scripted world, at the same addresses as
 * ours, from which it is restored. Each change has seven bytes: which part of the memory, where in it, three bytes to
 * write. Built and run by ci/fuzz.sh. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "fuzzed_heap.h"
#include "tools/survey.h"
#include "tools/target_open.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/uio.h>
#include <unistd.h>

enum { CHANGE_BYTES = 7, WRITTEN_BYTES = 3, CHANGES_MAX = 64 };

static pid_t other;
static char number[16]; /* its process ID */

/* False: that memory is read-only, as the map itself. */
static bool write_other(uint64_t address, const void *bytes, size_t count) {
    struct iovec local = {(void *)(uintptr_t)bytes, count}, remote = {(void *)(uintptr_t)address, count};
    return process_vm_writev(other, &local, 1, &remote, 1, 0) == (ssize_t)count;
}

static const struct part *part_of(const uint8_t *change, uint64_t *within) {
    const struct part *part = &parts[change[0] % part_count];
    *within = (change[1] | (uint64_t)change[2] << 8 | (uint64_t)change[3] << 16) % part->bytes;
    if (part->bytes - *within < WRITTEN_BYTES) *within = 0;
    return part;
}

static bool count_block(const struct heapalloc_block *block, void *argument) {
    (void)block;
    ++*(size_t *)argument;
    return true;
}

static unsigned names; /* that were read last */

/* All that the commands do. Returns the number of blocks. */
static size_t read_other(void) {
    static struct target target;
    static struct survey survey;
    size_t blocks = 0;
    names = 0;
    if (target_open(&target, number)) {
        survey_take(&survey, &target);
        survey_density(&survey);
        if (reader_walk(&target.reader, count_block, &blocks)) reader_check_lists(&target.reader);
        names = fuzzed_names_read(&target);
        if (target.reader.torn > 0 && !target.reader.fault[0]) abort(); /* a fault without a sentence */
    } else if (target.found) {
        abort(); /* its map is whole */
    }
    target_close(&target);
    return blocks;
}

int LLVMFuzzerInitialize(int *count, char ***words);
int LLVMFuzzerInitialize(int *count, char ***words) {
    (void)count, (void)words;
    fuzzed_heap_use();
    fuzzed_heap_add();
    pid_t parent = getpid();
    other = fork();
    if (other == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        while (getppid() == parent) pause();
        _exit(0);
    }
    snprintf(number, sizeof(number), "%d", other);
    if (other < 0 || read_other() < FUZZED_BLOCKS / 2 || names != FUZZED_NAMES)
        abort(); /* what was not changed is right */
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t bytes);
int LLVMFuzzerTestOneInput(const uint8_t *input, size_t bytes) {
    size_t changes = bytes / CHANGE_BYTES < CHANGES_MAX ? bytes / CHANGE_BYTES : CHANGES_MAX;
    uint64_t within;
    for (size_t i = 0; i < changes; i++) {
        const uint8_t *change = input + i * CHANGE_BYTES;
        const struct part *part = part_of(change, &within);
        if (part->bytes >= WRITTEN_BYTES) write_other(part->address + within, change + 4, WRITTEN_BYTES);
    }
    read_other();
    for (size_t i = 0; i < changes; i++) {
        const struct part *part = part_of(input + i * CHANGE_BYTES, &within);
        if (part->bytes >= WRITTEN_BYTES) write_other(part->address + within, part->memory + within, WRITTEN_BYTES);
    }
    return 0;
}
