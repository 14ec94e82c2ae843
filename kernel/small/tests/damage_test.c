/* Breaks each equation of small.h on purpose; the check must name it. */
/* SPDX-License-Identifier: MIT */
#include "small_test.h"
#include <string.h>

static bool is_named(const char *name) {
    const char *broken = small_check();
    return broken && strcmp(broken, name) == 0;
}

static void expect_seen(void *place, unsigned char flip, const char *name) {
    unsigned char *byte = place;
    *byte ^= flip;
    expect(is_named(name));
    *byte ^= flip;
    expect(small_check() == NULL);
}

KTEST(small, damage_is_named) {
    begin();
    char *one = heap_alloc(500), *two = heap_alloc(500), *three = heap_alloc(500), *small_one = heap_alloc(20);
    require(one && two && three && small_one);
    heap_free(two);
    expect_seen(&head_of(three)->left, 4, "left");
    expect_seen(&head_of(two)->word, USED, "index");
    tlsf_put(&small.index, node_of(head_of(one)), count_of(head_of(one)));
    head_of(one)->word ^= USED;
    expect(is_named("coalesced"));
    head_of(one)->word ^= USED;
    tlsf_drop(&small.index, node_of(head_of(one)));
    expect_seen((char *)two + sizeof(void *), 64, "index");
    if (config_slabs) expect_seen(&slab_of(small_one)->used, 1, "slab");
    expect_seen(&small.free_bytes, 16, "sums");
    heap_free(one), heap_free(three), heap_free(small_one);
    expect(small_check() == NULL);
}
