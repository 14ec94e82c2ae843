/* Rows of the quarantine: opened, turned, and freed; blocks that come out of it. */
/* SPDX-License-Identifier: MIT */
#include "heap/quarantine.h"
#include "heap/bin.h"
#include "heap/free.h"

enum { HALF_SLOTS = QUARANTINE_HALF_BYTES / sizeof(struct block *) };

/* How many blocks a half holds, and among how many a block is drawn, of up to 256 bytes, of up to 1 KiB, and longer. */
enum { SHORT_BYTES = 256, SHORT_ROOM = 31, MIDDLE_BYTES = 1024, MIDDLE_ROOM = 16, LONG_ROOM = 8 };

void *quarantine_written(const struct block *block) {
    check_misuse("free", block, "was written to after it was freed");
}

static size_t half_room(size_t bytes) {
    return bytes <= SHORT_BYTES ? SHORT_ROOM : bytes <= MIDDLE_BYTES ? MIDDLE_ROOM : LONG_ROOM;
}

struct block **quarantine_half(struct block **slot, size_t bytes) {
    return (struct block **)((uintptr_t)slot & ~(uintptr_t)(QUARANTINE_HALF_BYTES - 1)) + HALF_SLOTS - half_room(bytes);
}

/* Make `row` take blocks in the half that begins at `first`. */
static void begin_half(struct quarantine *row, struct block **first) {
    first[-1] = quarantine_none[0];
    row->in = first;
}

/* Open a row. It lies behind those that were opened before, so that a program of few sizes touches few pages. */
static void open_row(struct heap *heap, struct quarantine *row, size_t bytes) {
    debug_check(!row->in && heap->quarantine_rows + 2 < QUARANTINE_CLASSES);
    char *rows = (char *)heap + HEAP_AREA_BYTES - HEAP_ROWS_BYTES;
    char *place = rows + (size_t)heap->quarantine_rows++ * QUARANTINE_ROW_BYTES;
    begin_half(row, quarantine_half((struct block **)place, bytes));
}

/* Draw the next random number: a counter, mixed. */
static uint64_t draw_number(struct heap *heap) {
    uint64_t mixed = heap->quarantine_random += UINT64_C(0x9e3779b97f4a7c15);
    mixed = (mixed ^ mixed >> 32) * UINT64_C(0xd6e8feb86659fd93);
    return mixed ^ mixed >> 32;
}

/* Draw each of the last `count` blocks of a full half from as many: itself, and those before it. */
INLINE void mix_last(struct block **end, size_t count, uint64_t random) {
#pragma GCC unroll 16
    for (size_t i = 1; i <= count; i++, random >>= 4) {
        struct block **from = end - i - (count - 1), *block = from[random % count];
        from[random % count] = end[-i];
        end[-i] = block;
    }
}

/* Mix a full half: those that malloc takes first are drawn from sixteen, from eight, or from four. */
static void mix(struct heap *heap, struct block **end, size_t bytes) {
    if (bytes <= SHORT_BYTES)
        mix_last(end, (SHORT_ROOM + 1) / 2, draw_number(heap));
    else if (bytes <= MIDDLE_BYTES)
        mix_last(end, MIDDLE_ROOM / 2, draw_number(heap));
    else
        mix_last(end, LONG_ROOM / 2, draw_number(heap));
}

/* Exchange the halves: what waits in the full one may be taken. */
static void exchange_halves(struct heap *heap, struct quarantine *row, size_t bytes) {
    debug_check(row->in && quarantine_is_full(row) && quarantine_is_empty(row));
    struct block **last = row->in - 1, **first = quarantine_half(last, bytes);
    mix(heap, row->in, bytes);
    row->out = last;
    begin_half(row, (struct block **)((uintptr_t)first ^ QUARANTINE_HALF_BYTES));
}

