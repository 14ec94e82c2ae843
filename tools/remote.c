/* The shell's commands over a heap that is read from outside: which there are, and those that only sum up. */
/* SPDX-License-Identifier: MIT */
#include "remote.h"
#include "lost.h"
#include "named.h"
#include "survey.h"
#include <inttypes.h>
#include <string.h>

enum { ROWS = 20, LOOKS = 5 };

static void refuse(struct shell *shell) {
    struct target *target = remote_target();
    shell_fail(shell, "%s is only read here: `%s` needs a heap of your own, which `heapalloc explore` gives you\n",
               target->name, shell->words[0]);
}

static void say_row(struct shell *shell, const char *name, const struct survey_sum *sums) {
    if (sums[0].blocks + sums[1].blocks + sums[2].blocks == 0) return;
    shell_say(shell, "  %-8s %12s %10lu %12s %12s\n", name, survey_size(sums[0].bytes), (unsigned long)sums[0].blocks,
              survey_size(sums[1].bytes), survey_size(sums[2].bytes));
}

static void remote_say_line(const char *line, void *argument) {
    shell_say(argument, "%s\n", line);
}

static void remote_stats(struct shell *shell) {
    struct target *target = remote_target();
    static struct survey survey;
    static struct by_name named;
    if (!survey_take(&survey, target)) {
        shell_fail(shell, "the heap of %s has gone away\n", target->name);
        return;
    }
    shell_say(shell, "%s: %s live in %lu blocks, %s kept, %s free; %u %% of what is in use is live\n", target->name,
              survey_size(survey.states[0].bytes), (unsigned long)survey.states[0].blocks,
              survey_size(survey.states[1].bytes), survey_size(survey.states[2].bytes), survey_density(&survey));
    shell_say(shell, "  heaps %u, threads' %u; the largest free block has %s\n", survey.heaps, survey.heaps_live,
              survey_size(survey.largest_free));
    shell_say(shell, "  %-8s %12s %10s %12s %12s\n", "block", "live", "blocks", "kept", "free");
    for (unsigned class = 1; class < READER_CLASSES_MAX; ++class) {
        char name[16];
        snprintf(name, sizeof(name), "%u", survey.class_bytes[class]);
        say_row(shell, name, survey.classes[class]);
    }
    static const char *const kinds[] = {"small", "medium", "large", "pool", "arena"};
    for (int kind = 1; kind < SURVEY_KINDS; kind++) say_row(shell, kinds[kind], survey.kinds[kind]);
    bool all_named = named_read(target, &named);
    named_say(&named, all_named, remote_say_line, shell);
}

/* A running heap changes while it is read: only a fault that is found repeatedly is real. */
static void remote_check(struct shell *shell) {
    struct target *target = remote_target();
    for (int look = 0; look < LOOKS; look++) {
        target->reader.torn = 0;
        target->reader.fault[0] = 0;
        if (reader_walk(&target->reader, NULL, NULL)) reader_check_lists(&target->reader);
        if (target->reader.torn == 0) {
            shell_say(shell, "the heap of %s is whole\n", target->name);
            return;
        }
    }
    shell_fail(shell, "the heap of %s is damaged: %s (%zu in all)\n", target->name, target->reader.fault,
               target->reader.torn);
}

static void remote_leaks(struct shell *shell) {
    struct target *target = remote_target();
    struct lost lost;
    struct names names = {0};
    if (lost_find(&lost, target, &names))
        lost_tell(&lost, ROWS, remote_say_line, shell);
    else
        shell_fail(shell, "%s\n", target->why);
    lost_free(&lost);
    names_free(&names);
}

static void remote_origin(struct shell *shell) {
    struct target *target = remote_target();
    if (shell->word_count > 1)
        shell_fail(shell, "the addresses of %s stay as they are\n", target->name);
    else
        shell_say(shell, "addresses count from 0\n");
}

const struct shell_command remote_commands[] = {
    {"alloc", "", "", refuse, 0, SHELL_WORDS_MAX},
    {"free", "", "", refuse, 0, SHELL_WORDS_MAX},
    {"realloc", "", "", refuse, 0, SHELL_WORDS_MAX},
    {"name", "", "", refuse, 0, SHELL_WORDS_MAX},
    {"leaks", "", "live blocks that nothing points to; a process is stopped meanwhile", remote_leaks, 0, 0},
    {"collect", "", "", refuse, 0, SHELL_WORDS_MAX},
    {"status", "", "", remote_stats, 0, 0},
    {"visualize", "[--html FILE | PLACE [BYTES]]",
     "a picture of the heap; of so many BYTES from PLACE; --html: as a page with tables", remote_visualize, 0, 2},
    {"walk", "[PLACE]", "what lies next to each other, summed up; every block of the slab or extent at PLACE",
     remote_walk, 0, 1},
    {"block", "PLACE", "what lies there: size, state, neighbours, and who allocated it if it was sampled", remote_block,
     1, 1},
    {"freelist", "[SIZE]", "the free blocks that threads have at hand", remote_freelist, 0, 1},
    {"peek", "PLACE [WORDS]", "read memory, and which blocks it points to", remote_peek, 1, 2},
    {"poke", "", "", refuse, 0, SHELL_WORDS_MAX},
    {"check", "", "is the heap whole, and if not, what is wrong where", remote_check, 0, 0},
    {"stats", "", "sums over the whole heap, and over pools and arenas by name", remote_stats, 0, 0},
    {"flush", "", "", refuse, 0, SHELL_WORDS_MAX},
    {"trim", "", "", refuse, 0, SHELL_WORDS_MAX},
    {"origin", "", "where addresses count from: zero", remote_origin, 0, 1},
};
const char remote_places[] =
    "A PLACE is an address, as `walk` prints it. What changes a heap (alloc, free, realloc, name, "
    "collect, poke, flush, trim) needs one of your own: `heapalloc explore`. # begins a "
    "comment.\n";
const uint32_t remote_command_count = sizeof(remote_commands) / sizeof(remote_commands[0]);
