/* `heapalloc report`: a page about heap profiles, and about the heap of a process or core file. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "report.h"
#include "report_data.h"
#include "report_page.h"
#include "sites.h"
#include "target_open.h"
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { EXIT_FINDING = 1, EXIT_USAGE = 2, SIZE_BYTES = 32, PROFILES_SAID = 3, MARKS = 6 };

static const char report_usage[] =
    "usage: heapalloc report [OPTIONS] [PROFILE...]\n"
    "\n"
    "Writes a page about heap profiles, gperftools' text or pprof's protocol buffer: where the memory is, as a flame\n"
    "graph and as tables; of several profiles of a process, how it grew. With --process also about the heap as it is\n"
    "now: a map, sizes, fragmentation. The page is one HTML file and loads nothing. The exit code is 0, or 1 if there\n"
    "is no heap of heapalloc's or it is damaged, or 2 if a file cannot be read or written.\n"
    "\n"
    "  -o, --out FILE          the page; the default is the last profile's name with .html, - is stdout\n"
    "  -p, --process PID|CORE  the process or core file with the heap\n"
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
    return optind < argc || wish->process ? 0 : 1 + report_wrong("name a profile, or a process with --process", "");
}

/* ---- the page ---- */

struct page {
    struct profile_set *set;
    const struct report_heap *heap;  /* NULL: none */
    const struct heap_profile *pins; /* NULL: none */
    bool good;
};

static void put_html(FILE *out, const char *text) {
    for (; *text; text++) {
        switch (*text) {
        case '<': fputs("&lt;", out); break;
        case '>': fputs("&gt;", out); break;
        case '&': fputs("&amp;", out); break;
        case '"': fputs("&quot;", out); break;
        default: putc((unsigned char)*text < ' ' || *text == 0x7f ? '?' : *text, out);
        }
    }
}

static void put_title(const struct page *page, FILE *out) {
    const struct heap_profile *profile = page->set->count ? &page->set->profiles[page->set->count - 1] : NULL;
    const char *path = profile && profile->module_count ? names_text(profile->names, profile->modules[0].path) : "";
    fputs("Heap of ", out);
    put_html(out, *path ? profile_file_name(path) : page->heap ? page->heap->name : "a program");
}

static void put_time(FILE *out, uint64_t time_ns) {
    char text[64];
    time_t seconds = (time_t)(time_ns / 1000000000);
    struct tm parts;
    if (time_ns && localtime_r(&seconds, &parts) && strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &parts) > 0)
        fprintf(out, ", written %s", text);
}

static void put_sums(const struct page *page, size_t index, FILE *out) {
    char live[SIZE_BYTES], all[SIZE_BYTES], rate[SIZE_BYTES];
    const struct heap_profile *profile = &page->set->profiles[index];
    put_html(out, page->set->paths[index]);
    fprintf(out, ": %s live in %.0f blocks, %s allocated in all",
            size_text(heap_profile_sum(profile, LIVE_BYTES), live, sizeof(live)),
            heap_profile_sum(profile, LIVE_BLOCKS), size_text(heap_profile_sum(profile, ALL_BYTES), all, sizeof(all)));
    if (profile->rate > 1)
        fprintf(out, ", estimated from a sample in %s", size_text((double)profile->rate, rate, sizeof(rate)));
    put_time(out, profile->time_ns);
    putc('\n', out);
}

/* A line for each profile, of many for the first and the last. */
static void put_summary(const struct page *page, FILE *out) {
    char live[SIZE_BYTES];
    size_t count = page->set->count;
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || i + 1 == count || count <= PROFILES_SAID) put_sums(page, i, out);
        if (i == 0 && count > PROFILES_SAID) fprintf(out, "%zu more, and\n", count - 2);
    }
    if (!page->heap) return;
    put_html(out, page->heap->name);
    fprintf(out, ": %s live in %" PRIu64 " blocks\n", size_text((double)page->heap->bytes[0], live, sizeof(live)),
            page->heap->blocks[0]);
}

/* Put what belongs at a mark. False: it is none. */
static bool put_mark(struct page *page, const char *mark, size_t length, FILE *out) {
    static const char *const marks[] = {"@TITLE@", "@SUMMARY@", "@STYLE@", "@DATA@", "@PICTURES@", "@SCRIPT@"};
    unsigned which = 0;
    while (which < MARKS && (strlen(marks[which]) != length || memcmp(marks[which], mark, length) != 0)) which++;
    switch (which) {
    case 0: put_title(page, out); return true;
    case 1: put_summary(page, out); return true;
    case 2: fputs(report_page_css, out); return true;
    case 3: page->good = report_put_data(out, page->set, page->heap, page->pins); return true;
    case 4: fputs(report_pictures_js, out); return true;
    case 5: fputs(report_page_js, out); return true;
    default: return false;
    }
}

static bool put_page(struct page *page, FILE *out) {
    page->good = true;
    for (const char *at = report_page_html; *at && page->good;) {
        size_t length = *at == '@' ? strcspn(at + 1, "@") + 2 : 0;
        if (length && put_mark(page, at, length, out))
            at += length;
        else
            putc(*at++, out);
    }
    if (!page->good) fprintf(stderr, "heapalloc report: there is not enough memory\n");
    return page->good;
}

/* ---- the command ---- */

static int write_page(struct page *page, const struct report_wish *wish) {
    char *path = NULL;
    const char *base = page->set->count ? page->set->paths[page->set->count - 1] : NULL;
    struct output output;
    if (wish->out)
        path = strcmp(wish->out, "-") == 0 ? NULL : strdup(wish->out);
    else if (asprintf(&path, base ? "%s.html" : "heapalloc.%s.html", base ? base : profile_file_name(wish->process)) <
             0)
        path = NULL;
    bool good = output_open(&output, "report", path);
    if (good) good = output_close(&output, "report", put_page(page, output.file));
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
    struct page page = {.set = &set, .heap = &heap, .pins = pins.sample_count ? &pins : NULL};
    bool good = whole && output_open(&output, "report", path);
    if (good) good = output_close(&output, "report", put_page(&page, output.file));
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
    if (!profile_set_read(&set, "report", argv + optind, (size_t)(argc - optind))) code = EXIT_USAGE;
    if (!code && wish.process) code = take_heap(&heap, wish.process, &pins, &set.names);
    struct page page = {.set = &set, .heap = wish.process ? &heap : NULL, .pins = pins.sample_count ? &pins : NULL};
    if (!code) code = write_page(&page, &wish);
    heap_profile_free(&pins);
    profile_set_free(&set);
    return code;
}
