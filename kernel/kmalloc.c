/* The heap for the kernel: lib/'s, one heap a core, interrupts masked around each call. */
/* SPDX-License-Identifier: MIT */
#include "kmalloc.h"
#include "arch.h"
#include "callers.h"
#include "heap/fast.h"
#include "heap/hooks.h"
#include "heap/resize_in_place.h"
#include "heap/world.h"
#include "inspect/verify.h"
#include <string.h>

#define CALLER __builtin_return_address(0)

/* Bounded images record no callers, at no instruction. */
static inline void note_alloc(const void *block, size_t size, const void *caller) {
    if (!config_bounded) callers_add(block, size, caller);
}

static inline void note_free(const void *block) {
    if (!config_bounded) callers_remove(block);
}

static inline void *alloc_masked(size_t size) {
    uint64_t daif = irq_save();
    void *p = heap_alloc(size);
    irq_restore(daif);
    return p;
}

static inline void *alloc_for(const void *caller, size_t size) {
    void *p = alloc_masked(size);
    note_alloc(p, size, caller);
    return p;
}

void *kmalloc(size_t size) {
    return alloc_for(CALLER, size);
}

/* Interrupts are enabled while it is zeroed: nobody else has the block yet. */
void *kzalloc(size_t size) {
    void *p = alloc_for(CALLER, size);
    return p != NULL ? memset(p, 0, size) : NULL;
}

void *kmalloc_aligned(size_t size, size_t align) {
    if (align == 0 || (align & (align - 1)) != 0) return NULL;
    uint64_t daif = irq_save();
    void *p = entry_aligned(size, align);
    if (p == NULL) p = hooks_refused(size);
    irq_restore(daif);
    note_alloc(p, size, CALLER);
    return p;
}

bool krealloc_in_place(void *p, size_t size, size_t *usable_bytes) {
    uint64_t daif = irq_save();
    bool done = heap_resize_in_place("realloc", p, size, usable_bytes);
    irq_restore(daif);
    return done;
}

static void *alloc_growing(size_t size, size_t old_bytes) {
    uint64_t daif = irq_save();
    void *p = heap_alloc_growing(size, old_bytes);
    irq_restore(daif);
    return p;
}

/* Like heap_realloc() it is freed at once, because another request of its size is not likely. */
static void free_moved(void *p) {
    uint64_t daif = irq_save();
    entry_free(p, heap_self);
    irq_restore(daif);
}

/* The old block is forgotten before it is freed, because another core may get it at once. */
static inline void *resized(const void *caller, const void *old, void *new, size_t size) {
    note_free(old);
    note_alloc(new, size, caller);
    return new;
}

/* Interrupts are enabled while it is copied: only the caller has the old block and the new one. */
void *krealloc(void *p, size_t size) {
    size_t bytes;

    if (p == NULL) return alloc_for(CALLER, size);
    if (size == 0) {
        kfree(p);
        return NULL;
    }
    if (krealloc_in_place(p, size, &bytes)) return resized(CALLER, p, p, size);
    void *new = size > bytes ? alloc_growing(size, bytes) : alloc_masked(size);
    if (new == NULL) return size <= bytes ? p : hooks_refused(size); /* becoming smaller needs no memory */
    memcpy(new, p, bytes < size ? bytes : size);
    resized(CALLER, p, new, size);
    free_moved(p);
    return new;
}

void kfree(void *p) {
    note_free(p);
    uint64_t daif = irq_save();
    heap_free(p);
    irq_restore(daif);
}

void kmalloc_trim(void) {
    uint64_t daif = irq_save();
    if (heap_self->state == HEAP_LIVE) heap_trim(heap_self);
    irq_restore(daif);
}

const char *kmalloc_verify(void) {
    uint64_t daif = irq_save();
    const char *broken = verify_heap();
    irq_restore(daif);
    return broken;
}
