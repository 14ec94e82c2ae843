/* Prints the memory limit of the control group below a made-up root, and the defaults that follow from it for a heap of
 * so many bytes: the KiB of free memory that may stay dirty, 0 for the usual; whether the limit is near; and the KiB of
 * clean memory that may stay mapped, 0 for the usual.
 *
 *   cgroup ROOT [BYTES]                                                                                            */
/* SPDX-License-Identifier: MIT */
#include "cgroup.h"
#include "group.h"
#include "span/purge.h"
#include "span/unmapped.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

uint32_t purge_kept_max, unmapped_kept_units;

int main(int argc, char **argv) {
    if (argc == 3) {
        group_grown(strtoull(argv[2], NULL, 10), argv[1]);
        unsigned unit_kib = UNIT_BYTES / 1024;
        return printf("%u %d %u\n", purge_kept_max * unit_kib, group.is_near, unmapped_kept_units * unit_kib) < 0;
    }
    if (argc != 2) return 2;
    return printf("%" PRIu64 " %d\n", cgroup_memory_limit(argv[1]), machine_memory() > 0) < 0;
}
