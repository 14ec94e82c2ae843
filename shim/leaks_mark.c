/* Marks the live blocks that are reachable from the program's memory.
 *
 * Roots are all private writable mappings except the heap's: data, stacks, thread-local storage, and what the program
 * mapped itself. Every aligned word may be a pointer, also into the middle of a block. A word that only looks like a
 * pointer hides a leak, but never invents one. Of the first thread's stack only the part in use is scanned, because the
 * rest is full of stale pointers. Source: Boehm, Weiser, Garbage Collection in an Uncooperative Environment, 1988. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "leaks_mark.h"
#include "heap/world.h"
#include "leaks_stop.h"
#include "process.h"
#include "profile_table.h"
#include "span/units.h"
#include "syscall.h"
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/uio.h>

enum { WORD = sizeof(uintptr_t), SMALLEST_PAGE = 4096, LINE_BYTES = 512 };

static bool leaks_read_own(void *context, uint64_t address, void *to, size_t bytes) {
    struct iovec local = {to, bytes}, remote = {(void *)(uintptr_t)address, bytes};
    (void)context;
    return syscall_6(SYS_process_vm_readv, process_id(), (long)&local, 1, (long)&remote, 1, 0) == (long)bytes;
}

/* The index of the block that `word` points into; `count`: none. */
static size_t find(const struct leaks_search *search, uint64_t word) {
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

static void reach(struct leaks_search *search, size_t index) {
    if (index == search->count || search->blocks[index].reached) return;
    search->blocks[index].reached = true;
    search->todo[search->pending++] = (uint32_t)index;
}

static void look_at_words(struct leaks_search *search, size_t bytes) {
    const uintptr_t *words = (const uintptr_t *)(const void *)search->buffer;
    for (size_t i = 0; i < bytes / WORD; i++) {
        const struct leaks_block *last = &search->blocks[search->count - 1];
        if (words[i] >= search->blocks[0].address && words[i] < last->address + last->bytes)
            reach(search, find(search, words[i]));
    }
}

/* Scan a copy of [from, to), so that unreadable pages (beyond the end of a truncated file) are skipped. */
static void look_at(struct leaks_search *search, uint64_t from, uint64_t to) {
    from = (from + WORD - 1) & ~(uint64_t)(WORD - 1);
    while (from < to) {
        size_t bytes = to - from < sizeof search->buffer ? to - from : sizeof search->buffer;
        if (!leaks_read_own(NULL, from, search->buffer, bytes)) {
            size_t page = SMALLEST_PAGE - (from & (SMALLEST_PAGE - 1));
            if (page < bytes) bytes = page;
            if (!leaks_read_own(NULL, from, search->buffer, bytes)) memset(search->buffer, 0, bytes);
        }
        look_at_words(search, bytes);
        from += bytes;
    }
}

/* The n-th range that is no root: the search itself, the profile's table, each span with its tables, and each span's
 * record, whose `base` is also the address of a block. False: there are no more. */
static bool own_range(const struct leaks_search *search, uint32_t n, uint64_t *first, uint64_t *last) {
    *first = *last = 0;
    if (n == 0) {
        *first = (uintptr_t)search;
        *last = *first + search->bytes;
        return true;
    }
    if (n == 1) {
        profile_range(first, last);
        return true;
    }
    uint32_t index = (n - 2) / 2;
    if (index > span_count) return false;
    const struct span *span = index == 0 ? &span_home : span_list[index - 1];
    if (!span || !span->base) return true;
    bool record = n % 2 == 1;
    *first = record ? (uintptr_t)span : (uintptr_t)(span->lines - 1);
    *last = record ? *first + sizeof *span : (uintptr_t)span->base + span->bytes;
    return true;
}

/* The next such range that ends behind `from`. */
static void next_own(const struct leaks_search *search, uint64_t from, uint64_t *begin, uint64_t *end) {
    uint64_t first, last;
    *begin = *end = UINT64_MAX;
    for (uint32_t n = 0; own_range(search, n, &first, &last); n++)
        if (last > from && first < *begin) *begin = first, *end = last;
}

static void look_at_mapping(struct leaks_search *search, uint64_t from, uint64_t to) {
    while (from < to) {
        uint64_t begin, end;
        next_own(search, from, &begin, &end);
        if (begin > from) look_at(search, from, begin < to ? begin : to);
        from = begin < to ? end : to;
    }
}

static uint64_t leaks_read_hex(const char **text) {
    uint64_t number = 0;
    for (;; (*text)++) {
        char c = **text;
        if (c >= '0' && c <= '9')
            number = number << 4 | (uint64_t)(c - '0');
        else if (c >= 'a' && c <= 'f')
            number = number << 4 | (uint64_t)(c - 'a' + 10);
        else
            return number;
    }
}

static bool ends_with_stack(const char *line, size_t length) {
    static const char name[] = "[stack]";
    if (length < sizeof name) return false;
    for (size_t i = 0; i < sizeof name - 1; i++)
        if (line[length - (sizeof name - 1) + i] != name[i]) return false;
    return true;
}

/* Where the used part of the stack in [from, to) begins: the lowest stack pointer of the caller and stopped threads. */
static uint64_t stack_in_use(const struct leaks_search *search, uint64_t from, uint64_t to) {
    uint64_t least = search->stack >= from && search->stack < to ? search->stack : to;
    for (size_t n = 0; leaks_stopped_at(n); n++) {
        uint64_t at = leaks_stopped_at(n);
        if (at >= from && at < least) least = at;
    }
    return least == to ? from : least;
}

static void look_at_line(struct leaks_search *search, const char *line, size_t length) {
    const char *at = line;
    uint64_t from = leaks_read_hex(&at);
    if (*at++ != '-') return;
    uint64_t to = leaks_read_hex(&at);
    if (at[0] != ' ' || at[1] != 'r' || at[2] != 'w' || at[4] != 'p') return;
    if (ends_with_stack(line, length)) from = stack_in_use(search, from, to);
    look_at_mapping(search, from, to);
}

/* Scan the roots listed in /proc/self/maps. Reading it in pieces is safe: no thread maps anything meanwhile. */
static bool look_at_roots(struct leaks_search *search) {
    char piece[1024], line[LINE_BYTES];
    size_t length = 0;
    long file = syscall_6(SYS_openat, AT_FDCWD, (long)"/proc/self/maps", O_RDONLY | O_CLOEXEC, 0, 0, 0);
    if (syscall_failed(file)) return false;
    for (long bytes; (bytes = syscall_6(SYS_read, file, (long)piece, sizeof piece, 0, 0, 0)) > 0;) {
        for (long i = 0; i < bytes; i++) {
            if (piece[i] != '\n') {
                if (length < LINE_BYTES - 1) line[length++] = piece[i];
                continue;
            }
            line[length] = 0;
            look_at_line(search, line, length);
            length = 0;
        }
    }
    syscall_6(SYS_close, file, 0, 0, 0, 0, 0);
    return true;
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
static struct leaks_search *begin(size_t room) {
    size_t bytes = sizeof(struct leaks_search) + room * (sizeof(struct leaks_block) + sizeof(uint32_t)) + 64;
    long made = syscall_6(SYS_mmap, 0, (long)bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (syscall_failed(made)) return NULL;
    struct leaks_search *search = (struct leaks_search *)made;
    search->bytes = (bytes + SMALLEST_PAGE - 1) & ~(size_t)(SMALLEST_PAGE - 1);
    search->room = room;
    search->blocks = (struct leaks_block *)(search + 1);
    search->todo = (uint32_t *)(search->blocks + room);
    return search;
}

void leaks_search_end(struct leaks_search *search) {
    syscall_6(SYS_munmap, (long)search, (long)search->bytes, 0, 0, 0, 0);
}

static bool walk(struct leaks_search *search, heapalloc_visit *visit, void *argument) {
    return !reader_open(&search->reader, leaks_read_own, NULL, (uintptr_t)&heapalloc_map) &&
           reader_walk(&search->reader, visit, argument);
}

static struct leaks_search *list_live(void) {
    size_t room = 0;
    struct leaks_search *search = begin(0);
    if (!search) return NULL;
    bool counted = walk(search, count_live, &room);
    leaks_search_end(search);
    search = counted && room <= UINT32_MAX ? begin(room) : NULL;
    if (!search || walk(search, add_live, search)) return search;
    leaks_search_end(search);
    return NULL;
}

struct leaks_search *leaks_search(uintptr_t stack) {
    struct leaks_search *search = list_live();
    if (!search || search->count == 0) return search;
    search->stack = stack;
    order(search->blocks, search->count);
    for (size_t i = 0; i < search->count; i++)
        if (search->blocks[i].reached) search->todo[search->pending++] = (uint32_t)i;
    for (size_t n = 0; leaks_stopped_at(n); n++) reach(search, find(search, leaks_stopped_at(n)));
    reach(search, find(search, stack));
    if (!look_at_roots(search)) {
        leaks_search_end(search);
        return NULL;
    }
    while (search->pending > 0) {
        const struct leaks_block *block = &search->blocks[search->todo[--search->pending]];
        look_at(search, block->address, block->address + block->bytes);
    }
    return search;
}