HARDENED_TEXT bool quarantine_turn(struct heap *heap, struct quarantine *row) {
    if (!row->in || !quarantine_is_full(row) || heap->sample.rate > 0) return false;
    exchange_halves(heap, row, (size_t)(row - heap->quarantine) * BLOCK_ALIGN_BYTES);
    return true;
}

/* Free a block that waited, after a last look at it; by the shortest way where the slab is the heap's. */
static void quarantine_leave(struct block *block, struct heap *heap, size_t bytes) {
    if (unlikely(!quarantine_is_clear(block, bytes))) quarantine_written(block);
    *(word_pair *)block = (word_pair){0, 0};
    struct unit *slab = span_line(&span_home, (size_t)((char *)block - span_home.base));
    if (load_relaxed(slab->owner) != heap || slab->start_limit == 0 || slab->used_blocks == 1)
        return free_live(block, heap);
    slab->used_blocks--; /* it was a used block when it was put here, and nobody has freed it since */
    heap_list(block, slab, heap);
}

/* Free what malloc has not taken. One by one, as a free may look at the row. */
static void release(struct heap *heap, struct quarantine *row, size_t bytes) {
    while (!quarantine_is_empty(row)) quarantine_leave(*row->out--, heap, bytes);
}

/* Free the oldest block of a full row from which nothing is taken. */
static void release_oldest(struct heap *heap, struct quarantine *row, size_t bytes) {
    struct block **first = quarantine_half(row->in - 1, bytes), *oldest = *first;
    memmove(first, first + 1, (size_t)((char *)--row->in - (char *)first));
    quarantine_leave(oldest, heap, bytes);
}

HARDENED_TEXT void quarantine_put_odd(struct heap *heap, struct block *block, size_t class) {
    debug_check(heap->state == HEAP_LIVE);
    size_t bytes = class_shapes[class].block_bytes;
    struct quarantine *row = quarantine_of(heap, bytes);
    if (!row->in) {
        open_row(heap, row, bytes);
    } else if (heap->sample.rate > 0) {
        release_oldest(heap, row, bytes);
    } else {
        release(heap, row, bytes);
        exchange_halves(heap, row, bytes);
    }
    quarantine_put(row, block, bytes, canary_of(block));
}

static struct block *unmark(struct block *block) {
    uintptr_t mark = canary_of(block);
    if (unlikely(block->key != mark || (uintptr_t)block->next != mark)) quarantine_written(block);
    *(word_pair *)block = (word_pair){0, 0};
    return block;
}

HARDENED_TEXT struct block *quarantine_swap_wide(struct heap *heap, struct block *block, size_t bytes) {
    debug_check(heap->state == HEAP_LIVE && bytes > CLASS_BYTES_MAX);
    size_t near = draw_number(heap) % QUARANTINE_NEAR_SLOTS;
    block->key = canary_of(block);
    block->next = (struct block *)block->key;
    struct block **slot =
        &heap->quarantine_wide[bytes > QUARANTINE_NEAR_BYTES_MAX ? QUARANTINE_NEAR_SLOTS + near % 2 : near];
    struct block *leaving = *slot;
    *slot = block;
    return leaving ? unmark(leaving) : NULL;
}

void quarantine_flush(struct heap *heap) {
    debug_check(heap->state == HEAP_LIVE);
    if (!hardened()) return;
    for (size_t bytes = QUARANTINE_BYTES_MIN; bytes <= CLASS_BYTES_MAX; bytes += BLOCK_ALIGN_BYTES) {
        struct quarantine *row = quarantine_of(heap, bytes);
        release(heap, row, bytes);
        if (!row->in) continue;
        for (struct block **first = quarantine_half(row->in - 1, bytes); row->in > first;)
            quarantine_leave(*--row->in, heap, bytes);
    }
    for (uint32_t i = 0; i < QUARANTINE_NEAR_SLOTS + QUARANTINE_FAR_SLOTS; i++) {
        struct block *block = heap->quarantine_wide[i];
        heap->quarantine_wide[i] = NULL;
        if (block) free_live(unmark(block), heap);
    }
}
