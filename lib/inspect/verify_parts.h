/* The parts of the verifier. verify_NAME() is true when the equations marked `verify: NAME` hold. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "base/bits.h"

/* verify_units.c: level 1. When the first holds, all later walks are safe. */
bool verify_extents(void);
bool verify_free_extents(void);
bool verify_coalesced(void);
bool verify_unit_sum(void);
bool verify_unmapped(void);
bool verify_ages(void);

/* verify_index.c: the indexes of both levels. */
bool verify_tlsf_maps(void);

/* verify_medium.c: level 2. */
bool verify_medium_blocks(void);
bool verify_medium_before(void);
bool verify_medium_coalesced(void);
bool verify_medium_sum(void);

/* verify_slabs.c */
bool verify_slab_counts(void);
bool verify_slab_owners(void);
bool verify_abandoned(void);

/* verify_heaps.c */
bool verify_bins(void);
bool verify_partial(void);
bool verify_empty(void);
bool verify_cache(void);
bool verify_shares(void);
bool verify_parked(void);

/* verify_hardened.c */
bool verify_quarantine(void);

/* verify_redzones.c */
bool verify_redzones(void);

/* verify_named.c: named and shared pools only, the others are in no list */
bool verify_named(void);
bool verify_pools(void);
bool verify_collected(void);
