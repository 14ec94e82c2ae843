/* The model: random operations, each compared with its expected result. */
/* SPDX-License-Identifier: MIT */
#include "model.h"
#include "fake/fake.h"
#include "fake/family.h"
#include "heap/fast.h"
#include "heap/trim.h"
#include "order.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HUGE_BYTES ((size_t)64 << 20)

uint64_t model_below(struct model *model, uint64_t bound) {
    uint64_t x = model->random;
    x ^= x << 13, x ^= x >> 7, x ^= x << 17;
    model->random = x;
    return (uint64_t)((unsigned __int128)(x * UINT64_C(0x2545f4914f6cdd1d)) * bound >> 64);
}

void model_wrong(const struct model *model, const char *what, const void *at, size_t size) {
    fprintf(stderr, "model: step %llu: %s: %zu bytes at %p\n", (unsigned long long)model->steps, what, size, at);
    abort();
}

void model_open(struct model *model, uint64_t seed, struct mix mix) {
    *model = (struct model){.mix = mix, .wish = mix.blocks, .random = seed * 2 + 1, .order = order_open()};
    model->blocks = calloc(mix.blocks + 1, sizeof(struct held));
}

void model_close(struct model *model) {
    struct held block;
    while (model_hand_out(model, &block)) t_free(block.at);
    order_close(model->order);
    free(model->blocks);
}

/* Sizes of every level, small ones more often. */
static size_t random_size(struct model *model) {
    static const size_t tops[] = {64,   64,    512,   512,   512,    1100,    4096,
                                  5000, 16384, 65536, 70000, 270000, 1 << 20, 6 << 20};
    size_t top = tops[model_below(model, sizeof(tops) / sizeof(tops[0]))];
    if (top > model->mix.size) top = model->mix.size;
    if (top > 300000 && model_below(model, 4) != 0) top = 300;
    size_t size = model_below(model, top + 1);
    return size == 0 && model_below(model, 8) != 0 ? 1 : size;
}

/* NULL is correct only if the world has refused something meanwhile. */
static bool none(struct model *model, void *p, size_t size, uint32_t failures) {
    if (p) return false;
    if (fake_failures() == failures) model_wrong(model, "no memory, and nothing was refused", p, size);
    return true;
}

static void enter(struct model *model, void *p, size_t size, size_t align) {
    size_t usable = t_malloc_usable_size(p);
    if ((uintptr_t)p % align != 0) model_wrong(model, "is not aligned", p, align);
    if (usable < size || usable == 0) model_wrong(model, "is smaller than asked for", p, size);
    if (!order_enter(model->order, (uintptr_t)p, (uintptr_t)p + usable)) model_wrong(model, "overlaps", p, usable);
    struct held *block = &model->blocks[model->count++];
    *block = (struct held){p, size, model->random};
    contents_fill(block);
    model->bytes += size;
}

/* Remove a block from the model; it is still allocated. */
static struct held leave(struct model *model, size_t index) {
    struct held block = model->blocks[index];
    if (!contents_hold(&block, block.size)) model_wrong(model, "has other contents", block.at, block.size);
    if (!order_leave(model->order, (uintptr_t)block.at))
        model_wrong(model, "is not in the order", block.at, block.size);
    model->blocks[index] = model->blocks[--model->count];
    model->bytes -= block.size;
    return block;
}

bool model_hand_out(struct model *model, struct held *block) {
    if (model->count == 0) return false;
    *block = leave(model, model_below(model, model->count));
    return true;
}

bool model_take_over(struct model *model, struct held block) {
    if (model->count >= model->mix.blocks) return false;
    if (!contents_hold(&block, block.size)) model_wrong(model, "was handed over damaged", block.at, block.size);
    enter(model, block.at, block.size, BLOCK_ALIGN_BYTES);
    return true;
}

void model_compare(const struct model *model) {
    for (size_t i = 0; i < model->count; i++) {
        const struct held *block = &model->blocks[i];
        if (!contents_hold(block, block->size)) model_wrong(model, "has other contents", block->at, block->size);
    }
}

static void step_malloc(struct model *model) {
    size_t size = random_size(model);
    uint32_t failures = fake_failures();
    void *p = t_malloc(size);
    if (!none(model, p, size, failures)) enter(model, p, size, BLOCK_ALIGN_BYTES);
}

static void step_calloc(struct model *model) {
    size_t size = random_size(model), each = 1 + model_below(model, 32);
    uint32_t failures = fake_failures();
    void *p = t_calloc((size + each - 1) / each, each);
    size = (size + each - 1) / each * each;
    if (none(model, p, size, failures)) return;
    if (!contents_are_zero(p, size)) model_wrong(model, "is not zero", p, size);
    enter(model, p, size, BLOCK_ALIGN_BYTES);
}

static void *aligned(int way, size_t align, size_t size) {
    void *p = NULL;
    switch (way) {
    case 0: return t_memalign(align, size);
    case 1: return t_aligned_alloc(align, size);
    default: return t_posix_memalign(&p, align, size) == 0 ? p : NULL;
    }
}

