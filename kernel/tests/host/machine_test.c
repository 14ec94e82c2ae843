/* machine.c: what the kernel reads from a tree, and what it refuses to start without. */
/* SPDX-License-Identifier: MIT */
#include "cmocka_all.h"
#include "machine.h"
#include "tree_builder.h"
#include <stdlib.h>
#include <string.h>

static struct tree_builder tree;
static struct machine machine;
static uint8_t *blob;

enum part { NO_MEMORY = 1, NO_UART = 2, NO_GIC = 4 };

static void device(const char *name, const char *compatible, uint32_t first, uint32_t second) {
    tree_open(&tree, name);
    tree_text(&tree, "compatible", compatible);
    tree_cells(&tree, "reg", 8, 0, first, 0, 0x1000, 0, second, 0, 0x2000);
    tree_close(&tree);
}

static void memory(const char *name, uint32_t start, uint32_t bytes) {
    tree_open(&tree, name);
    tree_cells(&tree, "reg", 4, 0, start, 0, bytes);
    tree_text(&tree, "device_type", "memory"); /* behind reg: the order must not matter */
    tree_close(&tree);
}

/* A machine that would start, without the named parts. */
static void start(int without) {
    tree_start(&tree);
    tree_cells(&tree, "#address-cells", 1, 2);
    tree_cells(&tree, "#size-cells", 1, 2);
    if (!(without & NO_MEMORY)) memory("memory@40000000", 0x40000000, 0x8000000);
    if (!(without & NO_UART)) {
        tree_open(&tree, "pl011@9000000");
        tree_cells(&tree, "interrupts", 3, 0, 1, 4);
        tree_bytes(&tree, "compatible", "arm,pl011\0arm,primecell", 24);
        tree_cells(&tree, "reg", 4, 0, 0x9000000, 0, 0x1000);
        tree_close(&tree);
    }
    if (!(without & NO_GIC)) device("intc@8000000", "arm,cortex-a15-gic", 0x8000000, 0x8010000);
}

static const char *read_machine(void) {
    uint32_t bytes;

    free(blob);
    blob = tree_finish(&tree, &bytes);
    return machine_read(&machine, blob, bytes);
}

static void assert_reads(void) {
    const char *fault = read_machine();

    if (fault != NULL) fail_msg("refused: %s", fault);
}

static void assert_refuses(const char *fragment) {
    const char *fault = read_machine();

    if (fault == NULL || strstr(fault, fragment) == NULL)
        fail_msg("wanted `%s`, got `%s`", fragment, fault != NULL ? fault : "no fault");
}

static void parts_are_found(void **state) {
    (void)state;
    start(0);
    assert_reads();
    assert_int_equal(machine.ram.count, 1);
    assert_true(machine.ram.at[0].start == 0x40000000 && machine.ram.at[0].end == 0x48000000);
    assert_true(machine.uart.start == 0x9000000 && machine.uart_irq == 33);
    assert_true(machine.gic_version == 2 && machine.gic_distributor.start == 0x8000000);
    assert_true(machine.gic_cpu.start == 0x8010000 && machine.gic_cpu.end == 0x8012000);
    assert_int_equal(machine.psci, PSCI_NONE);
    assert_string_equal(machine.bootargs, "");
    assert_true(machine.tree.start == (uintptr_t)blob);
}

static void missing_part_is_named(void **state) {
    (void)state;
    start(NO_MEMORY);
    assert_refuses("no memory");
    start(NO_UART);
    assert_refuses("no PL011");
    start(NO_GIC);
    assert_refuses("no GICv2");
}

static void memory_nodes_come_in_any_order_and_with_many_ranges(void **state) {
    (void)state;
    start(0);
    memory("memory@20000000", 0x20000000, 0x1000);
    tree_open(&tree, "memory");
    tree_text(&tree, "device_type", "memory");
    tree_cells(&tree, "reg", 12, 1, 0, 0, 0x1000, 0, 0x10000000, 0, 0, 2, 0, 1, 0);
    tree_close(&tree);
    assert_reads();
    assert_int_equal(machine.ram.count, 4); /* the empty one is none */
    assert_true(machine.ram.at[1].start == 0x20000000);
    assert_true(machine.ram.at[2].start == 0x100000000);
    assert_true(machine.ram.at[3].end == 0x300000000);
}

