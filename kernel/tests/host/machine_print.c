/* Prints what the kernel's reader finds in a device tree file, for comparison with fdtget. */
/* SPDX-License-Identifier: MIT */
#include "fdt.h"
#include "machine.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static void print_range(const char *name, struct range range) {
    printf("%s %" PRIx64 " %" PRIx64 "\n", name, range.start, range.end - range.start);
}

static void print_machine(const struct machine *machine) {
    static const char *const conduits[] = {"none", "hvc", "smc"};

    for (uint32_t i = 0; i < machine->ram.count; i++) print_range("ram", machine->ram.at[i]);
    for (uint32_t i = 1; i < machine->reserved.count; i++) /* [0] is the tree itself */
        print_range("reserved", machine->reserved.at[i]);
    for (uint32_t i = 0; i < machine->core_count; i++) printf("core %" PRIx64 "\n", machine->cores[i]);
    printf("cores %" PRIu32 "\n", machine->cores_named);
    print_range("uart", machine->uart);
    printf("irq %" PRIu32 "\n", machine->uart_irq);
    printf("gic %" PRIu32 "\n", machine->gic_version);
    print_range("distributor", machine->gic_distributor);
    print_range("interface", machine->gic_cpu);
    printf("psci %s\n", conduits[machine->psci]);
    printf("bootargs %s\n", machine->bootargs);
}

int main(int count, char **words) {
    static uint8_t blob[FDT_BYTES_MAX] __attribute__((aligned(8)));
    static struct machine machine;
    FILE *file = count == 2 ? fopen(words[1], "rb") : NULL;

    if (file == NULL) {
        fprintf(stderr, "machine_print TREE.dtb\n");
        return EXIT_FAILURE;
    }
    size_t bytes = fread(blob, 1, sizeof blob, file);
    fclose(file);
    const char *fault = machine_read(&machine, blob, bytes);
    if (fault != NULL)
        printf("fault the device tree %s\n", fault);
    else
        print_machine(&machine);
    return fault != NULL ? 2 : 0;
}
