/* Collects the return addresses on the calling thread's stack.
 *
 * Frames are unwound by the compilers' tables, but with two registers only, and rows are cached: calls repeat, and a
 * row costs a few thousand instructions. Without a row (generated code, musl, or glibc before 2.35) the frame pointer
 * is followed if it points up the stack. Every step goes up, and nothing outside of the stack is read, so a stale row
 * (its module was unloaded, and another is there) causes at worst a wrong address. The stack's bounds may be stale, too
 * (a coroutine's neighbour was unmapped), so each page is tried by a system call before it is read. */
/* SPDX-License-Identifier: MIT */
#include "profile_stack.h"
#include "frame.h"
#include "maps.h"
#include "own_code.h"
#include "syscall.h"
#include <errno.h>

enum {
    ROW_KNOWN = 1,
    ROW_POINTER = 2,
    ROW_OURS = 4,
    ROW_KEPT = 8,
    ROWS = 2048,
    WAYS = 4,
    WORD = sizeof(uintptr_t),
    STEP_MAX = 1 << 20,
    PAGE = 4096, /* the smallest there is */
    STEPS_MAX = 24 + PROFILE_FRAMES_MAX
};

/* The cache: a row in one word, and its address XORed with that word, so that a mix of two threads' writes matches no
 * address. Source: Hyatt, Mann, A Lockless Transposition Table, 2002.
 *
 *   aaaaaaaaaaaaaaaaaaaaaaaa pppppppppppppppppp rrrrrrrrrrrrrrrrrr KOPk
 *   a above  p pointer_at  r pc_at, in words of the stack    K ROW_KEPT  O ROW_OURS  P ROW_POINTER  k ROW_KNOWN */
static struct { uint64_t mixed, word; } rows[ROWS + WAYS];

static uint64_t pack(const struct frame_row *row) {
    const uint64_t part = (1 << 18) - 1;
    return (uint64_t)((uint32_t)row->above / WORD) << 40 | ((uint64_t)(row->pointer_at / WORD) & part) << 22 |
           ((uint64_t)(row->pc_at / WORD) & part) << 4 | (row->from_pointer ? ROW_POINTER : 0) | ROW_KNOWN;
}

static void unpack(uint64_t word, struct frame_row *row) {
    row->above = (int32_t)(word >> 40) * WORD;
    row->pointer_at = (int32_t)((int64_t)(word << 24) >> 46) * WORD;
    row->pc_at = (int32_t)((int64_t)(word << 42) >> 46) * WORD;
    row->from_pointer = word & ROW_POINTER;
}

static uint64_t row_make(uintptr_t pc) {
    struct frame_row row;
    bool known = frame_row(pc, &row) && row.above % WORD == 0;
    return (known ? pack(&row) : 0) | (own_code_has(pc) ? ROW_OURS : 0) | ROW_KEPT;
}

/* Look up the row of `pc`, or make and cache it, in one of WAYS entries; when none is free, bits of `pc` choose. */
static uint64_t row_of(uintptr_t pc) {
    size_t at = pc * UINT64_C(0x9e3779b97f4a7c15) >> 53, free = at + (pc >> 3) % WAYS;
    for (size_t i = at; i < at + WAYS; i++) {
        uint64_t word = __atomic_load_n(&rows[i].word, __ATOMIC_RELAXED);
        if (!word) free = i;
        if ((__atomic_load_n(&rows[i].mixed, __ATOMIC_RELAXED) ^ word) == pc && word) return word;
    }
    uint64_t word = row_make(pc);
    __atomic_store_n(&rows[free].word, word, __ATOMIC_RELAXED);
    __atomic_store_n(&rows[free].mixed, pc ^ word, __ATOMIC_RELAXED);
    return word;
}

struct walk {
    uintptr_t pc, stack, pointer; /* the return address, and the two registers after the return */
    uintptr_t end;                /* of the stack */
    uintptr_t page;               /* the one that was read last */
};

