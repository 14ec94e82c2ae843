/* Defaults that know the memory limit of the process's control group, and whether the machine overcommits. */
/* SPDX-License-Identifier: MIT */
#include "group.h"
#include "cgroup.h"
#include "sandbox.h"
#include "span/purge.h"
#include "span/unmapped.h"

/* An eighth of the limit: what others of the group need, and the page cache, has room beside it. Less than 4 MiB would
 * be purged and touched again all the time. */
enum { KEPT_PART = 8, KEPT_LEAST = 4 << 20, KEPT_MOST = 256 << 20 };

struct group group = {0};

COLD uint64_t group_kept_bytes(uint64_t limit) {
    uint64_t kept = limit / KEPT_PART;
    if (limit == 0 || kept >= KEPT_MOST) return 0;
    return kept > KEPT_LEAST ? kept : KEPT_LEAST;
}

/* Growth is one thread's at a time in each span; two threads that both look find the same. In a sandbox no file may be
 * opened. */
COLD void group_grown(size_t bytes, const char *root) {
    if (!sandboxed() && !__atomic_exchange_n(&group.looked, true, __ATOMIC_RELAXED)) {
        uint64_t limit = cgroup_memory_limit(root);
        __atomic_store_n(&group.bytes, limit, __ATOMIC_RELAXED);
        store_relaxed(purge_kept_max, (uint32_t)(group_kept_bytes(limit) / UNIT_BYTES));
        if (machine_commits_strictly(root)) store_relaxed(unmapped_kept_units, KEPT_LEAST / UNIT_BYTES);
    }
    uint64_t limit = __atomic_load_n(&group.bytes, __ATOMIC_RELAXED);
    __atomic_store_n(&group.is_near, limit != 0 && bytes >= limit - limit / 8, __ATOMIC_RELAXED);
}