static void disabled_nodes_do_not_exist(void **state) {
    (void)state;
    start(NO_UART);
    tree_open(&tree, "secure-memory@0");
    tree_text(&tree, "device_type", "memory");
    tree_text(&tree, "status", "disabled");
    tree_cells(&tree, "reg", 4, 0, 0xe000000, 0, 0x1000000);
    tree_close(&tree);
    tree_open(&tree, "pl011@9040000");
    tree_text(&tree, "compatible", "arm,pl011");
    tree_text(&tree, "status", "disabled");
    tree_cells(&tree, "reg", 4, 0, 0x9040000, 0, 0x1000);
    tree_close(&tree);
    tree_open(&tree, "bus");
    tree_text(&tree, "status", "fail");
    tree_bytes(&tree, "ranges", "", 0);
    device("pl011@9050000", "arm,pl011", 0x9050000, 0);
    tree_close(&tree);
    device("pl011@9060000", "arm,pl011", 0x9060000, 0);
    assert_reads();
    assert_int_equal(machine.ram.count, 1);
    assert_int_equal(machine.uart.start, 0x9060000);
}

static void wrapping_or_cut_memory_is_refused(void **state) {
    (void)state;
    start(0);
    tree_open(&tree, "memory@1");
    tree_text(&tree, "device_type", "memory");
    tree_cells(&tree, "reg", 4, 0xffffffff, 0xffffff00, 0, 0x1000);
    tree_close(&tree);
    assert_refuses("wraps around");
    start(0);
    tree_open(&tree, "memory@1");
    tree_text(&tree, "device_type", "memory");
    tree_cells(&tree, "reg", 3, 0, 1, 2);
    tree_close(&tree);
    assert_refuses("cannot be read");
}

static void reservations_of_all_kinds_are_kept(void **state) {
    (void)state;
    start(0);
    tree_reserve(&tree, 0x41000000, 0x1000);
    tree_open(&tree, "reserved-memory");
    tree_cells(&tree, "#address-cells", 1, 2);
    tree_cells(&tree, "#size-cells", 1, 2);
    tree_bytes(&tree, "ranges", "", 0);
    memory("buffer@42000000", 0x42000000, 0x3000); /* whatever its name is, it is not RAM */
    tree_open(&tree, "placed-later");
    tree_cells(&tree, "size", 2, 0, 0x1000);
    tree_close(&tree);
    tree_close(&tree);
    tree_open(&tree, "chosen");
    tree_cells(&tree, "linux,initrd-start", 1, 0x43000000);
    tree_cells(&tree, "linux,initrd-end", 2, 0, 0x43000800);
    tree_close(&tree);
    assert_reads();
    assert_int_equal(machine.ram.count, 1);
    assert_int_equal(machine.reserved.count, 4);
    assert_true(machine.reserved.at[0].start == (uintptr_t)blob);
    assert_true(machine.reserved.at[1].end == 0x41001000);
    assert_true(machine.reserved.at[2].end == 0x42003000);
    assert_true(machine.reserved.at[3].start == 0x43000000 && machine.initrd.end == 0x43000800);
}

static void reservations_that_may_not_be_read_are_told_apart(void **state) {
    (void)state;
    start(0);
    tree_open(&tree, "reserved-memory");
    tree_cells(&tree, "#address-cells", 1, 2);
    tree_cells(&tree, "#size-cells", 1, 2);
    tree_bytes(&tree, "ranges", "", 0);
    memory("buffer@42000000", 0x42000000, 0x3000);
    tree_open(&tree, "secure@46000000");
    tree_bytes(&tree, "no-map", "", 0);
    tree_cells(&tree, "reg", 4, 0, 0x46000000, 0, 0x200000);
    tree_close(&tree);
    tree_close(&tree);
    assert_reads();
    assert_int_equal(machine.reserved.count, 3); /* with the tree */
    assert_int_equal(machine.no_map.count, 1);
    assert_true(machine.no_map.at[0].start == 0x46000000 && machine.no_map.at[0].end == 0x46200000);
}

