/* What a heap has of one size class, beside its bin.
 *
 * The bins are apart, because malloc and free touch nothing else of a class; all of the rest is for slow paths, one
 * cache line per class. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "slab/slab.h"

struct size_class {
    struct unit *current;      /* fills the bin */
    struct unit *attached;     /* its freed blocks go to the bin: current, or NULL */
    struct slab_queue partial; /* owned slabs that wait for their turn */
    uint32_t share_to;         /* how many partial slabs to keep while another heap wants some; else 0 */
    uint32_t extra_slabs;      /* taken while sparse ones waited (policy.h), less those given back */
    uint16_t remote_frees;     /* blocks freed into slabs that others own, since a partial slab filled the bin */
    uint8_t sparse_refills;    /* sparse slabs met since the class last thought of an extra slab */
    uint8_t adopt_budget;      /* adopted blocks that the bin may still take in */
    uint8_t borrowed;          /* blocks that larger classes served in place of this one */
    uint8_t zoned;             /* blocks that had red zones (heap/redzone.h) */
    bool exchanges;            /* others have freed into its slabs since it last shared some */
    uint8_t taken_slabs;       /* that others had filled, since the bin was filled from another slab; at most 255 */
    uint64_t sample_left;      /* bytes of its blocks until the next sampled one (heap/sample.h) */
} __attribute__((aligned(64)));
