/* Filling an empty bin. */
#pragma once
#include "heap/heap.h"

/* Fill bin[class], which is empty; false: no memory. */
bool heap_refill(struct heap *heap, uint32_t class);
