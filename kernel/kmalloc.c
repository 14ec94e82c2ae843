/* The heap for the kernel: lib/'s, one heap a core, interrupts masked around each call. */
/* SPDX-License-Identifier: MIT */
#include "kmalloc.h"
#include "arch.h"
#include "heap/fast.h"
#include "inspect/verify.h"

void *kmalloc(size_t size) {
    uint64_t daif = irq_save();
    void *p = heap_alloc(size);
    irq_restore(daif);
    return p;
}

void *kzalloc(size_t size) {
    uint64_t daif = irq_save();
    void *p = heap_alloc_zeroed(size);
    irq_restore(daif);
    return p;
}

void *kmalloc_aligned(size_t size, size_t align) {
    if (align == 0 || (align & (align - 1)) != 0) return NULL;
    uint64_t daif = irq_save();
    void *p = heap_alloc_aligned(size, align);
    irq_restore(daif);
    return p;
}

void *krealloc(void *p, size_t size) {
    uint64_t daif = irq_save();
    p = heap_realloc(p, size);
    irq_restore(daif);
    return p;
}

void kfree(void *p) {
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
