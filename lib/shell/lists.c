/* The shell's freelist: the lists of free blocks, followed as the heap follows them. */
/* SPDX-License-Identifier: MIT */
#include "heap/cache.h"
#include "heap/heap.h"
#include "inspect/bin.h"
#include "shell/chain.h"
#include "span/units.h"

/* ---- slabs ---- */

static bool is_start(const struct unit *slab, const struct block *block) {
    return ((uintptr_t)block ^ (uintptr_t)slab->memory) >> UNIT_SHIFT == 0 && slab_is_block(slab, block);
}

/* Print a list that ends with BLOCK_END, one of just `count` blocks, or the blocks of a bin that are not adopted. */
static void say_blocks(struct shell *shell, const char *name, const struct unit *slab, const struct block *block,
                       uint32_t count, const struct heap *heap) {
    struct shell_chain chain = shell_chain_begin(shell, slab->carved_blocks);
    shell_say(shell, "  %-6s", name);
    while ((block = inspect_own(heap, slab->class, block)) != BLOCK_END && count-- > 0 &&
           shell_chain_add(&chain, is_start(slab, block) ? block : NULL, 0)) {
        chain.broken = !block_is_free(block, heap_secret());
        if (chain.broken) break;
        block = block->next;
    }
    shell_chain_end(&chain);
}

static void say_remote(struct shell *shell, const struct unit *slab) {
    uint32_t word = load_acquire(slab->remote), count = remote_count(word);
    const struct block *first = (const struct block *)(slab->memory + (word & REMOTE_OFFSET_MASK));
    if (count > 0) say_blocks(shell, "remote", slab, first, count, NULL);
}

enum say_empty { SKIP_EMPTY, SAY_EMPTY };

static void say_class(struct shell *shell, uint32_t class, enum say_empty empty) {
    uint32_t slabs = 0;
    struct extent_walk walk = {0};
    while (extent_walk_next(&walk)) {
        const struct unit *slab = walk.line;
        if (slab->kind != UNIT_SLAB || slab->class != class) continue;
        slabs++;
        shell_say(shell, "blocks of %u bytes, slab %p:\n", slab->block_bytes, (void *)shell_extent_memory(&walk));
        if (slab == heap_self->classes[class].current)
            say_blocks(shell, "bin", slab, heap_self->bin[class], UINT32_MAX, heap_self);
        say_blocks(shell, "list", slab, slab->free, UINT32_MAX, NULL);
        say_remote(shell, slab);
    }
    const struct block *adopted[ADOPTED_MAX];
    uint32_t count = inspect_adopted(adopted, heap_self, class);
    if (count > 0)
        shell_say(shell, "blocks of %u bytes, also in the bin: %u of full slabs, the first %p\n",
                  class_shapes[class].block_bytes, count, (const void *)adopted[0]);
    if (slabs == 0 && empty == SAY_EMPTY)
        shell_say(shell, "blocks of %u bytes: there is no slab of them\n", class_shapes[class].block_bytes);
}

/* ---- the indexes of both levels ---- */

typedef bool add_node(struct shell_chain *chain, const struct tlsf_node *node);

static bool add_granules(struct shell_chain *chain, const struct tlsf_node *node) {
    const struct granule *slot = shell_slot_of(node);
    return shell_chain_add(chain, slot ? span_slot_memory(span_of_slot(slot), slot) : NULL,
                           slot ? (size_t)granule_count(slot) << GRANULE_SHIFT : 0);
}

static bool add_units(struct shell_chain *chain, const struct tlsf_node *node) {
    const struct unit *unit = shell_unit_of(node);
    return shell_chain_add(chain, unit ? span_line_memory(unit) : NULL, unit ? unit_bytes(unit) : 0);
}

/* The least size in the list of a row and column. */
static size_t least_of(uint32_t row, uint32_t column) {
    return row == 0 ? column : (size_t)(TLSF_COLUMNS + column) << (row - 1);
}

