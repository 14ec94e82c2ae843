/* The count of executed instructions, exact under QEMU's -icount. */
/* SPDX-License-Identifier: MIT */
#include "pmu.h"
#include "arch.h"

/* Source: Arm ARM, chapter D13, event 0x08 INST_RETIRED. QEMU has the event only with -icount; there is one count for
 * all cores, so the others must sleep while one measures. */
enum { INST_RETIRED = 0x08, ENABLE = 1, COUNTER_0 = 1 };

bool pmu_init(void) {
    if ((sysreg_read(pmceid0_el0) & 1 << INST_RETIRED) == 0 || (sysreg_read(pmcr_el0) >> 11 & 31) == 0) return false;
    sysreg_write(pmevtyper0_el0, INST_RETIRED);
    sysreg_write(pmcntenset_el0, COUNTER_0);
    sysreg_write(pmcr_el0, sysreg_read(pmcr_el0) | ENABLE);
    return true;
}

uint64_t pmu_instructions(void) {
    return sysreg_read(pmevcntr0_el0);
}
