/* The runner: starts every variant of the cases of a group and compares each result with the promise. Usage: run
 * LIBRARY MISUSE-PROGRAM GROUP default|fast|survey [STRIDE] With a stride only one variant in so many; 3 or 5 cover
 * every size, every way and every thread. */
/* SPDX-License-Identifier: MIT */
#include "run.h"
#include "misuse.h"
#include <fnmatch.h>
#include <stdio.h>
#include <sys/wait.h>

static const char *const vias[] = {"free", "realloc", "free_sized", "delete", "usable_size"};
enum { FREEING_VIAS = 4 };
static const char *const places[] = {"same", "cross"};
static const size_t sizes[] = {0,    16,   24,    48,     100,    256,     1000,     1024,
                               4096, 6000, 16384, 100000, 300000, 3 << 20, LARGE_MAX};
enum { SIZES = sizeof sizes / sizeof sizes[0] };

/* The name that a sentence begins with, by the way in which the block was freed. */
static const char *const functions[][2] = {{"free", "free"},
                                           {"realloc", "realloc"},
                                           {"free", "free_sized"},
                                           {"free", "operator delete"},
                                           {"malloc_usable_size", "malloc_usable_size"}};

static const char *library, *program;
static int is_fast, is_survey;
static unsigned runs, failures, caught, well, hung;
static unsigned stride = 1, variants_met;

enum { HANGS_MAX = 3 }; /* after so many in a case the rest is not tried: each hang takes the full time limit */

struct listed {
    char group[64], name[128];
    size_t size_min, size_max;
    unsigned variants;
};

/* ------------------------------------------------------------ judging one run */

static int aborted(const struct outcome *o) {
    return o->status != -1 && WIFSIGNALED(o->status) && WTERMSIG(o->status) == SIGABRT;
}

static int ended_well(const struct outcome *o) {
    return o->status == 0 && o->reported[0] == '\0';
}

/* One sentence, and below it what to do next, for the same place. */
static int is_sentence(const struct outcome *o, int pid, const char *function, const char *rest) {
    char pattern[512], offset[32] = "", again[64];
    snprintf(pattern, sizeof pattern,
             "heapalloc\\[%d\\]: %s(): %s, called from ?*+0x*\n  next: addr2line -Cfe ?* 0x* names the line*\n", pid,
             function, rest);
    const char *called = strstr(o->reported, ", called from ");
    if (fnmatch(pattern, o->reported, 0) != 0 || !called) return 0;
    if (sscanf(called, ", called from %*[^+]+%31[0-9a-fx]", offset) != 1) return 0;
    snprintf(again, sizeof again, " %s names the line", offset);
    const char *next = strchr(o->reported, '\n') + 1, *end = strchr(next, '\n');
    return strstr(next, again) != NULL && end[1] == '\0';
}

/* The call is in the misuse program itself, which is named. */
static int is_called_from_program(const struct outcome *o) {
    char place[256];
    snprintf(place, sizeof place, ", called from %s+0x", strrchr(program, '/') ? strrchr(program, '/') + 1 : program);
    return strstr(o->reported, place) != NULL;
}

static int is_expected_sentence(const struct outcome *o, unsigned via, int pid, const char *rest) {
    char other[256];
    if (is_sentence(o, pid, functions[via][0], rest) || is_sentence(o, pid, functions[via][1], rest)) return 1;
    /* The fast build does not check for stacks. */
    const char *stack = strstr(rest, "is on a stack");
    if (!is_fast || stack == NULL) return 0;
    snprintf(other, sizeof other, "%.*sis not ours", (int)(stack - rest), rest);
    return is_sentence(o, pid, functions[via][0], other);
}

/* "caught PID REST" lines: one of them must match the output. */
static int is_one_of_said(const struct outcome *o, unsigned via) {
    char said[TEXT_ROOM], *saved = NULL;
    memcpy(said, o->said, sizeof said);
    for (char *line = strtok_r(said, "\n", &saved); line != NULL; line = strtok_r(NULL, "\n", &saved)) {
        int pid, skip = 0;
        if (sscanf(line, "caught %d %n", &pid, &skip) == 1 && skip > 0 &&
            is_expected_sentence(o, via, pid, line + skip))
            return is_called_from_program(o);
    }
    return 0;
}

static int is_late_sentence(const struct outcome *o) {
    return is_sentence(o, o->pid, "*", "0x* was written to after it was freed: corrupted list") ||
           is_sentence(o, o->pid, "*", "0x* was written to after it was freed") ||
           is_sentence(o, o->pid, "*", "0x* was written to beyond its end*") ||
           is_sentence(o, o->pid, "*", "0x* was written to before its start") ||
           is_sentence(o, o->pid, "*", "0x* is already free");
}

