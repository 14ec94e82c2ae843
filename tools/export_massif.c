/* Heap profiles as massif's snapshots. */
/* SPDX-License-Identifier: MIT */
#include "call_tree.h"
#include "export_formats.h"
#include "json_text.h"
#include "profile_file.h"
#include <inttypes.h>

enum { INDENT_MAX = 60 };

/* Children of less than one percent of the snapshot are summed up, as massif does. */
static bool is_small(const struct call_node *node, double all) {
    return node->values[LIVE_BYTES] * 100 < all || node->values[LIVE_BYTES] == 0;
}

static void put_node(const struct heap_profile *profile, const struct call_tree *tree, uint32_t at, unsigned depth,
                     FILE *out) {
    const struct call_node *node = &tree->nodes[at];
    double all = tree->nodes[0].values[LIVE_BYTES], small = 0;
    size_t small_count = 0, count = 0;
    for (uint32_t child = node->child; child != NUMBER_NONE; child = tree->nodes[child].next) {
        bool sums_up = is_small(&tree->nodes[child], all);
        count += !sums_up;
        small_count += sums_up && tree->nodes[child].values[LIVE_BYTES] > 0;
        small += sums_up ? tree->nodes[child].values[LIVE_BYTES] : 0;
    }
    fprintf(out, "%*sn%zu: %" PRId64 " ", depth < INDENT_MAX ? (int)depth : INDENT_MAX, "", count + (small_count > 0),
            whole_number(node->values[LIVE_BYTES]));
    const char *file = names_text(profile->names, node->line.file);
    if (at == 0) {
        fputs("(heap allocation functions) malloc/new/new[], --alloc-fns, etc.", out);
    } else {
        fputs("0x0: ", out); /* an address is expected; functions that were inlined have none of their own */
        export_put_name(out, names_text(profile->names, node->line.function));
        if (*file) fprintf(out, " (%s:%u)", profile_file_name(file), node->line.number);
    }
    putc('\n', out);
    for (uint32_t child = node->child; child != NUMBER_NONE; child = tree->nodes[child].next)
        if (!is_small(&tree->nodes[child], all)) put_node(profile, tree, child, depth + 1, out);
    if (small_count > 0)
        fprintf(out, "%*sn0: %" PRId64 " in %zu places, all below massif's threshold (1.00%%)\n",
                depth < INDENT_MAX ? (int)depth + 1 : INDENT_MAX, "", whole_number(small), small_count);
}

static bool put_snapshot(const struct heap_profile *profile, size_t index, int64_t ms, FILE *out) {
    struct call_tree tree;
    bool good = call_tree_make(&tree, profile, TREE_FROM_SITE) && call_tree_sort(&tree, LIVE_BYTES);
    fprintf(out,
            "#-----------\nsnapshot=%zu\n#-----------\ntime=%" PRId64 "\nmem_heap_B=%" PRId64
            "\nmem_heap_extra_B=0\nmem_stacks_B=0\nheap_tree=%s\n",
            index, ms, whole_number(heap_profile_sum(profile, LIVE_BYTES)), good ? "detailed" : "empty");
    if (good) put_node(profile, &tree, 0, 0, out);
    call_tree_free(&tree);
    return good;
}

bool export_massif(const struct heap_profile *profiles, size_t count, FILE *out) {
    bool good = true;
    const struct heap_profile *first = &profiles[0];
    fputs("desc: from heapalloc's profiles\ncmd: ", out);
    export_put_name(out, first->module_count ? names_text(first->names, first->modules[0].path) : "unknown");
    fputs("\ntime_unit: ms\n", out);
    for (size_t i = 0; i < count && good; i++) {
        uint64_t passed = profiles[i].time_ns - first->time_ns;
        good =
            put_snapshot(&profiles[i], i, profiles[i].time_ns >= first->time_ns ? (int64_t)(passed / 1000000) : 0, out);
    }
    return good;
}
