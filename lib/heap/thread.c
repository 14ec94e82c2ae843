/* A thread's heap: made at its first allocation, given up when the thread ends.
 *
 * Heap structs are never unmapped and never become anything else: another thread may look at one of a thread
 * that is long gone. The first one stands in the library's own data, so that a short program touches no unit for it. */
#include "heap/thread.h"
#include "base/alone.h"
#include "base/watch.h"
#include "heap/cache.h"
#include "heap/tick.h"
#include "span/units.h"
#include <heapalloc/port.h>

struct heaps heaps = {.lock = LOCK_OF(RANK_HEAPS)};
uintptr_t heap_secret_word;

static struct heap first_heap __attribute__((aligned(64)));

/* The calling thread's last destructor has run: it gets no heap any more. */
static _Thread_local bool ended __attribute__((tls_model("initial-exec")));

RUN_BY_ALL static void heap_init(struct heap *heap) {
    *heap = (struct heap){.secret = heap_secret_word,
                          .slow_left = TICK_SLOW_PATHS / 2, /* soon, so that fork handlers stand early */
                          .returns = RETURNS_MAX,
                          .state = HEAP_LIVE,
                          .cache_max = CACHE_SUM_MIN,
                          .cache_room = CACHE_SUM_MIN,
                          .next_all = heaps.all};
    for (uint32_t class = 0; class < CLASS_COUNT; class++) heap->bin[class] = BLOCK_END;
    store_release(heaps.all, heap);
}

/* Heap structs from a fresh unit: the first is returned, the others are parked. Under the heaps lock. */
static struct heap *carve_heaps(struct unit *unit) {
    size_t bytes = round_up(sizeof(struct heap), 64);
    struct heap *first = NULL;
    for (char *at = unit->memory, *end = at + UNIT_BYTES; at + bytes <= end; at += bytes) {
        struct heap *heap = (struct heap *)at;
        heap->secret = 0; /* not initialised yet */
        if (first) {
            heap->state = HEAP_PARKED;
            heap->next_all = NULL;
            heap->next_parked = heaps.parked;
            heaps.parked = heap;
        } else {
            first = heap;
        }
    }
    return first;
}

static struct heap *unpark(void) {
    struct heap *heap = heaps.parked;
    if (!heap) return NULL;
    heaps.parked = heap->next_parked;
    if (heap->secret == 0) heap_init(heap); /* carved, but never used yet */
    heap->state = HEAP_LIVE;
    return heap;
}

/* Under the heaps lock. */
static struct heap *first_of_process(void) {
    if (heap_secret_word) return NULL;
    heap_secret_word = block_secret(port_random());
    heap_init(&first_heap);
    return &first_heap;
}

RUN_BY_ALL struct heap *heap_create(void) {
    if (!lock_take(&heaps.lock)) return NULL;
    struct heap *heap = first_of_process();
    if (!heap) {
        store_relaxed(heaps.threaded, true);
        heap = unpark();
    }
    lock_give(&heaps.lock);
    if (heap) return heap;
    struct unit *unit = units_take(1, UNIT_META);
    if (!unit || !lock_take(&heaps.lock)) {
        if (unit) units_give(unit);
        return NULL;
    }
    watch_take(unit->memory, UNIT_BYTES);
    heap = carve_heaps(unit);
    heap_init(heap);
    lock_give(&heaps.lock);
    return heap;
}

RUN_BY_ALL struct heap *heap_attach(void) {
    if (ended) return NULL;
    if (!alone()) port_expect_fork(); /* before this thread takes a lock */
    struct heap *heap = heap_create();
    if (!heap) return NULL;
    heap_self = heap; /* first: what follows may allocate */
    port_thread_begin();
    return heap;
}

void heap_leave(void) {
    struct heap *heap = heap_self;
    ended = true;
    if (heap->state != HEAP_LIVE) return;
    heap_spill(heap);
    cache_flush(heap);
    for (uint32_t class = 1; class < CLASS_COUNT; class++) {
        struct unit *slab = heap->current[class];
        heap->current[class] = NULL;
        if (slab) heap_disown(slab);
        while ((slab = heap->waiting[class].first)) {
            heap_unwait(heap, slab);
            heap_disown(slab);
        }
    }
    memset(heap->extra_slabs, 0, sizeof(heap->extra_slabs));
    heap_self = &heap_none;
    if (!lock_take(&heaps.lock)) return; /* during a fork: this one struct is lost */
    heap->state = HEAP_PARKED;
    heap->next_parked = heaps.parked;
    heaps.parked = heap;
    lock_give(&heaps.lock);
}