/* Print all lists of two indexes, by size. Returns how many there are. */
static uint32_t say_indexes(struct shell *shell, const struct tlsf *const index[2], uint32_t shift, add_node *add_one) {
    uint32_t lists = 0;
    for (uint32_t i = 0; i < TLSF_ROWS * TLSF_COLUMNS * 2; i++) {
        uint32_t row = i / 2 / TLSF_COLUMNS, column = i / 2 % TLSF_COLUMNS;
        const struct tlsf_node *node = index[i % 2]->head[row][column];
        if (!node) continue;
        struct shell_chain chain = shell_chain_begin(shell, UINT32_MAX >> 8);
        shell_say(shell, "  from %zu KiB:", least_of(row, column) << shift >> 10);
        for (; node && add_one(&chain, node); node = node->next) {
        }
        shell_chain_end(&chain);
        lists++;
    }
    return lists;
}

/* ---- what the heap keeps ---- */

static uint32_t say_kept(struct shell *shell) {
    const struct heap *heap = heap_self;
    uint32_t lists = 0;
    for (uint32_t count = 0; count <= CACHE_GRANULES_MAX; count++) {
        const char *memory = heap->cache[count];
        if (!memory) continue;
        struct shell_chain chain = shell_chain_begin(shell, CACHE_SUM_MAX);
        shell_say(shell, "  kept, %u bytes:", count << GRANULE_SHIFT);
        while (memory && shell_chain_add(&chain, shell_cached_slot(memory) ? memory : NULL, 0))
            memory = *cache_link(shell_cached_slot(memory));
        shell_chain_end(&chain);
        lists++;
    }
    return lists;
}

static void say_recent(struct shell *shell, const char *memory, size_t bytes) {
    struct shell_chain chain = shell_chain_begin(shell, 1);
    shell_say(shell, "  kept, freed last:");
    shell_chain_add(&chain, memory, bytes);
    shell_chain_end(&chain);
}

static void say_free_medium(struct shell *shell) {
    const struct tlsf *const indexes[2] = {&medium.dirty, &medium.purged};
    shell_say(shell, "medium blocks:\n");
    uint32_t lists = say_kept(shell);
    const struct granule *recent = heap_self->recent_medium;
    if (recent)
        say_recent(shell, span_slot_memory(span_of_slot(recent), recent),
                   (size_t)granule_count(recent) << GRANULE_SHIFT);
    lists += say_indexes(shell, indexes, GRANULE_SHIFT, add_granules);
    if (lists == 0 && !recent) shell_say(shell, "  none is free\n");
}

static void say_large(struct shell *shell) {
    const struct tlsf *const indexes[2] = {&units.dirty, &units.clean};
    const struct unit *recent = heap_self->recent_large;
    shell_say(shell, "units of 16 KiB:\n");
    if (recent) say_recent(shell, recent->memory, unit_bytes(recent));
    if (say_indexes(shell, indexes, UNIT_SHIFT, add_units) == 0 && !recent) shell_say(shell, "  none is free\n");
}

void shell_freelist(struct shell *shell) {
    const char *word = shell->word_count > 1 ? shell->words[1] : NULL;
    uint64_t size;
    if (!word) {
        for (uint32_t class = 1; class < CLASS_COUNT; ++class) say_class(shell, class, SKIP_EMPTY);
        say_free_medium(shell);
        say_large(shell);
    } else if (shell_same(word, "medium")) {
        say_free_medium(shell);
    } else if (shell_same(word, "large")) {
        say_large(shell);
    } else if (shell_number(word, &size) && size > 0 && size <= CLASS_BYTES_MAX) {
        say_class(shell, (uint32_t)class_of(size), SAY_EMPTY);
    } else {
        shell_fail(shell, "`%s` is no list: those are sizes from 1 to %u, medium and large\n", word, CLASS_BYTES_MAX);
    }
}
