/* Fills the page of a report with what is known. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "report_fill.h"
#include "report_page.h"
#include "sites.h"
#include <inttypes.h>
#include <string.h>
#include <time.h>

enum { SIZE_BYTES = 32, PROFILES_SAID = 3, MARKS = 6 };

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

static void put_title(const struct report_fill *page, FILE *out) {
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

static void put_sums(const struct report_fill *page, size_t index, FILE *out) {
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
static void put_summary(const struct report_fill *page, FILE *out) {
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
static bool put_mark(struct report_fill *page, const char *mark, size_t length, FILE *out) {
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

bool report_fill(struct report_fill *page, FILE *out) {
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
