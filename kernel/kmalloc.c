/* The heap for the kernel: lib/'s, one heap a core, interrupts masked around each call. */
#include "kmalloc.h"
#include "arch.h"
#include "heap/fast.h"
#include "inspect/verify.h"

/* ---- the bare heap --------------------------------------------------------------------------- */

void *heap_alloc(size_t size) {
    return heap_alloc_with(size, small, heap_alloc_slow);
}

void heap_free(void *p) {
    if (p == NULL) return; /* RAM may begin at 0, and NULL would be in it */
    heap_free_fast(p);
}

void *heap_realloc(void *p, size_t size) {
    if (p == NULL) return heap_alloc(size);
    if (size > 0) return heap_resize_with(p, size, heap_resize);
    heap_free(p);
    return NULL;
}

/* ---- with interrupts masked ------------------------------------------------------------------ */

static void *small(size_t size, struct heap *heap, size_t class) {
    (void)class;
    return heap_alloc_slow(size, heap);
}

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
