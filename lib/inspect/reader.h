/* Reads a heap by its map from wherever its memory can be read: this process, another, a core file.
 *
 * Nothing is trusted: every address is read through the source, which may refuse, and every count is bounded. The
 * process may go on meanwhile. Each unit and each block is then reported as it was at one moment of the walk; a block
 * that is live all the time is reported once. Contradictions are counted (`torn`): in a heap at rest they are damage,
 * and `fault` is a sentence about the first. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "inspect/by_name.h"
#include <heapalloc/map.h>
#include <heapalloc/walk.h>
#include <stdbool.h>

enum {
    READER_UNIT_MAX = 64 * 1024, /* bytes; what other builds' units may have */
    READER_LINES = 64,           /* unit lines read at a time */
    READER_LINE_MAX = 256,
    READER_SPAN_MAX = 256,
    READER_CLASSES_MAX = 256,
    READER_FAULT_BYTES = 200,
};

/* Copy `bytes` bytes at `address` to `to`. False: they cannot all be read. */
typedef bool reader_read(void *context, uint64_t address, void *to, size_t bytes);

struct reader {
    reader_read *read;
    void *context;
    struct heapalloc_map map;
    uint64_t map_address, secret, block_end;
    uint64_t redzones_from, redzones_used; /* the region of small blocks with red zones: its address, its used bytes */
    heapalloc_visit *visit;
    void *argument;
    size_t torn, unreadable;
    bool stopped;                   /* the visitor ended the walk */
    char fault[READER_FAULT_BYTES]; /* "": none */
    uint64_t owner; /* of the slab that is walked: its heap's record; 0: it has none, or it is no slab */
    unsigned char span[READER_SPAN_MAX];
    uint64_t base, lines, slots; /* of that span */
    uint32_t units, first;       /* units ever used; the unit of the first line in `cached` */
    uint32_t cached_lines;
    unsigned char cached[READER_LINES * READER_LINE_MAX];
    unsigned char line[READER_LINE_MAX];
    unsigned char memory[READER_UNIT_MAX];      /* of a slab, or slots of a unit */
    uint64_t listed[READER_UNIT_MAX / 16 / 64]; /* fast build: bit n: block n is in a list */
};

/* Read the map at `address` and prepare to walk. NULL, or what is wrong with it, in words. */
const char *reader_open(struct reader *reader, reader_read *read, void *context, uint64_t address);

/* Visit every block, in the order of addresses within a span. False: a root cannot be read, or the visitor stopped. */
bool reader_walk(struct reader *reader, heapalloc_visit *visit, void *argument);

/* Check the lists of free blocks of all heaps' bins and all slabs: every block in them must be free and not written to.
 * For a heap at rest. Counts in `torn`. */
void reader_check_lists(struct reader *reader);

/* Count the heap records: all of them, and those that a thread has. */
bool reader_heaps(struct reader *reader, uint32_t *all, uint32_t *live);

/* Call `visit` for each heap record, the newest first, with its `state`. False: the list is damaged, or cannot be read.
 */
typedef void reader_heap(uint64_t heap, uint32_t state, void *argument);
bool reader_each_heap(struct reader *reader, reader_heap *visit, void *argument);

/* Count the blocks in a heap's bin of a class, at most 8192; `first` is set to the first one. Counts in `torn` a block
 * that was written to after it was freed, and ends there. */
uint32_t reader_bin(struct reader *reader, uint64_t heap, uint32_t class, uint64_t *first);

/* The bytes of a block of a class; 0: it cannot be read. */
uint32_t reader_class_bytes(struct reader *reader, uint32_t class);

/* Sum up pools and arenas by their names, as by_name_read() does in the process itself. False: the list is damaged, or
 * cannot be read; what was read of it before is summed up. */
bool reader_by_name(struct reader *reader, struct by_name *sums);

/* The n-th range of memory that is the heap's own: a span with its tables, or its record. What points to a block there
 * is no pointer of the program. A range may be empty. False: there are no more. */
bool reader_own(struct reader *reader, uint32_t n, uint64_t *from, uint64_t *to);
