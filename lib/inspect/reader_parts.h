/* What the files of the reader share. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "base/memory.h"
#include "base/text.h"
#include "inspect/reader.h"

/* A number of a record; a field of the current line, `width` bytes. */
uint64_t reader_number(const void *record, uint32_t offset, uint32_t bytes);
#define LINE(reader, field, width) reader_number((reader)->line, (reader)->map.unit_##field, width)

bool reader_get(struct reader *reader, uint64_t address, void *to, size_t bytes);

/* Count a contradiction; the first is kept as "ADDRESS what". */
void reader_fault(struct reader *reader, const char *what, uint64_t address);

/* The line of a unit of the current span, valid until the next call; NULL: it cannot be read. */
const void *reader_line(struct reader *reader, uint32_t unit);

static inline uint64_t reader_unit_memory(const struct reader *reader, uint32_t unit) {
    return reader->base + (uint64_t)unit * reader->map.unit_bytes;
}

/* Make the span at `place` the current one; 0 is home. It may have no units. False: it cannot be read. */
bool reader_span_open(struct reader *reader, uint32_t place);

void reader_tell(struct reader *reader, uint64_t address, uint64_t bytes, unsigned size_class,
                 enum heapalloc_block_state state, enum heapalloc_block_kind kind);

/* Visit the blocks of the slab in reader->line; of the units of level 2 from `unit` on, and return their number. */
void reader_slab(struct reader *reader, uint32_t unit);
uint32_t reader_medium(struct reader *reader, uint32_t unit);

/* Visit the blocks of the region of those with red zones. */
void reader_redzones(struct reader *reader);

/* The caller's bytes in the used medium block of so many bytes at `*address`, which may have red zones: then `*address`
 * becomes where they begin. */
uint64_t reader_within(struct reader *reader, uint64_t *address, uint64_t bytes);
