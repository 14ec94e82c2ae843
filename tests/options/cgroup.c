/* Prints the memory limit of the control group below a made-up root: cgroup ROOT. */
/* SPDX-License-Identifier: MIT */
#include "cgroup.h"
#include <inttypes.h>
#include <stdio.h>

int main(int argc, char **argv) {
    if (argc != 2) return 2;
    return printf("%" PRIu64 " %d\n", cgroup_memory_limit(argv[1]), machine_memory() > 0) < 0;
}
