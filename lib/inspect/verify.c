/* The verifier: all its parts in turn. */
/* SPDX-License-Identifier: MIT */
#include "inspect/verify.h"
#include "inspect/verify_parts.h"

#define PART(name) \
    { #name, verify_##name }

/* The parts, what others rely on first: extents before what walks them, slabs before the bins cut from them. */
static const struct {
    const char *name;
    bool (*holds)(void);
} parts[] = {
    PART(extents),     PART(tlsf_maps),     PART(free_extents),  PART(coalesced),  PART(unit_sum),
    PART(ages),        PART(medium_blocks), PART(medium_before), PART(medium_sum), PART(medium_coalesced),
    PART(slab_counts), PART(abandoned),     PART(partial),       PART(empty),      PART(slab_owners),
    PART(bins),        PART(cache),         PART(parked),        PART(unmapped),   PART(shares),
    PART(quarantine),  PART(redzones),      PART(named),         PART(pools),      PART(collected),
};

COLD const char *verify_heap(void) {
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        if (!parts[i].holds()) return parts[i].name;
    }
    return NULL;
}
