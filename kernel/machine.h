/* The machine as its device tree describes it: RAM, cores, console, interrupts, firmware. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "layout.h"
#include "ranges.h"
#include <stdbool.h>
#include <stdint.h>

enum psci_conduit { PSCI_NONE, PSCI_HVC, PSCI_SMC };

struct machine {
    struct range tree;          /* the tree itself                                        */
    struct range_list ram;      /* in the tree's order: NUMA nodes come in any            */
    struct range_list reserved; /* reservation block, /reserved-memory, the tree, initrd  */
    struct range_list no_map;   /* those of /reserved-memory that may not even be read    */
    struct range initrd;        /* empty: none                                            */
    const char *bootargs;       /* inside the tree; never NULL                            */

    uint64_t cores[CORES_MAX]; /* MPIDR affinity fields                              */
    uint32_t core_count;       /* entries of cores[]                                 */
    uint32_t cores_named;      /* according to the tree, also those beyond CORES_MAX */

    struct range uart;            /* PL011                                          */
    uint32_t uart_irq;            /* 0: not said                                    */
    uint32_t gic_version;         /* 2 or 3                                         */
    struct range gic_distributor; /*                                                */
    struct range gic_cpu;         /* version 2: CPU interface; 3: redistributors    */
    enum psci_conduit psci;
};

/* Fill `machine` from the tree at `blob`. A result other than NULL completes the sentence "the device tree ..": it is
 * invalid, or lacks something that this kernel needs. */
const char *machine_read(struct machine *machine, const void *blob, uint64_t bytes_max);

/* The set of granules (a power of two bytes) in which its devices lie. */
struct range_list machine_devices(const struct machine *machine, uint64_t granule_bytes);
