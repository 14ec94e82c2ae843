/* Slabs: carving, the transitions of the remote word, detection of damaged lists. */
/* SPDX-License-Identifier: MIT */
#include "heap/bin.h"
#include "heap/registry.h"
#include "heap/thread.h"
#include "slab/slab.h"
#include "test.h"

/* Any address will do as an owner here. */
static struct heap *me;
static uintptr_t secret;

static struct unit *slab_of(uint32_t class) {
    if (!me) {
        me = heap_create();
        secret = heap_secret();
    }
    struct unit *slab = slab_take(class, me);
    CHECK(slab != NULL);
    return slab;
}

static uint32_t length(const struct block *list) {
    uint32_t count = 0;
    for (; list != BLOCK_END; list = list->next) {
        CHECK(block_is_free(list, secret));
        count++;
    }
    return count;
}

/* Carve everything and allocate all blocks. */
static uint32_t take_all(struct unit *slab, struct block **blocks) {
    uint32_t count = 0;
    while (slab_uncarved(slab) > 0) {
        for (struct block *list = slab_carve(slab, secret), *next; list != BLOCK_END; list = next) {
            next = list->next;
            block_clear(list);
            blocks[count++] = list;
        }
    }
    slab->used_blocks = slab->carved_blocks;
    return count;
}

TEST(slab_is_carved_page_by_page_in_order) {
    test_leaves_a_broken_heap();
    for (uint32_t class = 1; class < CLASS_COUNT; ++class) {
        struct unit *slab = slab_of(class);
        uint32_t bytes = class_shapes[class].block_bytes, carved = 0;
        CHECK_EQ(slab->carved_blocks, 0);
        CHECK(!slab_is_start(slab, slab->memory));
        while (slab_uncarved(slab) > 0) {
            const char *expected = slab->memory + carved * bytes;
            struct block *list = slab_carve(slab, secret);
            carved += length(list);
            CHECK_EQ(slab->carved_blocks, carved);
            for (; list != BLOCK_END; list = list->next, expected += bytes) CHECK((char *)list == expected);
            /* Not beyond the page in which the first block of the last step ended, up to which code may read. */
            CHECK(carved == class_shapes[class].capacity_blocks ||
                  4096 - (carved * bytes - 1) % 4096 <= bytes + READ_BEYOND_BYTES || bytes > 2048);
            if (bytes <= CLASS_TINY_BYTES && carved < class_shapes[class].capacity_blocks)
                CHECK((carved * bytes - 1) % 4096 < 4096 - READ_BEYOND_BYTES);
        }
        CHECK_EQ(carved, class_shapes[class].capacity_blocks);
    }
}

/* Carving few blocks at a time would take a slow path for each few, and save no page. */
TEST(larger_blocks_in_touched_memory_are_carved_at_once) {
    test_leaves_a_broken_heap();
    for (uint32_t class = 1; class < CLASS_COUNT; ++class) {
        slab_give(slab_of(class), secret);
        struct unit *slab = slab_of(class);
        CHECK(!(slab->flags & UNIT_CLEAN));
        slab_carve(slab, secret);
        uint32_t bytes = class_shapes[class].block_bytes, capacity = class_shapes[class].capacity_blocks;
        CHECK_EQ(slab->carved_blocks, bytes < 256 ? slab_carve_to(0, bytes) : capacity);
    }
}

TEST(only_starts_of_carved_blocks_are_starts) {
    test_leaves_a_broken_heap();
    struct unit *slab = slab_of(5);
    slab_carve(slab, secret);
    uint32_t bytes = slab->block_bytes;
    for (uint32_t offset = 0; offset < UNIT_BYTES; offset++) {
        bool start = offset % bytes == 0 && offset / bytes < slab->carved_blocks;
        CHECK_EQ(slab_is_start(slab, slab->memory + offset), start);
    }
    CHECK(slab_block_around(slab, slab->memory + 2 * bytes + 7) == slab->memory + 2 * bytes);
}

TEST(key_tells_a_free_block_from_a_used_one) {
    test_leaves_a_broken_heap();
    struct unit *slab = slab_of(2);
    struct block *block = slab_carve(slab, secret);
    CHECK(block_is_free(block, secret));
    for (unsigned bit = 0; bit < 128; bit++) {
        unsigned char *bytes = (unsigned char *)block;
        bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
        CHECK(!block_is_free(block, secret));
        bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
    }
    CHECK(block_may_be_free(block));
    struct block copy = *block;
    CHECK(!block_is_free(&copy, secret));
    block_clear(block);
    CHECK(!block_is_free(block, secret));
    CHECK(!block_is_free(BLOCK_END, secret));
}