static void devices_without_registers_are_none(void **state) {
    (void)state;
    start(NO_UART);
    tree_open(&tree, "pl011@9050000");
    tree_text(&tree, "compatible", "arm,pl011");
    tree_cells(&tree, "reg", 4, 0, 0x9050000, 0, 0);
    tree_close(&tree);
    assert_refuses("no PL011");
    start(NO_UART);
    tree_open(&tree, "pl011@9050000");
    tree_text(&tree, "compatible", "arm,pl011");
    tree_cells(&tree, "reg", 4, 0, 0x9050000, 0, 0);
    tree_close(&tree);
    device("pl011@9060000", "arm,pl011", 0x9060000, 0);
    assert_reads();
    assert_int_equal(machine.uart.start, 0x9060000);
    struct range_list blocks = machine_devices(&machine, 1 << 21);
    assert_int_equal(blocks.count, 2); /* both parts of the interrupt controller lie in one */
    assert_true(blocks.at[0].start == 0x8000000 && blocks.at[0].end == 0x8200000);
    assert_true(blocks.at[1].start == 0x9000000 && blocks.at[1].end == 0x9200000);
}

static void chosen_is_checked(void **state) {
    (void)state;
    start(0);
    tree_open(&tree, "chosen");
    tree_text(&tree, "bootargs", "test=all seed=7");
    tree_close(&tree);
    assert_reads();
    assert_string_equal(machine.bootargs, "test=all seed=7");
    start(0);
    tree_open(&tree, "chosen");
    tree_bytes(&tree, "bootargs", "endless", 7);
    tree_close(&tree);
    assert_refuses("do not end in a NUL");
    start(0);
    tree_open(&tree, "chosen");
    tree_cells(&tree, "linux,initrd-start", 1, 0x43000000);
    tree_cells(&tree, "linux,initrd-end", 1, 0x42000000);
    tree_close(&tree);
    assert_refuses("ends before it starts");
}

static void cores_are_kept_up_to_eight_and_counted(void **state) {
    (void)state;
    start(0);
    tree_open(&tree, "cpus");
    tree_cells(&tree, "#address-cells", 1, 1);
    tree_cells(&tree, "#size-cells", 1, 0);
    tree_open(&tree, "cpu-map");
    tree_close(&tree);
    for (uint32_t i = 0; i < 10; i++) {
        tree_open(&tree, "cpu@x");
        tree_text(&tree, "device_type", "cpu");
        tree_cells(&tree, "reg", 1, i << 8 | i % 4);
        tree_close(&tree);
    }
    tree_close(&tree);
    assert_reads();
    assert_int_equal(machine.core_count, CORES_MAX);
    assert_int_equal(machine.cores_named, 10);
    for (uint32_t i = 0; i < CORES_MAX; i++) assert_int_equal(machine.cores[i], i << 8 | i % 4);
}

static void firmware_and_gic_versions_are_told_apart(void **state) {
    (void)state;
    start(NO_GIC);
    device("intc@8000000", "arm,gic-v3", 0x8000000, 0x80a0000);
    tree_open(&tree, "psci");
    tree_bytes(&tree, "compatible", "arm,psci-1.0\0arm,psci-0.2\0arm,psci", 35);
    tree_text(&tree, "method", "smc");
    tree_close(&tree);
    assert_reads();
    assert_true(machine.gic_version == 3 && machine.gic_cpu.start == 0x80a0000);
    assert_int_equal(machine.psci, PSCI_SMC);
    start(0);
    tree_open(&tree, "psci");
    tree_text(&tree, "compatible", "arm,psci-0.2");
    tree_text(&tree, "method", "hvc");
    tree_close(&tree);
    assert_reads();
    assert_int_equal(machine.psci, PSCI_HVC);
}

static int free_blob(void **state) {
    (void)state;
    free(blob);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_are_found),
        cmocka_unit_test(missing_part_is_named),
        cmocka_unit_test(memory_nodes_come_in_any_order_and_with_many_ranges),
        cmocka_unit_test(disabled_nodes_do_not_exist),
        cmocka_unit_test(wrapping_or_cut_memory_is_refused),
        cmocka_unit_test(reservations_of_all_kinds_are_kept),
        cmocka_unit_test(reservations_that_may_not_be_read_are_told_apart),
        cmocka_unit_test(devices_without_registers_are_none),
        cmocka_unit_test(chosen_is_checked),
        cmocka_unit_test(cores_are_kept_up_to_eight_and_counted),
        cmocka_unit_test(firmware_and_gic_versions_are_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, free_blob);
}
