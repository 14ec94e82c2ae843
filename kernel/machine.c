/* The machine as its device tree describes it: RAM, cores, console, interrupts, firmware. */
/* SPDX-License-Identifier: MIT */
#include "machine.h"
#include "fdt.h"
#include <stddef.h>
#include <string.h>

enum { INTERRUPT_SPI = 0, FIRST_SPI = 32, FIRST_PPI = 16 };

/* ---- memory ---------------------------------------------------------------------------------- */

static const char *add_regs(const struct fdt_node *node, struct range_list *list) {
    int count = fdt_reg_count(node);

    if (count < 0) return "has a memory node whose reg cannot be read";
    for (int i = 0; i < count; i++) {
        struct range range;
        if (!fdt_reg(node, (uint32_t)i, &range))
            return "has a memory range that wraps around or lies behind an unknown bus";
        if (!ranges_append(list, range)) return "names more memory ranges than this kernel keeps";
    }
    return NULL;
}

static const char *add_reservation(const struct fdt_node *node, struct machine *machine) {
    const char *fault = add_regs(node, &machine->reserved);

    if (fault != NULL || node->property[FDT_NO_MAP].value == NULL) return fault;
    return add_regs(node, &machine->no_map);
}

static const char *read_chosen(const struct fdt_node *node, struct machine *machine) {
    struct range initrd = {0, 0};

    if (node->property[FDT_BOOTARGS].bytes > 0) {
        machine->bootargs = fdt_text(node, FDT_BOOTARGS);
        if (machine->bootargs == NULL) return "has bootargs that do not end in a NUL";
    }
    if (!fdt_number(node, FDT_INITRD_START, &initrd.start) || !fdt_number(node, FDT_INITRD_END, &initrd.end))
        return NULL;
    if (initrd.end < initrd.start) return "has an initrd that ends before it starts";
    machine->initrd = initrd;
    return ranges_append(&machine->reserved, initrd) ? NULL : "reserves too many ranges";
}

/* ---- cores and devices ----------------------------------------------------------------------- */

static const char *add_core(const struct fdt_node *node, struct machine *machine) {
    struct range mpidr;

    if (!fdt_reg_behind_bus(node, 0, &mpidr)) /* a number, not an address: no bus leads there */
        return "has a core without a readable number";
    if (machine->core_count < CORES_MAX) machine->cores[machine->core_count++] = mpidr.start;
    machine->cores_named++;
    return NULL;
}

/* Registers of a device; false: there are none, or no bytes of them. */
static bool read_registers(const struct fdt_node *node, uint32_t index, struct range *range) {
    return fdt_reg(node, index, range) && range->start < range->end;
}

static void read_uart(const struct fdt_node *node, struct machine *machine) {
    struct range registers;
    uint32_t kind, number;

    if (machine->uart.end != 0 || !read_registers(node, 0, &registers)) return;
    machine->uart = registers;
    if (fdt_cell(node, FDT_INTERRUPTS, 0, &kind) && fdt_cell(node, FDT_INTERRUPTS, 1, &number) && number < 988)
        machine->uart_irq = number + (kind == INTERRUPT_SPI ? FIRST_SPI : FIRST_PPI);
}

static void read_gic(const struct fdt_node *node, struct machine *machine, uint32_t version) {
    struct range distributor, cpu;

    if (machine->gic_version != 0 || !read_registers(node, 0, &distributor) || !read_registers(node, 1, &cpu)) return;
    machine->gic_version = version;
    machine->gic_distributor = distributor;
    machine->gic_cpu = cpu;
}

static void read_psci(const struct fdt_node *node, struct machine *machine) {
    if (fdt_has_string(node, FDT_METHOD, "hvc"))
        machine->psci = PSCI_HVC;
    else if (fdt_has_string(node, FDT_METHOD, "smc"))
        machine->psci = PSCI_SMC;
}

static void read_device(const struct fdt_node *node, struct machine *machine) {
    if (fdt_has_string(node, FDT_COMPATIBLE, "arm,pl011"))
        read_uart(node, machine);
    else if (fdt_has_string(node, FDT_COMPATIBLE, "arm,cortex-a15-gic") ||
             fdt_has_string(node, FDT_COMPATIBLE, "arm,gic-400"))
        read_gic(node, machine, 2);
    else if (fdt_has_string(node, FDT_COMPATIBLE, "arm,gic-v3"))
        read_gic(node, machine, 3);
    else if (fdt_has_string(node, FDT_COMPATIBLE, "arm,psci-0.2") ||
             fdt_has_string(node, FDT_COMPATIBLE, "arm,psci-1.0"))
        read_psci(node, machine);
}

/* ---- the whole tree -------------------------------------------------------------------------- */

static bool is_child_of(const struct fdt_node *node, const char *top) {
    const struct fdt_node *parent = node->parent;

    return parent->parent != NULL && parent->parent->parent == NULL && fdt_is_named(parent, top);
}

static const char *visit(const struct fdt_node *node, void *context) {
    struct machine *machine = context;

    if (node->parent == NULL || !fdt_is_enabled(node)) return NULL;
    if (node->parent->parent == NULL && fdt_has_string(node, FDT_DEVICE_TYPE, "memory"))
        return add_regs(node, &machine->ram);
    if (node->parent->parent == NULL && fdt_is_named(node, "chosen")) return read_chosen(node, machine);
    if (is_child_of(node, "reserved-memory")) return add_reservation(node, machine);
    if (is_child_of(node, "cpus")) return fdt_has_string(node, FDT_DEVICE_TYPE, "cpu") ? add_core(node, machine) : NULL;
    read_device(node, machine);
    return NULL;
}

static const char *what_is_missing(const struct machine *machine) {
    if (machine->ram.count == 0) return "names no memory";
    if (machine->uart.end == 0) return "names no PL011 serial port";
    if (machine->gic_version == 0) return "names no GICv2 or GICv3 interrupt controller";
    return NULL;
}

const char *machine_read(struct machine *machine, const void *blob, uint64_t bytes_max) {
    struct fdt tree;
    struct range range;
    const char *fault = fdt_open(&tree, blob, bytes_max);

    memset(machine, 0, sizeof *machine);
    machine->bootargs = "";
    if (fault != NULL) return fault;
    machine->tree.start = (uintptr_t)blob;
    machine->tree.end = machine->tree.start + tree.total_bytes;
    ranges_append(&machine->reserved, machine->tree);
    for (uint32_t i = 0; fdt_reservation(&tree, i, &range); i++)
        if (!ranges_append(&machine->reserved, range)) return "reserves too many ranges";
    fault = fdt_walk(&tree, visit, machine);
    return fault != NULL ? fault : what_is_missing(machine);
}

struct range_list machine_devices(const struct machine *machine, uint64_t granule_bytes) {
    struct range_list set = {.count = 0};

    ranges_add(&set, range_cover(machine->uart, granule_bytes));
    ranges_add(&set, range_cover(machine->gic_distributor, granule_bytes));
    ranges_add(&set, range_cover(machine->gic_cpu, granule_bytes));
    return set;
}
