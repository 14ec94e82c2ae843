/* The way from the first C instruction to the world that this image is. */
/* SPDX-License-Identifier: MIT */
#include "arch.h"
#include "console.h"
#include "cores.h"
#include "fdt.h"
#include "gic.h"
#include "guarded.h"
#include "kernel.h"
#include "layout.h"
#include "mmu.h"
#include "pl011.h"
#include "psci.h"
#include "world.h"
#include <stddef.h>

struct machine machine;
struct memory memory;
struct options options;

void kernel_main(uint64_t tree, uint64_t entry_level, uint64_t next_table); /* from start.S */

static _Noreturn void refuse_tree(uint64_t tree, const char *why) {
    kprintf("heapalloc-kernel: the device tree at 0x%lx %s\n", tree, why);
    machine_exit(EXIT_TREE);
}

/* start.S mapped 2 MiB behind it, but there may be no memory: an unmapped pointer is a broken tree too. */
static void read_tree(uint64_t tree) {
    uint64_t ignored;
    const char *fault = "cannot be read";

    if (guarded_load64(tree, &ignored)) fault = machine_read(&machine, (const void *)tree, FDT_BYTES_MAX);
    if (fault != NULL) refuse_tree(tree, fault);
}

/* On other machines RAM may lie where the early console is: that is no device any more once the tree's are known. */
static void map_devices(void) {
    struct range_list devices = machine_devices(&machine, 1 << BLOCK_SHIFT);
    struct range early = {EARLY_UART_BASE, EARLY_UART_BASE + 1};

    for (uint32_t i = 0; i < devices.count; i++) {
        if (memory_is_image(devices.at[i])) refuse_tree(machine.tree.start, "has devices where this kernel lies");
        if (!mmu_map(devices.at[i], MMU_DEVICE))
            refuse_tree(machine.tree.start, "has devices beyond what this kernel can map");
    }
    if (!ranges_overlap(&devices, early)) mmu_forget_early_uart();
}

/* If the tree has no interrupt number, or one that the controller lacks, the console polls. */
static void use_uart_interrupt(uint32_t irq) {
    if (irq == 0 || irq >= GIC_IRQS_MAX) return;
    gic_attach(irq, pl011_interrupt);
    console_allow_sleep();
}

static void introduce(void) {
    kprintf("heapalloc-kernel: %u of %u cores, entered at EL%u, GICv%u, PSCI by %s\n", core_count(),
            machine.cores_named, core_self()->entry_level, machine.gic_version,
            machine.psci == PSCI_HVC   ? "hvc"
            : machine.psci == PSCI_SMC ? "smc"
                                       : "nobody");
    memory_print(&memory, &machine);
    if (options.unknown[0] != '\0') kprintf("heapalloc-kernel: boot argument `%s` ignored\n", options.unknown);
}

void kernel_main(uint64_t tree, uint64_t entry_level, uint64_t next_table) {
    const char *fault;

    core_init_boot(entry_level);
    mmu_init(next_table);
    read_tree(tree);
    map_devices();
    console_init(machine.uart.start);
    options_parse(&options, machine.bootargs);
    fault = memory_init(&memory, &machine, &options);
    if (fault != NULL) refuse_tree(tree, fault);
    memory_seal(&memory, &machine);
    fault = world_begin();
    if (fault != NULL) refuse_tree(tree, fault);

    kprintf("heapalloc-kernel: starts GICv%u and %u cores\n", machine.gic_version, machine.core_count);
    psci_init(machine.psci);
    gic_init(&machine);
    cores_start(&machine);
    irq_unmask();
    use_uart_interrupt(machine.uart_irq);
    introduce();
    machine_exit(world_run());
}
