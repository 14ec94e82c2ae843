/* Controls of the heap: each misuse ends the machine with a sentence that names it; they run by
 * name only. */
/* SPDX-License-Identifier: MIT */
#include "arch.h"
#include "cores.h"
#include "kernel.h"
#include "kmalloc.h"
#include "ktest.h"
#include "page.h"
#include "timer.h"

static void free_twice(size_t size) {
    char *p = kmalloc(size), *neighbour = kmalloc(size);
    require(p != NULL && neighbour != NULL);
    kfree(p);
    kfree(p);
    expect(!"a second free was accepted");
}

KTEST(misuse, frees_a_small_block_twice) {
    free_twice(100);
}

KTEST(misuse, frees_a_medium_block_twice) {
    free_twice(20000);
}

KTEST(misuse, frees_a_large_block_twice) {
    free_twice(1 << 20);
}

KTEST(misuse, frees_inside_a_small_block) {
    kfree((char *)kmalloc(1000) + 16);
}

KTEST(misuse, frees_inside_a_large_block) {
    kfree((char *)kmalloc(1 << 20) + 65536);
}

KTEST(misuse, frees_a_part_of_the_image) {
    static char word[16];
    kfree(kmalloc(1));
    kfree(word);
}

KTEST(misuse, frees_what_is_no_memory) {
    kfree((void *)machine.uart.start);
}

KTEST(misuse, frees_the_page_table) {
    kfree((void *)page_tables().start);
}

KTEST(misuse, frees_a_run_as_a_block) {
    kfree(page_alloc(2));
}

KTEST(misuse, frees_a_block_as_a_run) {
    page_free(kmalloc(1 << 20));
}

KTEST(misuse, frees_a_run_twice) {
    void *run = page_alloc(2);
    page_free(run);
    page_free(run);
}

KTEST(misuse, resizes_a_freed_block) {
    void *p = kmalloc(500);
    kfree(p);
    kfree(krealloc(p, 5000));
}

KTEST(misuse, resizes_a_freed_block_aligned) {
    void *p = heap_alloc_aligned(500, 64);
    heap_free(p);
    heap_free(heap_realloc_aligned(p, 5000, 64));
}

KTEST(misuse, resizes_inside_a_block_aligned) {
    char *p = heap_alloc_aligned(1000, 64);
    heap_free(heap_realloc_aligned(p + 16, 5000, 64));
}

KTEST(misuse, asks_the_size_of_a_freed_block) {
    void *p = heap_alloc(500);
    heap_free(p);
    expect(heap_usable(p) == 0);
}

KTEST(misuse, asks_the_size_of_the_image) {
    static char foreign[100];
    expect(heap_usable(foreign) == 0);
}

KTEST(misuse, writes_after_a_free) {
    uint64_t *p = kmalloc(48);
    kfree(p);
    *p ^= 16;
    for (int i = 0; i < 4096; i++) kmalloc(48);
}

static void free_on_the_last_core(void *block) {
    if (core_self()->index + 1 == core_count()) kfree(block);
}

KTEST(misuse, frees_twice_from_another_core) {
    void *p = kmalloc(100);
    kfree(p);
    cores_run(free_on_the_last_core, p);
}

/* ---- a hole becomes memory ------------------------------------------------------------------- */

/* With hole=: its memory was unused, and becomes the heap's. */
KTEST(region, hole_becomes_memory) {
    struct page_sums before = page_sums();
    size_t units = 0;

    require(options.holes.count > 0);
    for (uint32_t i = 0; i < options.holes.count; i++) {
        struct range hole = options.holes.at[i];
        size_t bytes = hole.end - hole.start;
        bool whole = bytes >= PAGE_UNIT_BYTES;
        expect(page_add_region((void *)hole.start, bytes) == whole);
        expect(!page_add_region((void *)hole.start, bytes));
        if (whole) units += bytes / PAGE_UNIT_BYTES;
    }
    struct page_sums after = page_sums();
    expect(units > 0 && after.free_units == before.free_units + units);
    expect(after.free_extents + 1 == before.free_extents); /* it joined both of its neighbours */
    expect(kmalloc_verify() == NULL);
    expect(kmalloc(after.largest_units * PAGE_UNIT_BYTES) != NULL);
}

/* ---- without the mask ------------------------------------------------------------------------ */

static void allocate_in_interrupt(void) {
    kfree(kmalloc(1 << 20));
    void *small = kmalloc(300000);
    kfree(small);
}

/* The reason for k*: the same calls without masking meet a lock that the interrupted code holds. */
KTEST(misuse, allocates_unmasked) {
    struct deadline deadline = deadline_in_ms(5000);

    timer_set_hook(allocate_in_interrupt);
    timer_start(options.hz);
    while (!deadline_passed(deadline)) {
        for (int i = 0; i < 100; i++) {
            void *one = heap_alloc((size_t)(i + 20) << 14), *other = heap_alloc((size_t)(i + 21) << 14);
            heap_free(one);
            heap_free(other);
        }
    }
    timer_stop();
}
