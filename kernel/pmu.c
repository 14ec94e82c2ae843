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

/* The counter is read right before and after the call, so that nothing else is counted. */
static uint64_t pmu_call_counted(uintptr_t function, const uint64_t words[3], uint64_t *result) {
    register uint64_t x0 __asm__("x0") = words[0], x1 __asm__("x1") = words[1], x2 __asm__("x2") = words[2];
    register uint64_t start __asm__("x19"), end __asm__("x20");

    __asm__ volatile("mrs %0, pmevcntr0_el0\n\tblr %5\n\tmrs %1, pmevcntr0_el0"
                     : "=&r"(start), "=&r"(end), "+r"(x0), "+r"(x1), "+r"(x2)
                     : "r"(function)
                     : "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17",
                       "x18", "x30", "cc", "memory");
    *result = x0;
    return end - start;
}

static void only_return(void) {
}

uint64_t pmu_call(uintptr_t function, const uint64_t words[3], uint64_t *cost) {
    uint64_t result, ignored, daif = irq_save();
    uint64_t nothing = pmu_call_counted((uintptr_t)only_return, words, &ignored) - 1; /* less its one instruction */

    *cost = pmu_call_counted(function, words, &result) - nothing;
    irq_restore(daif);
    return result;
}