static void step_aligned(struct model *model) {
    size_t size = random_size(model), align = (size_t)8 << model_below(model, model_below(model, 20) == 0 ? 19 : 12);
    uint32_t failures = fake_failures();
    void *p = aligned((int)model_below(model, 3), align, size);
    if (!none(model, p, size, failures)) enter(model, p, size, align < BLOCK_ALIGN_BYTES ? BLOCK_ALIGN_BYTES : align);
}

static void step_paged(struct model *model) {
    size_t size = random_size(model), page = fake.page_bytes;
    bool whole = model_below(model, 2);
    uint32_t failures = fake_failures();
    void *p = whole ? t_pvalloc(size) : t_valloc(size);
    if (whole) size = (size + (size == 0) + page - 1) / page * page;
    if (!none(model, p, size, failures)) enter(model, p, size, page);
}

/* The size for a sized free: the requested one, except where an alignment has made the block much larger. */
static size_t sampled_size(const struct held *block) {
    size_t usable = t_malloc_usable_size(block->at);
    return block->size > usable / 2 ? block->size : usable;
}

static void step_free(struct model *model) {
    if (model->count == 0) return;
    struct held block = leave(model, model_below(model, model->count));
    int before = errno = (int)model_below(model, 100);
    switch (model_below(model, 8)) {
    case 0: t_free_sized(block.at, sampled_size(&block)); break;
    case 1: t_free_aligned_sized(block.at, 16, sampled_size(&block)); break;
    case 2:
        if (t_realloc(block.at, 0) != NULL) model_wrong(model, "realloc to 0 gave a block", block.at, 0);
        break;
    default: t_free(block.at); break;
    }
    if (errno != before) model_wrong(model, "free changed errno", block.at, (size_t)errno);
}

/* The first min(old, new) bytes of the contents stay; on failure the block is unchanged. */
static void step_realloc(struct model *model) {
    if (model->count == 0) return;
    struct held block = leave(model, model_below(model, model->count));
    size_t size = model_below(model, 3) ? random_size(model) : block.size + model_below(model, block.size / 2 + 50);
    uint32_t failures = fake_failures();
    size += size == 0;
    void *p = t_realloc(block.at, size);
    if (none(model, p, size, failures)) {
        if (size <= block.size) model_wrong(model, "could not become smaller", block.at, size);
        enter(model, block.at, block.size, BLOCK_ALIGN_BYTES); /* refills what leave() has checked */
        return;
    }
    block.at = p;
    if (!contents_hold(&block, size < block.size ? size : block.size)) model_wrong(model, "lost its contents", p, size);
    enter(model, p, size, BLOCK_ALIGN_BYTES);
}

/* A caller may use as many bytes as malloc_usable_size() returns. */
static void step_use_all(struct model *model) {
    if (model->count == 0) return;
    struct held *block = &model->blocks[model_below(model, model->count)];
    size_t usable = t_malloc_usable_size(block->at);
    if (!contents_hold(block, block->size)) model_wrong(model, "has other contents", block->at, block->size);
    if (usable > HUGE_BYTES) return;
    model->bytes += usable - block->size;
    block->size = usable;
    contents_fill(block);
}

/* Requests that no heap can serve, and free of NULL. */
static void step_odd(struct model *model) {
    size_t big = SIZE_MAX - model_below(model, (uint64_t)1 << 40), many = (size_t)1 << (40 + model_below(model, 24));
    t_free(NULL);
    void *p = NULL;
    errno = 0;
    if (t_malloc(big) || t_calloc(big, 2) || t_calloc(many, many) || t_realloc(NULL, big) || t_memalign(16, big))
        model_wrong(model, "served the impossible", NULL, big);
    if (errno != ENOMEM) model_wrong(model, "did not say ENOMEM", NULL, big);
    if (t_memalign(many, big / 2) || t_pvalloc(big)) model_wrong(model, "served the impossible", NULL, big);
    if (t_posix_memalign(&p, 24, 8) != EINVAL || t_aligned_alloc(24, 8))
        model_wrong(model, "took 24 for a power of two", p, 24);
    if (model->count > 0 && t_realloc(model->blocks[0].at, big)) model_wrong(model, "served the impossible", NULL, big);
}

static void step_time(struct model *model) {
    __atomic_add_fetch(&fake.now_ms, model_below(model, 400), __ATOMIC_RELAXED);
    if (model_below(model, 20) == 0) heap_trim(heap_self->state == HEAP_LIVE ? heap_self : NULL);
}

static bool is_room(const struct model *model) {
    return model->count < model->wish && model->bytes < model->mix.bytes;
}

void model_step(struct model *model) {
    model->steps++;
    if (model_below(model, 4 * model->mix.blocks) == 0)
        model->wish = model->mix.blocks / 10 + model_below(model, model->mix.blocks * 9 / 10 + 1);
    uint64_t what = model_below(model, 1000);
    if (what < 5) {
        step_odd(model);
    } else if (what < 30) {
        step_time(model);
    } else if (what < 130) {
        step_use_all(model);
    } else if (what < 280) {
        step_realloc(model);
    } else if (!is_room(model) || what < 600) {
        step_free(model);
    } else if (what < 900) {
        step_malloc(model);
    } else if (what < 950) {
        step_calloc(model);
    } else {
        (what < 990 ? step_aligned : step_paged)(model);
    }
}
