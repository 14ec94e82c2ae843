/* The interrupt controller, GICv2 or GICv3: enable, acknowledge, send to another core. */
/* SPDX-License-Identifier: MIT */
#include "gic.h"
#include "arch.h"
#include "console.h"
#include "device.h"
#include "panic.h"
#include <stddef.h>

/* Source: Arm GIC Architecture Specification, IHI 0048B (version 2) and IHI 0069 (version 3).
 * Version 3 is used as version 3 only: affinity routing, system registers, group 1. */

/* The distributor; version 3 has the private part in each core's redistributor, second frame. */
enum { CONTROL = 0x000, GROUP = 0x080, SET_ENABLE = 0x100, CLEAR_ENABLE = 0x180 };
enum { PRIORITY = 0x400, TARGETS_V2 = 0x800, SEND_V2 = 0xf00, ROUTE_V3 = 0x6000 };
enum { CPU_CONTROL = 0x0, CPU_PRIORITY_MASK = 0x4, CPU_ACKNOWLEDGE = 0xc, CPU_END = 0x10 };
enum { REDIST_TYPE = 0x8, REDIST_WAKER = 0x14, REDIST_PRIVATE = 0x10000 };
enum { REDIST_BYTES = 0x20000, REDIST_BYTES_V4 = 0x40000 };
enum { TYPE_V4 = 1 << 1, TYPE_LAST = 1 << 4, WAKER_SLEEP = 1 << 1, WAKER_ASLEEP = 1 << 2 };
#define V3_PENDING (1u << 31) /* version 2 reads it as zero */
enum { V3_GROUP1_AFFINITY = 0x12, PRIORITY_MIDDLE = 0x80, PRIORITY_ALL = 0xf0 };
enum { SGI_COUNT = 16, PRIVATE_COUNT = 32, SPURIOUS = 1020, POLLS_MAX = 1000000 };

static uint32_t version;
static uint64_t distributor;
static struct range cpu_range;
static gic_handler *handlers[GIC_IRQS_MAX];

/* ---- version 3: find and wake this core's redistributor -------------------------------------- */

static uint64_t affinity_of(uint64_t mpidr) {
    return (mpidr & 0xffffff) | (mpidr >> 32 & 0xff) << 24;
}

static uint64_t find_redistributor(uint64_t mpidr) {
    uint64_t at = cpu_range.start;

    while (at < cpu_range.end) {
        uint64_t type = device_read64(at + REDIST_TYPE);
        if (type >> 32 == affinity_of(mpidr)) return at;
        if ((type & TYPE_LAST) != 0) break;
        at += (type & TYPE_V4) != 0 ? REDIST_BYTES_V4 : REDIST_BYTES;
    }
    panic("gic: core %lx has no redistributor", mpidr);
}

static void wake_redistributor(uint64_t redist) {
    device_write(redist + REDIST_WAKER, device_read(redist + REDIST_WAKER) & ~(uint32_t)WAKER_SLEEP);
    for (int polls = 0; (device_read(redist + REDIST_WAKER) & WAKER_ASLEEP) != 0; polls++)
        if (polls == POLLS_MAX) panic("gic: a redistributor does not wake");
}

static void init_core_v3(struct core *core) {
    uint64_t redist = find_redistributor(core->mpidr);

    wake_redistributor(redist);
    core->gic_private = redist + REDIST_PRIVATE;
    device_write(core->gic_private + GROUP, UINT32_MAX);
    sysreg_write(icc_sre_el1, sysreg_read(icc_sre_el1) | 1);
    sysreg_write(icc_pmr_el1, PRIORITY_ALL);
    sysreg_write(icc_igrpen1_el1, 1);
}

/* ---- version 2 ------------------------------------------------------------------------------- */

static void init_core_v2(struct core *core) {
    core->gic_private = distributor;
    core->gic_target = device_read(distributor + TARGETS_V2) & 0xff; /* banked: names its reader, */
    if (core->gic_target == 0) core->gic_target = 1; /* except on a machine of one core, where it reads as zero */
    device_write(cpu_range.start + CPU_PRIORITY_MASK, PRIORITY_ALL);
    device_write(cpu_range.start + CPU_CONTROL, 1);
}

/* ---- both ------------------------------------------------------------------------------------ */

