/* Reads a heap by its map: the lists of free blocks, whose blocks must be free and untouched. */
/* SPDX-License-Identifier: MIT */
#include "inspect/reader_parts.h"

enum { LIST_BLOCKS_MAX = 8192, WINDOW_BYTES = 4096 };

/* The words of a listed block, from a copy of its page, whose other blocks most often come next; NULL: they cannot be
 * read. A list begins with *page 0, so that what it finds was copied while it was followed. */
static const unsigned char *listed_words(struct reader *reader, uint64_t block, uint64_t *page) {
    uint64_t within = block % WINDOW_BYTES;
    if (within > WINDOW_BYTES - 16)
        return reader_get(reader, block, reader->memory + WINDOW_BYTES, 16) ? reader->memory + WINDOW_BYTES : NULL;
    if (*page != block - within) {
        *page = 0;
        if (!reader_get(reader, block - within, reader->memory, WINDOW_BYTES)) return NULL;
        *page = block - within;
    }
    return reader->memory + within;
}

/* Follow a list from `block` on; `most` blocks, or to its end. Returns how many there are. */
static uint32_t reader_check_list(struct reader *reader, uint64_t block, uint32_t most) {
    uint64_t page = 0;
    uint32_t i = 0;
    for (; block != reader->block_end && i < most; i++) {
        const unsigned char *words = listed_words(reader, block, &page);
        if (!words) {
            reader_fault(reader, "is in a list of free blocks, but cannot be read: a link was written over", block);
            return i;
        }
        uint64_t next = reader_number(words, reader->map.block_next, 8);
        uint64_t key = reader_number(words, reader->map.block_key, 8);
        uint64_t mixed = reader->map.key_is_sum ? block + next : block ^ next;
        if (reader->map.safety > 0 && key != (mixed ^ reader->secret)) {
            reader_fault(reader, "is a free block that was written to after it was freed", block);
            return i;
        }
        block = next;
    }
    return i;
}

uint32_t reader_bin(struct reader *reader, uint64_t heap, uint32_t class, uint64_t *first) {
    *first = 0;
    if (class >= reader->map.class_count || !reader_get(reader, heap + reader->map.heap_bin + 8ull * class, first, 8))
        return 0;
    return reader_check_list(reader, *first, LIST_BLOCKS_MAX);
}

static void check_slab(struct reader *reader, uint32_t unit) {
    uint32_t mask = reader->map.unit_bytes - 1, remote = (uint32_t)LINE(reader, remote, 4);
    uint64_t start = reader_unit_memory(reader, unit);
    if (LINE(reader, memory, 8) != start) reader_fault(reader, "has a line that describes other memory", start);
    if (!(LINE(reader, flags, 1) & HEAPALLOC_MAP_ATTACHED))
        reader_check_list(reader, LINE(reader, free, 8), (uint32_t)LINE(reader, carved, 2));
    reader_check_list(reader, start + (remote & mask & ~UINT32_C(15)), remote / reader->map.unit_bytes);
}

static void reader_check_bins(struct reader *reader, uint64_t heap) {
    for (uint32_t class = 1; class < reader->map.class_count; ++class) {
        uint64_t first;
        reader_bin(reader, heap, class, &first);
    }
}

static void check_span(struct reader *reader) {
    for (uint32_t unit = 0; unit < reader->units; unit++) {
        const void *line = reader_line(reader, unit);
        if (!line) return;
        memcpy(reader->line, line, reader->map.line_bytes);
        if (LINE(reader, kind, 1) == HEAPALLOC_MAP_SLAB) check_slab(reader, unit);
    }
}

void reader_check_lists(struct reader *reader) {
    uint32_t spans = 0, all, live;
    uint64_t heap = 0;
    if (!reader_get(reader, (uintptr_t)reader->map.span_count, &spans, 4) || spans > reader->map.spans_max) return;
    for (uint32_t place = 0; place <= spans; place++)
        if (reader_span_open(reader, place)) check_span(reader);
    if (!reader_heaps(reader, &all, &live) || !reader_get(reader, (uintptr_t)reader->map.heaps, &heap, 8)) return;
    for (; heap && all-- > 0;) {
        reader_check_bins(reader, heap);
        if (!reader_get(reader, heap + reader->map.heap_next_all, &heap, 8)) return;
    }
}
