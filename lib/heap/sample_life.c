/* Starts and ends the sampling of a heap. */
/* SPDX-License-Identifier: MIT */
#include "heap/sample_life.h"
#include "heap/flush.h"
#include "heap/quarantine.h"

bool sample_begin(struct heap *heap, uint64_t rate, uint64_t seed) {
    debug_check(heap->state == HEAP_LIVE && rate > 0 && rate <= SAMPLE_RATE_MAX);
    if (!config_safety || config_valgrind) return false; /* whose free() does not check the start limit */
    quarantine_flush(heap);                              /* what it hands out is not counted */
    heap_flush_bins(heap);
    if (heap->sample.rate == 0) heap->sample.pace = heap->slow_left;
    heap->sample.rate = rate;
    heap->sample.random = seed | 1;
    heap->sample.hit = NULL;
    heap->sample.wide_left = sample_draw(&heap->sample);
    for (uint32_t class = 1; class < CLASS_COUNT; ++class)
        heap->classes[class].sample_left = sample_draw(&heap->sample);
    heap->slow_left = heap->hits_left = 1;
    return true;
}

void sample_end(struct heap *heap) {
    debug_check(heap->state == HEAP_LIVE);
    if (heap->sample.rate == 0) return;
    heap_flush_bins(heap);
    heap->sample.rate = 0;
    heap->slow_left = heap->sample.pace;
    heap->hits_left = heap->returns;
}