/* Whether the cores have the registers of a GICv3. Some trees call one gic-400; its version 2 interface would never
 * answer. */
static bool cores_have_v3(void) {
    enum { GIC_FIELD = 24 };
    return (sysreg_read(id_aa64pfr0_el1) >> GIC_FIELD & 0xf) != 0;
}

void gic_init(struct machine *machine) {
    if (machine->gic_version == 2 && cores_have_v3()) {
        kprintf("heapalloc-kernel: the device tree says GICv2, the cores say GICv3: used as that\n");
        machine->gic_version = 3;
    }
    version = machine->gic_version;
    distributor = machine->gic_distributor.start;
    cpu_range = machine->gic_cpu;
    device_write(distributor + CONTROL, version == 3 ? V3_GROUP1_AFFINITY : 1);
    for (int polls = 0; (device_read(distributor + CONTROL) & V3_PENDING) != 0; polls++)
        if (polls == POLLS_MAX) panic("gic: the distributor does not start");
}

void gic_init_core(struct core *core) {
    if (version == 3)
        init_core_v3(core);
    else
        init_core_v2(core);
    for (uint32_t irq = 0; irq < PRIVATE_COUNT; irq += 4)
        device_write(core->gic_private + PRIORITY + irq, PRIORITY_MIDDLE * 0x01010101u);
    device_write(core->gic_private + SET_ENABLE, (1u << SGI_COUNT) - 1);
}

/* A shared interrupt goes to the core that attaches it. */
static void route_shared(uint32_t irq) {
    const struct core *core = core_self();

    if (version == 3) {
        uint64_t group = distributor + GROUP + irq / 32 * 4;
        device_write(group, device_read(group) | 1u << irq % 32);
        device_write64(distributor + ROUTE_V3 + irq * 8, core->mpidr & 0xff00ffffff);
    } else {
        *(volatile uint8_t *)(distributor + TARGETS_V2 + irq) = (uint8_t)core->gic_target;
    }
    *(volatile uint8_t *)(distributor + PRIORITY + irq) = PRIORITY_MIDDLE;
}

static uint64_t bank_of(uint32_t irq) {
    return irq < PRIVATE_COUNT ? core_self()->gic_private : distributor;
}

void gic_attach(uint32_t irq, gic_handler *handler) {
    __atomic_store_n(&handlers[irq], handler, __ATOMIC_RELEASE);
    if (irq >= PRIVATE_COUNT) route_shared(irq);
    device_write(bank_of(irq) + SET_ENABLE + irq / 32 * 4, 1u << irq % 32);
}

void gic_detach(uint32_t irq) {
    device_write(bank_of(irq) + CLEAR_ENABLE + irq / 32 * 4, 1u << irq % 32);
}

void gic_send(const struct core *core, uint32_t sgi) {
    __asm__ volatile("dsb ishst" ::: "memory"); /* what we wrote before is seen by the woken core */
    if (version == 2) {
        device_write(distributor + SEND_V2, core->gic_target << 16 | sgi);
        return;
    }
    uint64_t mpidr = core->mpidr;
    uint64_t affinity = (mpidr >> 8 & 0xff) << 16 | (mpidr >> 16 & 0xff) << 32 | (mpidr >> 32 & 0xff) << 48;
    sysreg_write(icc_sgi1r_el1, affinity | (mpidr & 0xf0) << 40 | (uint64_t)sgi << 24 | 1u << (mpidr & 0xf));
}

static uint32_t acknowledge(void) {
    return version == 3 ? (uint32_t)sysreg_read(icc_iar1_el1) : device_read(cpu_range.start + CPU_ACKNOWLEDGE);
}

void gic_handle(void) {
    uint32_t taken = acknowledge();
    uint32_t irq = version == 3 ? taken & 0xffffff : taken & 0x3ff; /* version 2 adds the sender */

    if (irq >= SPURIOUS) return;
    gic_handler *handler = irq < GIC_IRQS_MAX ? __atomic_load_n(&handlers[irq], __ATOMIC_ACQUIRE) : NULL;
    if (handler != NULL) handler();
    if (version == 3)
        sysreg_write(icc_eoir1_el1, taken);
    else
        device_write(cpu_range.start + CPU_END, taken);
}
