/* `heapalloc stats` and `heapalloc walk`: the sums and the blocks of the heap in a process or a core file. */
/* SPDX-License-Identifier: MIT */
#include "look.h"
#include "named.h"
#include "survey.h"
#include "target_open.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { EXIT_FINDING = 1, EXIT_USAGE = 2 };

static const char stats_usage[] =
    "usage: heapalloc stats [--json] PID|CORE\n"
    "\n"
    "Shows where the memory of a heap is, in a process, which is not stopped, or in a core file; pools and arenas by\n"
    "their names. Write a file whose name is a number as ./NUMBER.\n"
    "The exit code is 0, or 1 if there is no heap of heapalloc's or it is damaged, or 2 if it cannot be read.\n";

static const char walk_usage[] =
    "usage: heapalloc walk [--live|--free] PID|CORE\n"
    "\n"
    "Prints every block of the heap in a process or core file: address, bytes, state, kind and class.\n"
    "  --live   only blocks in use by the program\n"
    "  --free   only the others\n"
    "The exit code is 0, or 1 if there is no heap of heapalloc's or it is damaged, or 2 if it cannot be read.\n";

static const char *const state_names[] = {"live", "kept", "free"};
static const char *const kind_names[] = {"small", "medium", "large", "pool", "arena"};

static bool asks_help(int argc, char **argv, const char *usage) {
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") != 0 && strcmp(argv[i], "-h") != 0) continue;
        fputs(usage, stdout);
        return true;
    }
    return false;
}

/* The only argument that is not an option; NULL, and a sentence: there is none, or more, or an option is wrong.
 * `chosen` is set to the index of the last option given. */
static const char *only_word(int argc, char **argv, const char *const *options, int count, int *chosen) {
    const char *word = NULL;
    *chosen = -1;
    for (int i = 1; i < argc; i++) {
        int option = 0;
        while (option < count && strcmp(argv[i], options[option]) != 0) option++;
        if (option < count) {
            *chosen = option;
        } else if (argv[i][0] == '-' || word) {
            fprintf(stderr, "heapalloc %s: there is no %s `%s`; `heapalloc %s --help` tells more\n", argv[0],
                    word ? "second argument" : "option", argv[i], argv[0]);
            return NULL;
        } else {
            word = argv[i];
        }
    }
    if (!word) fprintf(stderr, "heapalloc %s: name a process by its number, or a core file\n", argv[0]);
    return word;
}

/* A running process may be read inconsistently in some places; a core file is not. */
static int judge_heap(const char *command, const struct target *target, bool whole) {
    if (!whole) fprintf(stderr, "heapalloc %s: the heap of %s is damaged, or has gone away\n", command, target->name);
    if (target->reader.torn > 0 && !target->process)
        fprintf(stderr, "heapalloc %s: the heap of %s is damaged: %s (%zu in all)\n", command, target->name,
                target->reader.fault, target->reader.torn);
    return whole && (target->process || target->reader.torn == 0) ? 0 : EXIT_FINDING;
}

static void print_row(const char *name, const struct survey_sum *sums) {
    uint64_t blocks = 0;
    for (int state = 0; state < SURVEY_STATES; state++) blocks += sums[state].blocks;
    if (blocks == 0) return;
    printf("  %-8s %12s %10" PRIu64 " %12s %12s\n", name, survey_size(sums[0].bytes), sums[0].blocks,
           survey_size(sums[1].bytes), survey_size(sums[2].bytes));
}

static void print_line(const char *line, void *argument) {
    (void)argument;
    puts(line);
}

static void print_stats(const struct survey *survey, const struct target *target) {
    char name[16];
    printf("%s: %s live in %" PRIu64 " blocks, %s kept, %s free; %u %% of what is in use is live\n", target->name,
           survey_size(survey->states[0].bytes), survey->states[0].blocks, survey_size(survey->states[1].bytes),
           survey_size(survey->states[2].bytes), survey_density(survey));
    printf("  heaps %u, threads' %u; the largest free block has %s\n\n", survey->heaps, survey->heaps_live,
           survey_size(survey->largest_free));
    printf("  %-8s %12s %10s %12s %12s\n", "block", "live", "blocks", "kept", "free");
    for (unsigned class = 1; class < READER_CLASSES_MAX; ++class) {
        snprintf(name, sizeof(name), "%u", survey->class_bytes[class]);
        print_row(name, survey->classes[class]);
    }
    for (int kind = 1; kind < SURVEY_KINDS; kind++) print_row(kind_names[kind], survey->kinds[kind]);
}

static void print_json(const struct survey *survey, const struct by_name *named) {
    const char *comma = "";
    printf("{\"heaps\": %u, \"heaps_live\": %u, \"largest_free_bytes\": %" PRIu64, survey->heaps, survey->heaps_live,
           survey->largest_free);
    for (int state = 0; state < SURVEY_STATES; state++)
        printf(", \"%s_bytes\": %" PRIu64 ", \"%s_blocks\": %" PRIu64, state_names[state], survey->states[state].bytes,
               state_names[state], survey->states[state].blocks);
    printf(", \"classes\": [");
    for (unsigned class = 1; class < READER_CLASSES_MAX; ++class) {
        const struct survey_sum *sums = survey->classes[class];
        if (sums[0].blocks + sums[1].blocks + sums[2].blocks == 0) continue;
        printf("%s{\"block_bytes\": %u, \"live_blocks\": %" PRIu64 ", \"free_blocks\": %" PRIu64 "}", comma,
               survey->class_bytes[class], sums[0].blocks, sums[2].blocks);
        comma = ", ";
    }
    fputs("], ", stdout);
    named_put(stdout, named);
    puts("}");
}

int stats_run(int argc, char **argv) {
    static const char *const options[] = {"--json"};
    static struct target target;
    static struct survey survey;
    static struct by_name named;
    int chosen;
    if (asks_help(argc, argv, stats_usage)) return 0;
    const char *word = only_word(argc, argv, options, 1, &chosen);
    if (!word) return EXIT_USAGE;
    int code = target_open_for(&target, "stats", word);
    if (code) return code;
    bool whole = survey_take(&survey, &target);
    bool all_named = named_read(&target, &named);
    if (chosen == 0) {
        print_json(&survey, &named);
    } else {
        print_stats(&survey, &target);
        named_say(&named, all_named, print_line, NULL);
    }
    code = judge_heap("stats", &target, whole);
    target_close(&target);
    return fflush(stdout) == 0 ? code : EXIT_FINDING;
}

static bool print_block(const struct heapalloc_block *block, void *argument) {
    int wanted = *(int *)argument;
    bool live = block->state == HEAPALLOC_BLOCK_LIVE;
    if ((wanted == 0 && !live) || (wanted == 1 && live)) return true;
    printf("0x%" PRIx64 " %10" PRIu64 " %s %s", block->address, block->bytes, state_names[block->state],
           kind_names[block->kind]);
    if (block->size_class) printf(" %u", block->size_class);
    return putchar('\n') != EOF;
}

int walk_run(int argc, char **argv) {
    static const char *const options[] = {"--live", "--free"};
    static struct target target;
    int chosen;
    if (asks_help(argc, argv, walk_usage)) return 0;
    const char *word = only_word(argc, argv, options, 2, &chosen);
    if (!word) return EXIT_USAGE;
    int code = target_open_for(&target, "walk", word);
    if (code) return code;
    bool whole = reader_walk(&target.reader, print_block, &chosen);
    code = judge_heap("walk", &target, whole);
    target_close(&target);
    return fflush(stdout) == 0 ? code : EXIT_FINDING;
}
