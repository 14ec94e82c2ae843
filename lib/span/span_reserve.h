/* Spans in ranges of their own, beside the home span, which grows in place. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "span/span.h"

/* How much of a new span gets memory at once. */
enum reserve_memory { RESERVE_AS_NEEDED, RESERVE_WHOLE };

/* Reserve a span in its own range: of `wish` units, or the largest above `count` that the world grants, with memory for
 * at least `count`; RESERVE_WHOLE: for all. Only then is it worth one of the few places among the spans. Makes system
 * calls. */
bool span_reserve(struct span *span, uint32_t count, uint32_t wish, enum reserve_memory memory);

/* Reserve a span and add it to the list of spans; it is not the tip. NULL: nothing has changed. Takes no lock. */
struct span *span_add(uint32_t count, uint32_t wish, enum reserve_memory memory);