TEST(what_programs_store_resembles_no_key) {
    static const uintptr_t common[] = {0, 1, UINT32_MAX, UINTPTR_MAX, (uintptr_t)common, (uintptr_t)1 << 63};
    for (size_t i = 0; i < sizeof(common) / sizeof(common[0]); i++) {
        struct block block = {.key = common[i]};
        CHECK(!block_may_be_free(&block));
    }
    for (uint64_t random = 0; random < 100000; random++) {
        struct block block = {.key = block_key((struct block *)common, BLOCK_END, block_secret(random))};
        CHECK(block_may_be_free(&block) && block_secret(random) % 2 == 1);
    }
}

TEST(remote_blocks_are_collected_all_at_once) {
    test_leaves_a_broken_heap();
    struct block *blocks[1024];
    struct unit *slab = slab_of(3);
    uint32_t count = take_all(slab, blocks);
    for (uint32_t i = 0; i < 10; i++) CHECK_EQ(owner_push(slab, blocks[i], secret, OWNER_CLAIMS_FULL), OWNER_PUSHED);
    CHECK_EQ(remote_count(slab->remote), 10);
    CHECK(slab->free == BLOCK_END);
    CHECK_EQ(owner_collect(slab, secret), 10);
    CHECK_EQ(length(slab->free), 10);
    CHECK_EQ(slab->used_blocks, count - 10);
    CHECK_EQ(slab->remote, REMOTE_OWNED);
    CHECK_EQ(owner_collect(slab, secret), 0);
    for (uint32_t i = 10; i < 15; i++) owner_push(slab, blocks[i], secret, OWNER_CLAIMS_FULL);
    CHECK_EQ(owner_collect(slab, secret), 5);
    CHECK_EQ(length(slab->free), 15);
}

TEST(first_and_last_block_of_a_unit_can_be_remote) {
    test_leaves_a_broken_heap();
    struct block *blocks[1024];
    struct unit *slab = slab_of(1);
    uint32_t count = take_all(slab, blocks);
    CHECK_EQ(count, 1024);
    for (uint32_t i = count; i-- > 0;) owner_push(slab, blocks[i], secret, OWNER_CLAIMS_FULL);
    CHECK_EQ(remote_count(slab->remote), 1024);
    CHECK_EQ(owner_collect(slab, secret), 1024);
    CHECK_EQ(slab->used_blocks, 0);
    CHECK(slab->free == blocks[0]);
    slab_give(slab, secret);
    CHECK_EQ(slab->kind, UNIT_FREE);
}

TEST(full_slab_has_no_owner_until_somebody_frees_into_it) {
    test_leaves_a_broken_heap();
    struct block *blocks[1024];
    struct unit *slab = slab_of(4);
    take_all(slab, blocks);
    CHECK(owner_leave_full(slab));
    CHECK(!slab->owner);
    CHECK_EQ(slab->remote, 0);
    CHECK_EQ(owner_push(slab, blocks[7], secret, OWNER_CLAIMS_FULL), OWNER_CLAIMED);
    CHECK(slab->remote & REMOTE_OWNED);
    CHECK_EQ(owner_push(slab, blocks[8], secret, OWNER_CLAIMS_FULL), OWNER_PUSHED);
    CHECK_EQ(owner_collect(slab, secret), 2);
}

TEST(slab_with_a_remote_block_is_not_left) {
    test_leaves_a_broken_heap();
    struct block *blocks[1024];
    struct unit *slab = slab_of(4);
    take_all(slab, blocks);
    owner_push(slab, blocks[0], secret, OWNER_CLAIMS_FULL);
    CHECK(!owner_leave_full(slab));
    CHECK(slab->owner == me);
    CHECK(!owner_leave_listed(slab, OWNER_WITHOUT_REMOTE));
    CHECK(slab->owner == me);
}

