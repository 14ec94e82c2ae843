/* The remote explorer's freelist: the free blocks that threads have at hand. */
/* SPDX-License-Identifier: MIT */
#include "remote_parts.h"

struct lists {
    struct shell *shell;
    uint64_t wanted; /* bytes; 0: all */
    uint32_t heap, said;
    bool exists; /* there are blocks of that size */
};

static void say_bins(uint64_t heap, uint32_t state, void *argument) {
    struct lists *lists = argument;
    struct reader *reader = &remote_target()->reader;
    bool named = false;
    for (uint32_t class = 1; class < reader->map.class_count; ++class) {
        uint64_t first;
        uint32_t bytes = reader_class_bytes(reader, class), count;
        lists->exists |= lists->wanted == bytes || !lists->wanted;
        if ((lists->wanted && lists->wanted != bytes) || (count = reader_bin(reader, heap, class, &first)) == 0)
            continue;
        if (!named)
            shell_say(lists->shell, "heap %u at 0x%lx, %s\n", lists->heap, (unsigned long)heap,
                      state == HEAPALLOC_MAP_HEAP_LIVE ? "a thread's" : "without a thread");
        named = true;
        lists->said++;
        shell_say(lists->shell, "  %5u bytes: %u block%s, the first at 0x%lx\n", bytes, count, count == 1 ? "" : "s",
                  (unsigned long)first);
    }
    lists->heap++;
}

void remote_freelist(struct shell *shell) {
    struct lists lists = {.shell = shell};
    struct reader *reader = &remote_target()->reader;
    if (shell->word_count > 1 && !shell_number(shell->words[1], &lists.wanted)) {
        shell_fail(shell, "`%s` is no size of blocks\n", shell->words[1]);
        return;
    }
    reader->torn = 0;
    reader->fault[0] = 0;
    bool sound = reader_each_heap(reader, say_bins, &lists);
    if (!sound || (reader->torn > 0 && !remote_target()->process)) shell_fail(shell, "damaged: %s\n", reader->fault);
    if (lists.said > 0) return;
    if (!lists.exists)
        shell_fail(shell, "no class of blocks has %lu bytes: `stats` lists those in use\n",
                   (unsigned long)lists.wanted);
    else
        shell_say(shell, "no thread has free blocks%s at hand\n", lists.wanted ? " of this size" : "");
}
