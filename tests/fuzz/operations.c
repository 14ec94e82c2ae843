/* Fuzzing: an input is a list of operations on the malloc family over the scripted world, compared with a shadow of its
 * blocks.
 *
 * Three bytes for each operation: what, which slot, how large. The operations are those of several threads in turn,
 * which begin, end and fork, with operations of the forking thread during the fork. At an input's end everything is
 * freed and the heap trimmed, so that the input does the same alone in a new process. Built and run by ci/fuzz.sh, with
 * either core. */
/* SPDX-License-Identifier: MIT */
#include "fake/fake.h"
#include "fake/family.h"
#include "heap/fast.h"
#include "heap/fork.h"
#include "heap/registry.h"
#include "heap/thread.h"
#include "heap/trim.h"
#include "inspect/verify.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SLOTS = 64, OPERATION_BYTES = 3, VERIFY_EVERY = 16, THREADS = 4 };

/* The threads' heaps, heap_none before a thread's first allocation; and whether the present one forks. */
static struct heap *heaps_of[THREADS];
static unsigned thread_now;
static bool forks;

/* lock: none, one thread
 *   bytes[0 .. size) == tag, at both ends */
struct shadow {
    unsigned char *bytes;
    size_t size, align;
    unsigned char tag;
};
static struct shadow slots[SLOTS];

static _Noreturn void wrong(const char *what) {
    fprintf(stderr, "fuzz: %s\n", what);
    abort();
}

/* Mostly small sizes, each border of classes and levels, up to 16 MiB. */
static size_t size_of(unsigned char byte) {
    static const size_t borders[] = {0,    1,    16,    512,   513,    1024,   4088,    4096,
                                     4097, 8192, 16384, 81920, 262144, 262145, 1 << 20, 16 << 20};
    if (byte < 160) return byte * 3u;
    if (byte < 240) return (byte - 160u) * 401;
    return borders[byte - 240];
}

static size_t edge(const struct shadow *s) {
    return s->size < 64 ? s->size : 64;
}

static void fill(struct shadow *s, unsigned char tag) {
    s->tag = tag;
    memset(s->bytes, tag, edge(s));
    memset(s->bytes + s->size - edge(s), tag, edge(s));
}

static void check(const struct shadow *s) {
    for (size_t i = 0; i < edge(s); i++)
        if (s->bytes[i] != s->tag || s->bytes[s->size - 1 - i] != s->tag) wrong("a live block has changed");
}

static void check_apart(const struct shadow *new) {
    for (const struct shadow *s = slots; s < slots + SLOTS; s++)
        if (s != new && s->bytes && s->bytes < new->bytes + new->size &&new->bytes < s->bytes + s->size)
            wrong("two live blocks overlap");
}

static void enter(struct shadow *s, void *p, size_t size, size_t align) {
    if (!p) return;
    *s = (struct shadow){.bytes = p, .size = size, .align = align};
    if ((uintptr_t)p & (align - 1)) wrong("a block is not aligned");
    if (t_malloc_usable_size(p) < size) wrong("a block is shorter than asked");
    check_apart(s);
}

static void release(struct shadow *s, unsigned way) {
    if (!s->bytes) return;
    check(s);
    if (way == 0 && s->align <= 16)
        t_free_sized(s->bytes, s->size);
    else if (way == 1 && s->align > 16)
        t_free_aligned_sized(s->bytes, s->align, s->size);
    else if (way == 2)
        (void)!t_realloc(s->bytes, 0);
    else
        t_free(s->bytes);
    s->bytes = NULL;
}

static void resize(struct shadow *s, size_t size) {
    if (!s->bytes || size == 0) return;
    check(s);
    size_t kept = size < edge(s) ? size : edge(s);
    unsigned char tag = s->tag, *p = t_realloc(s->bytes, size);
    if (!p) return;
    for (size_t i = 0; i < kept; i++)
        if (p[i] != tag) wrong("realloc lost contents");
    enter(s, p, size, 16);
}

static void zeroed(struct shadow *s, size_t size) {
    unsigned char *p = t_calloc(1, size);
    for (size_t i = 0; p && i < size; i += i < 4096 ? 1 : 509)
        if (p[i]) wrong("calloc gave what is not zero");
    enter(s, p, size, 16);
}

static void fork_end(void) {
    if (forks) fork_parent();
    forks = false;
}

/* Go on as another thread, or end this one; during a fork only its thread goes on. */
static void switch_thread(unsigned to, bool ends) {
    if (forks) return;
    if (ends && heap_self->state == HEAP_LIVE) heap_leave();
    heaps_of[thread_now] = ends ? NULL : heap_self;
    thread_now = to;
    heap_self = heap_fast = heaps_of[to] ? heaps_of[to] : &heap_none;
}

static void live_on(unsigned char what) {
    if (what & 64) {
        switch_thread(what >> 3 & (THREADS - 1), what & 128);
    } else if (forks) {
        fork_end();
    } else if (heap_self->state == HEAP_LIVE) {
        fork_prepare();
        forks = true;
    }
}

static void operate(unsigned char what, struct shadow *s, size_t size) {
    switch (what & 7) {
    case 0: release(s, what >> 3 & 3); return;
    case 1: resize(s, size); break;
    case 2: release(s, 3), zeroed(s, size); break;
    case 3: {
        size_t align = (size_t)16 << (what >> 3 & 15);
        release(s, 3), enter(s, t_memalign(align, size), size, align);
        break;
    }
    case 4:
        fake.now_ms += 1u << (what >> 3 & 15);
        if (what & 128) heap_trim(heap_self->state == HEAP_LIVE ? heap_self : NULL);
        return;
    case 5: live_on(what); return;
    default: release(s, 3), enter(s, t_malloc(size), size, 16);
    }
    if (s->bytes) fill(s, (unsigned char)(what ^ size ^ (uintptr_t)(s - slots)));
}

int LLVMFuzzerTestOneInput(const unsigned char *input, size_t bytes);
int LLVMFuzzerTestOneInput(const unsigned char *input, size_t bytes) {
    if (fake.page_bytes == 0)
        fake = (struct fake_script){.page_bytes = 4096,
                                    .has_home = true,
                                    .can_purge = true,
                                    .can_move = true,
                                    .now_ms = 1000,
                                    .random = 0x5eed};
    fake.is_sparse = bytes % 2; /* then large blocks are moved, else copied */
    for (size_t i = 0; i + OPERATION_BYTES <= bytes; i += OPERATION_BYTES) {
        operate(input[i], &slots[input[i + 1] % SLOTS], size_of(input[i + 2]));
        if (i / OPERATION_BYTES % VERIFY_EVERY == 0 && !forks && verify_heap()) wrong(verify_heap());
    }
    fork_end();
    for (struct shadow *s = slots; s < slots + SLOTS; s++) release(s, 3);
    for (unsigned i = 0; i < THREADS; i++) switch_thread(i, true);
    for (unsigned i = 0; i < THREADS; i++) switch_thread(i, true);
    heap_trim(heap_self->state == HEAP_LIVE ? heap_self : NULL);
    if (verify_heap()) wrong(verify_heap());
    return 0;
}