TEST(listed_slab_is_claimed_only_by_who_holds_the_list) {
    test_leaves_a_broken_heap();
    struct block *blocks[1024];
    struct unit *slab = slab_of(4);
    take_all(slab, blocks);
    CHECK(owner_leave_listed(slab, OWNER_WITHOUT_REMOTE));
    CHECK_EQ(slab->remote, REMOTE_LISTED);
    CHECK_EQ(owner_push(slab, blocks[0], secret, OWNER_CLAIMS_FULL), OWNER_PUSHED);
    CHECK(slab->remote & REMOTE_LISTED);
    CHECK_EQ(owner_push(slab, blocks[1], secret, OWNER_CLAIMS_LISTED), OWNER_CLAIMED_LISTED);
    CHECK_EQ(slab->remote & (REMOTE_LISTED | REMOTE_OWNED), REMOTE_OWNED);
    CHECK_EQ(owner_collect(slab, secret), 2);
    CHECK(owner_leave_listed(slab, OWNER_WITHOUT_REMOTE));
    owner_push(slab, blocks[2], secret, OWNER_CLAIMS_FULL);
    owner_reclaim(slab);
    CHECK_EQ(slab->remote & (REMOTE_LISTED | REMOTE_OWNED), REMOTE_OWNED);
    CHECK_EQ(remote_count(slab->remote), 1);
}

TEST(claiming_without_the_list_ignores_who_holds_it) {
    test_leaves_a_broken_heap();
    struct block *blocks[1024];
    struct unit *slab = slab_of(4);
    take_all(slab, blocks);
    CHECK(owner_leave_full(slab));
    CHECK_EQ(owner_push(slab, blocks[0], secret, OWNER_CLAIMS_LISTED), OWNER_CLAIMED);
}

TEST(damage_to_a_remote_block_is_found_when_it_is_collected) {
    test_leaves_a_broken_heap();
    struct block *blocks[1024];
    struct unit *slab = slab_of(4);
    take_all(slab, blocks);
    owner_push(slab, blocks[0], secret, OWNER_CLAIMS_FULL);
    owner_collect(slab, secret);
    owner_push(slab, blocks[1], secret, OWNER_CLAIMS_FULL);
    owner_push(slab, blocks[2], secret, OWNER_CLAIMS_FULL);
    blocks[2]->key ^= 4;
    expect_stop("was written to after it was freed: corrupted list", owner_collect(slab, secret));
}

/* If there is no other free block the list is taken as it is; blocks are checked when they are handed out. */
TEST(remote_blocks_become_the_free_list_at_once) {
    test_leaves_a_broken_heap();
    struct block *blocks[1024];
    struct unit *slab = slab_of(4);
    uint32_t used = take_all(slab, blocks);
    owner_push(slab, blocks[1], secret, OWNER_CLAIMS_FULL);
    owner_push(slab, blocks[2], secret, OWNER_CLAIMS_FULL);
    CHECK(blocks[2]->next == blocks[1] && blocks[1]->next == BLOCK_END);
    CHECK(block_is_free(blocks[1], secret));
    blocks[2]->key ^= 4;
    CHECK_EQ(owner_collect(slab, secret), 2);
    CHECK(slab->free == blocks[2]);
    CHECK_EQ(slab->used_blocks, used - 2);
    CHECK(config_safety == 0 || !block_is_free(slab->free, secret));
}

/* More blocks came back than were out. */
TEST(too_many_remote_blocks_are_a_double_free) {
    test_leaves_a_broken_heap();
    struct block *blocks[1024];
    struct unit *slab = slab_of(CLASS_COUNT - 1);
    uint32_t count = take_all(slab, blocks);
    for (uint32_t i = 0; i < count; i++) owner_push(slab, blocks[i], secret, OWNER_CLAIMS_FULL);
    block_clear(blocks[0]);
    owner_push(slab, blocks[0], secret, OWNER_CLAIMS_FULL);
    expect_stop("is already free", owner_collect(slab, secret));
}

static struct unit *emptied(struct block **blocks) {
    struct unit *slab = slab_of(4);
    uint32_t count = take_all(slab, blocks);
    for (uint32_t i = 0; i < count; i++) {
        block_link(blocks[i], slab->free, secret);
        slab->free = blocks[i];
    }
    slab->used_blocks = 0;
    return slab;
}

TEST(given_slab_accounts_for_every_block) {
    test_leaves_a_broken_heap();
    struct block *blocks[1024];
    struct unit *slab = emptied(blocks);
    slab_give(slab, secret);
    CHECK_EQ(slab->kind, UNIT_FREE);
    CHECK_EQ(slab->block_bytes, 0);
    CHECK(!slab->owner);

    slab = emptied(blocks);
    blocks[3]->key++;
    expect_stop("corrupted list", slab_give(slab, secret));

    slab = emptied(blocks);
    struct block *used = slab->free; /* the count says that all are free, because another was freed twice */
    slab->free = used->next;
    block_clear(used);
    expect_stop("is already free", slab_give(slab, secret));
}