static int is_told_sentence(const struct outcome *o) {
    return is_sentence(o, o->pid, "*", "0x* is a block of * bytes, not of *");
}

/* "object FUNCTION REST": of a pool, an arena, or a place for statistics. */
static int is_object_sentence(const struct outcome *o) {
    char function[64], rest[128];
    if (sscanf(o->said, "object %63s %127[^\n]", function, rest) != 2) return 0;
    return is_sentence(o, o->pid, function, rest) && is_called_from_program(o);
}

static int is_as_promised(const struct outcome *o, unsigned via) {
    if (strstr(o->said, "HARM") != NULL || strstr(o->said, "not caught") != NULL) return 0;
    if (strncmp(o->said, "caught ", 7) == 0) return aborted(o) && is_one_of_said(o, via);
    if (strncmp(o->said, "object ", 7) == 0) return aborted(o) && is_object_sentence(o);
    if (strcmp(o->said, "late\n") == 0) return aborted(o) && is_late_sentence(o);
    if (strcmp(o->said, "told\n") == 0) return aborted(o) && is_told_sentence(o);
    if (strcmp(o->said, "harmless\n") == 0) return ended_well(o) || (aborted(o) && is_late_sentence(o));
    return strcmp(o->said, "clean\n") == 0 && ended_well(o);
}

/* ------------------------------------------------------------ running the variants */

static void complain(const struct listed *c, size_t size, unsigned via, unsigned place, const struct outcome *o) {
    printf("FAILED %s %zu %s %s: status 0x%x\n  said: %s  wrote: %s\n", c->name, size, vias[via], places[place],
           (unsigned)o->status, o->said, o->reported);
}

static void run_one(const struct listed *c, size_t size, unsigned via, unsigned place) {
    static struct outcome o;
    char number[32];
    if (hung == HANGS_MAX) return;
    snprintf(number, sizeof number, "%zu", size);
    char *arguments[] = {(char *)(uintptr_t)program,   (char *)(uintptr_t)c->name,       number,
                         (char *)(uintptr_t)vias[via], (char *)(uintptr_t)places[place], NULL};
    run_misuse(library, arguments, &o);
    runs++;
    hung += o.status == -1;
    caught += aborted(&o);
    well += ended_well(&o);
    if (is_as_promised(&o, via)) return;
    failures++;
    if (!is_survey) complain(c, size, via, place, &o);
}

static void run_variants(const struct listed *c, size_t size) {
    unsigned first = c->variants & ASKS_SIZE ? FREEING_VIAS : 0;
    unsigned last = c->variants & EACH_VIA ? FREEING_VIAS - 1 : first;
    for (unsigned via = first; via <= last; via++)
        for (unsigned place = 0; place < (c->variants & EACH_PLACE ? 2u : 1u); place++)
            if (variants_met++ % stride == 0) run_one(c, size, via, place);
}

static void run_sizes(const struct listed *c) {
    size_t least = is_fast && c->size_max > SMALL_MAX && strcmp(c->group, "allowed") != 0 ? SMALL_MAX + 1 : 0;
    if (c->variants & DISTANCES)
        for (size_t distance = c->size_min; distance <= c->size_max; distance *= 2) run_variants(c, distance);
    else if (c->size_max == 0)
        run_variants(c, 0);
    else
        for (unsigned s = 0; s < SIZES; s++)
            if (sizes[s] >= c->size_min && sizes[s] <= c->size_max && sizes[s] >= least) run_variants(c, sizes[s]);
}

static void run_case(const struct listed *c) {
    unsigned runs_before = runs, failures_before = failures;
    caught = well = hung = 0;
    run_sizes(c);
    printf("%-48s %4u runs, %4u ended by SIGABRT, %4u ended well, %4u not as promised\n", c->name, runs - runs_before,
           caught, well, failures - failures_before);
    fflush(stdout);
}

int main(int argc, char **argv) {
    if (argc == 6) stride = (unsigned)strtoul(argv[5], NULL, 10);
    if (argc < 5 || argc > 6 || stride == 0) return 2;
    library = argv[1];
    program = argv[2];
    is_fast = strcmp(argv[4], "fast") == 0;
    is_survey = strcmp(argv[4], "survey") == 0;
    char command[1024];
    snprintf(command, sizeof command, "%s --list", program);
    FILE *list = popen(command, "r");
    struct listed c;
    while (list != NULL &&
           fscanf(list, "%63s %127s %zu %zu %u", c.group, c.name, &c.size_min, &c.size_max, &c.variants) == 5)
        if (strcmp(c.group, argv[3]) == 0 && (!is_fast || (c.variants & IN_FAST))) run_case(&c);
    printf("%u runs, %u not as promised\n", runs, failures);
    return list == NULL || pclose(list) != 0 || runs == 0 || (failures != 0 && !is_survey);
}
