/* `heapalloc report`: a page about heap profiles, and about the heap of a process or core file. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "report.h"
#include "report_fill.h"
#include "target_open.h"
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

enum { EXIT_FINDING = 1, EXIT_USAGE = 2 };

static const char report_usage[] =
    "usage: heapalloc report [OPTIONS] PROFILE|PID|CORE...\n"
    "\n"
    "Writes a page about heap profiles, gperftools' text or pprof's protocol buffer: where the memory is, as a flame\n"
    "graph and as tables; of several profiles of a process, how it grew. Of a process, or of a core file, the heap as\n"
    "it is: a map, sizes, fragmentation. The page is one HTML file and loads nothing. The exit code is 0, or 1 if\n"
    "there is no heap of heapalloc's or it is damaged, or 2 if a file cannot be read or written.\n"
    "\n"
    "  -o, --out FILE          the page; the default is the last profile's name with .html, - is stdout\n"
    "  -p, --process PID|CORE  the process or core file with the heap, if a profile might have that name\n"
    "  -h, --help              this text\n";

struct report_wish {
    const char *out, *process;
};

static int report_wrong(const char *text, const char *word) {
    fprintf(stderr, "heapalloc report: %s%s; `heapalloc report --help` tells more\n", text, word);
    return EXIT_USAGE;
}

/* 0: go on; else the exit code, 1 more. */
static int report_options(int argc, char **argv, struct report_wish *wish) {
    static const struct option longs[] = {
        {"out", required_argument, NULL, 'o'},
        {"process", required_argument, NULL, 'p'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    for (int letter; (letter = getopt_long(argc, argv, ":o:p:h", longs, NULL)) != -1;) {
        switch (letter) {
        case 'o': wish->out = optarg; break;
        case 'p': wish->process = optarg; break;
        case 'h': fputs(report_usage, stdout); return 1;
        case ':': return 1 + report_wrong("there is no value for ", argv[optind - 1]);
        default: return 1 + report_wrong("there is no option ", argv[optind - 1]);
        }
    }
    return optind < argc || wish->process ? 0 : 1 + report_wrong("name a profile, a process or a core file", "");
}

/* True when the word is a core file, or a process's number and no file. */
static bool report_is_heap(const char *word) {
    unsigned char head[EI_NIDENT + sizeof(Elf64_Half)];
    Elf64_Half type = ET_NONE;
    FILE *file = fopen(word, "re");
    if (!file) return *word && !word[strspn(word, "0123456789")];
    bool elf = fread(head, sizeof(head), 1, file) == 1 && memcmp(head, ELFMAG, SELFMAG) == 0;
    fclose(file);
    if (elf) memcpy(&type, head + EI_NIDENT, sizeof(type));
    return type == ET_CORE;
}

/* Take the first word that is a process or a core file out of the profiles' names; returns how many are left. */
static size_t report_find_heap(char **words, size_t count, struct report_wish *wish) {
    for (size_t i = 0; i < count; i++) {
        if (wish->process || !report_is_heap(words[i])) continue;
        wish->process = words[i];
        for (count--; i < count; i++) words[i] = words[i + 1];
    }
    return count;
}

static int write_page(struct report_fill *page, const struct report_wish *wish) {
    char *path = NULL;
    const char *base = page->set->count ? page->set->paths[page->set->count - 1] : NULL;
    struct output output;
    if (wish->out)
        path = strcmp(wish->out, "-") == 0 ? NULL : strdup(wish->out);
    else if (asprintf(&path, base ? "%s.html" : "heapalloc.%s.html", base ? base : profile_file_name(wish->process)) <
             0)
        path = NULL;
    bool good = output_open(&output, "report", path);
    if (good) good = output_close(&output, "report", report_fill(page, output.file));
    if (good && path) printf("wrote %s: open it in a browser\n", path);
    free(path);
    return good ? 0 : EXIT_USAGE;
}

/* 0: go on; else the exit code. `pins` is set if the process profiles. */
static int take_heap(struct report_heap *heap, const char *word, struct heap_profile *pins, struct names *names) {
    static struct target target;
    int code = target_open_for(&target, "report", word);
    if (code) return code;
    bool whole = report_heap_take(heap, &target);
    if (!whole) fprintf(stderr, "heapalloc report: the heap of %s is damaged, or has gone away\n", target.name);
    if (whole && heap->pins.count > 0) pins_profile(&heap->pins, &target, pins, names);
    pins_free(&heap->pins);
    target_close(&target);
    return whole ? 0 : EXIT_FINDING;
}

bool report_heap_page(struct target *target, const char *path) {
    static struct report_heap heap;
    struct profile_set set = {0};
    struct heap_profile pins = {0};
    struct output output;
    bool whole = report_heap_take(&heap, target);
    if (!whole) fprintf(stderr, "heapalloc report: the heap of %s is damaged, or has gone away\n", target->name);
    if (whole && heap.pins.count > 0) pins_profile(&heap.pins, target, &pins, &set.names);
    pins_free(&heap.pins);
    struct report_fill page = {.set = &set, .heap = &heap, .pins = pins.sample_count ? &pins : NULL};
    bool good = whole && output_open(&output, "report", path);
    if (good) good = output_close(&output, "report", report_fill(&page, output.file));
    heap_profile_free(&pins);
    profile_set_free(&set);
    return good;
}

int report_run(int argc, char **argv) {
    static struct report_heap heap;
    struct report_wish wish = {0};
    struct profile_set set = {0};
    struct heap_profile pins = {0};
    int code = report_options(argc, argv, &wish);
    if (code) return code - 1;
    size_t count = report_find_heap(argv + optind, (size_t)(argc - optind), &wish);
    if (!profile_set_read(&set, "report", argv + optind, count)) code = EXIT_USAGE;
    if (!code && wish.process) code = take_heap(&heap, wish.process, &pins, &set.names);
    struct report_fill page = {
        .set = &set, .heap = wish.process ? &heap : NULL, .pins = pins.sample_count ? &pins : NULL};
    if (!code) code = write_page(&page, &wish);
    heap_profile_free(&pins);
    profile_set_free(&set);
    return code;
}
