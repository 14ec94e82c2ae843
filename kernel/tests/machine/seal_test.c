/* The last test: reserved memory is still as the loader left it. */
/* SPDX-License-Identifier: MIT */
#include "kernel.h"
#include "ktest.h"
#include <stddef.h>

KTEST(seal, image_tree_initrd_and_reservations_are_untouched) {
    expect(memory_broken_seal() == NULL);
}
