/* The live blocks of the heap in the order of their addresses. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "leaks_list.h"
#include "heap/world.h"
#include "own_memory.h"
#include "process.h"
#include <sys/uio.h>

bool leaks_read_own(void *context, uint64_t address, void *to, size_t bytes) {
    struct iovec local = {to, bytes}, remote = {(void *)(uintptr_t)address, bytes};
    (void)context;
    return syscall_6(SYS_process_vm_readv, process_id(), (long)&local, 1, (long)&remote, 1, 0) == (long)bytes;
}

size_t leaks_list_find(const struct leaks_search *search, uint64_t word) {
    size_t low = 0, high = search->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (word < search->blocks[middle].address)
            high = middle;
        else if (word - search->blocks[middle].address < search->blocks[middle].bytes)
            return middle;
        else
            low = middle + 1;
    }
    return search->count;
}

static bool count_live(const struct heapalloc_block *block, void *argument) {
    size_t *count = argument;
    *count += block->state == HEAPALLOC_BLOCK_LIVE;
    return true;
}

/* Append a live block. The walk is in the order of addresses within a span, so that order() has little to do. */
static bool add_live(const struct heapalloc_block *block, void *argument) {
    struct leaks_search *search = argument;
    if (block->state != HEAPALLOC_BLOCK_LIVE) return true;
    if (search->count == search->room) return false;
    search->blocks[search->count++] =
        (struct leaks_block){block->address, block->bytes, block->kind >= HEAPALLOC_BLOCK_POOL};
    return true;
}

/* Sift down for heapsort, which orders blocks when further spans lie below the first; it needs no recursion. */
static void sift(struct leaks_block *blocks, size_t at, size_t count) {
    for (size_t child; (child = 2 * at + 1) < count; at = child) {
        if (child + 1 < count && blocks[child + 1].address > blocks[child].address) child++;
        if (blocks[at].address >= blocks[child].address) return;
        struct leaks_block higher = blocks[child];
        blocks[child] = blocks[at];
        blocks[at] = higher;
    }
}

static void order(struct leaks_block *blocks, size_t count) {
    size_t i = 1;
    while (i < count && blocks[i - 1].address < blocks[i].address) i++;
    if (i >= count) return;
    for (i = count / 2; i-- > 0;) sift(blocks, i, count);
    for (i = count; i-- > 1;) {
        struct leaks_block last = blocks[i];
        blocks[i] = blocks[0];
        blocks[0] = last;
        sift(blocks, 0, i);
    }
}

/* Map memory for a search with `room` blocks; 0 is enough for the reader that counts them first. */
static struct leaks_search *list_begin(size_t room) {
    size_t bytes = sizeof(struct leaks_search) + room * (sizeof(struct leaks_block) + sizeof(uint32_t)) + 64;
    struct leaks_search *search = own_memory_map(bytes);
    if (!search) return NULL;
    search->bytes = (bytes + LEAKS_PAGE_BYTES - 1) & ~(size_t)(LEAKS_PAGE_BYTES - 1);
    search->room = room;
    search->blocks = (struct leaks_block *)(search + 1);
    search->unscanned = (uint32_t *)(search->blocks + room);
    return search;
}

void leaks_list_end(struct leaks_search *search) {
    own_memory_unmap(search, search->bytes);
}

static bool list_walk(struct leaks_search *search, heapalloc_visit *visit, void *argument) {
    return !reader_open(&search->reader, leaks_read_own, NULL, (uintptr_t)&heapalloc_map) &&
           reader_walk(&search->reader, visit, argument);
}

struct leaks_search *leaks_list(void) {
    size_t room = 0;
    struct leaks_search *search = list_begin(0);
    if (!search) return NULL;
    bool counted = list_walk(search, count_live, &room);
    leaks_list_end(search);
    search = counted && room <= UINT32_MAX ? list_begin(room) : NULL;
    if (!search) return NULL;
    if (list_walk(search, add_live, search)) {
        order(search->blocks, search->count);
        return search;
    }
    leaks_list_end(search);
    return NULL;
}