/* True when the word can be read; a page that was read last is not tried again. */
static bool can_read(struct walk *walk, uintptr_t at) {
    uintptr_t page = at & -(uintptr_t)PAGE;
    if (likely(page == walk->page)) return true;
    if (!syscall_can_read((const void *)at)) return false;
    walk->page = page;
    return true;
}

static bool is_on_stack(const struct walk *walk, uintptr_t at) {
    return at >= walk->stack && at < walk->end && walk->end - at >= 2 * WORD && at % WORD == 0;
}

static uintptr_t word_at(uintptr_t at) {
    return *(const uintptr_t *)at;
}

/* Step by the frame pointer: it points to the caller's frame pointer and the return address; on RISC-V it points just
 * above them. */
static bool step_by_pointer(struct walk *walk) {
#ifdef __riscv
    uintptr_t at = walk->pointer - 2 * WORD, above = walk->pointer;
#else
    uintptr_t at = walk->pointer, above = walk->pointer + 2 * WORD;
#endif
    if (!is_on_stack(walk, at) || above - walk->stack > STEP_MAX) return false;
    if (!can_read(walk, at) || !can_read(walk, at + WORD)) return false;
    walk->pc = word_at(at + WORD);
    walk->pointer = word_at(at);
    walk->stack = above;
    return true;
}

static bool step(struct walk *walk, uint64_t word) {
    struct frame_row row;
    if (!(word & ROW_KNOWN)) return step_by_pointer(walk);
    unpack(word, &row);
    uintptr_t above = (row.from_pointer ? walk->pointer : walk->stack) + (uintptr_t)(intptr_t)row.above;
    uintptr_t pc_at = above + (uintptr_t)(intptr_t)row.pc_at, pointer_at = above + (uintptr_t)(intptr_t)row.pointer_at;
    if (above <= walk->stack || above - walk->stack > STEP_MAX || above > walk->end || above % WORD != 0) return false;
    if (pc_at < walk->stack || pc_at > above - WORD || pc_at % WORD != 0) return false;
    if (row.pointer_at && (pointer_at < walk->stack || pointer_at > above - WORD || pointer_at % WORD != 0))
        return false;
    if (!can_read(walk, pc_at) || (row.pointer_at && !can_read(walk, pointer_at))) return false;
    walk->pc = word_at(pc_at);
    if (row.pointer_at) walk->pointer = word_at(pointer_at);
    walk->stack = above;
    return true;
}

static bool is_here(const struct maps_line *line, void *to) {
    uintptr_t *stack = to;
    if (stack[0] < line->from || stack[0] >= line->to) return false;
    stack[0] = line->from;
    stack[1] = line->to;
    return true;
}

/* Find the end of the stack that contains `at`. The last one is cached; a thread may have several. */
static uintptr_t stack_end(uintptr_t at, struct sample *sample) {
    if (at >= sample->stack[0] && at < sample->stack[1]) return sample->stack[1];
    sample->stack[0] = at;
    if (!maps_find(is_here, sample->stack)) sample->stack[0] = sample->stack[1] = 0;
    return sample->stack[1];
}

NOINLINE size_t profile_stack(uintptr_t *pcs, size_t room, struct sample *sample) {
    struct frame frame = {0};
    FRAME_HERE(&frame);
    struct walk walk = {frame.pc, frame.registers[FRAME_STACK], frame.registers[FRAME_POINTER], 0, 0};
    walk.end = stack_end(walk.stack, sample);
    walk.page = walk.stack & -(uintptr_t)PAGE;
    size_t count = 0;
    for (int i = 0; i < STEPS_MAX && count < room && walk.pc > 1; i++) {
        uint64_t word = row_of(walk.pc);
        if (count > 0 || !(word & ROW_OURS)) pcs[count++] = walk.pc;
        if (!step(&walk, word)) break;
    }
    return count;
}
