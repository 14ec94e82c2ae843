/* Reads a heap by its map from wherever its memory can be read: this process, another, a core file.
 *
 * Nothing is trusted: every address is read through the source, which may refuse, and every count is bounded. The
 * process may go on meanwhile. Each unit and each block is then reported as it was at one moment of the walk; a block
 * that is live all the time is reported once. Contradictions are counted (`torn`): in a heap at rest they are damage,
 * and `fault` is a sentence about the first. */
/* SPDX-License-Identifier: MIT */
#pragma once
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
