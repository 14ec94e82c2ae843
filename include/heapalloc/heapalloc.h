/* heapalloc's own interface, beside the malloc family that it exports under the standard names. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HEAPALLOC_VERSION_MAJOR 0
#define HEAPALLOC_VERSION_MINOR 1
#define HEAPALLOC_VERSION_PATCH 0

/* "0.1.0 (default)": the version of the library that is loaded, and which build it is.
 * returns       a string that lives as long as the program
 * thread, cost  any thread; O(1)                                                                              */
const char *heapalloc_version(void);

/* Sums over the whole heap, in bytes. mapped = used + free_dirty + free_clean + tables, of which used is what callers,
 * bins and caches hold in whole slabs and extents. */
struct heapalloc_stats {
    size_t mapped_bytes;     /* address space with memory behind it, or that may have some */
    size_t used_bytes;       /* units handed out to slabs, medium and large blocks */
    size_t free_dirty_bytes; /* free, and still backed by memory: reused first, purged when old */
    size_t free_clean_bytes; /* free, and given back to the system */
    size_t table_bytes;      /* unit lines and granule slots, mapped */
    size_t heap_count;       /* threads' heaps, living and parked */
};

/* Fill in `stats`.
 * thread, cost  any thread; takes one lock for a moment; O(spans)
 * returns       false when a fork is under way: nothing was written                                            */
bool heapalloc_stats(struct heapalloc_stats *stats);

/* Check every invariant of the heap's shared parts and of the calling thread's heap.
 * returns       NULL when all hold; otherwise the name of the first that does not (a string constant)
 * thread, cost  no other thread may use the heap meanwhile; O(heap)                                            */
const char *heapalloc_verify(void);

/* Give free memory back to the system now, whatever its age.
 * returns       true when some went
 * thread, cost  any thread; system calls; O(free extents)                                                      */
bool heapalloc_trim(void);

#ifdef __cplusplus
}
#endif
