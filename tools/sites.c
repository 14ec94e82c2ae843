/* A profile of sites. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "sites.h"
#include "symbols.h"
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FRAMES_MAX = 5, NAME_BYTES = 160 };

struct site {
    double live_blocks, live_bytes, blocks, bytes;
    uint64_t pcs[FRAMES_MAX]; /* innermost first */
    int depth;
};

struct profile {
    struct site *sites;
    size_t count, room;
    uint64_t rate;
    struct symbols *symbols;
};

/* A sample of so many blocks stands for more: a block of n bytes is sampled with probability 1 - exp(-n / rate). */
static void scale(double *blocks, double *bytes, uint64_t rate) {
    if (rate <= 1 || *blocks == 0) return;
    double factor = -1 / expm1(-*bytes / *blocks / (double)rate);
    *blocks *= factor;
    *bytes *= factor;
}

/* False: the line is none of a site. */
static bool read_site(const char *line, uint64_t rate, struct site *site) {
    uint64_t live_blocks, live_bytes, blocks, bytes;
    int used = 0;
    if (sscanf(line, " %" SCNu64 ": %" SCNu64 " [%" SCNu64 ": %" SCNu64 "] @%n", &live_blocks, &live_bytes, &blocks,
               &bytes, &used) != 4 ||
        used == 0)
        return false;
    *site = (struct site){.live_blocks = (double)live_blocks,
                          .live_bytes = (double)live_bytes,
                          .blocks = (double)blocks,
                          .bytes = (double)bytes};
    scale(&site->live_blocks, &site->live_bytes, rate);
    scale(&site->blocks, &site->bytes, rate);
    char *end;
    for (const char *at = line + used; site->depth < FRAMES_MAX; at = end) {
        uint64_t pc = strtoull(at, &end, 16);
        if (end == at) break;
        site->pcs[site->depth++] = pc;
    }
    return true;
}

static bool add_site(struct profile *profile, const struct site *site) {
    if (profile->count == profile->room) {
        size_t room = profile->room ? 2 * profile->room : 256;
        struct site *sites = realloc(profile->sites, room * sizeof(*sites));
        if (!sites) return false;
        profile->sites = sites;
        profile->room = room;
    }
    profile->sites[profile->count++] = *site;
    return true;
}

static bool read_sites(struct profile *profile, FILE *file) {
    char *line = NULL;
    size_t bytes = 0;
    bool good = getline(&line, &bytes, file) > 0 && strncmp(line, "heap profile:", 13) == 0;
    const char *rate = good ? strstr(line, "heap_v2/") : NULL;
    profile->rate = rate ? strtoull(rate + 8, NULL, 10) : 1;
    while (good && getline(&line, &bytes, file) > 0) {
        struct site site;
        if (strncmp(line, "MAPPED_LIBRARIES:", 17) == 0) break;
        if (read_site(line, profile->rate, &site)) good = add_site(profile, &site);
    }
    free(line);
    if (good) profile->symbols = symbols_open(file);
    return profile->symbols != NULL;
}

static void close_sites(struct profile *profile) {
    symbols_close(profile->symbols);
    free(profile->sites);
}

static int order_live(const void *left, const void *right) {
    const struct site *one = left, *other = right;
    return (one->live_bytes < other->live_bytes) - (one->live_bytes > other->live_bytes);
}

static int order_allocated(const void *left, const void *right) {
    const struct site *one = left, *other = right;
    return (one->bytes < other->bytes) - (one->bytes > other->bytes);
}

static const char *size_text(double bytes, char *text, size_t room) {
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    int unit = 0;
    for (; bytes >= 1024 && unit < 4; unit++) bytes /= 1024;
    snprintf(text, room, unit ? "%.1f %s" : "%.0f %s", bytes, units[unit]);
    return text;
}

static void print_site(const struct site *site, struct symbols *symbols) {
    char live[32], all[32], name[NAME_BYTES];
    printf("%12s %9.0f %12s %9.0f  ", size_text(site->live_bytes, live, sizeof(live)), site->live_blocks,
           size_text(site->bytes, all, sizeof(all)), site->blocks);
    for (int i = 0; i < site->depth; i++) {
        symbols_describe(symbols, site->pcs[i] - (i > 0), name, sizeof(name)); /* the others are return addresses */
        printf("%s%s", i ? " < " : "", name);
    }
    puts("");
}

static void print_head(const struct profile *profile) {
    struct site sum = {0};
    char live[32], all[32], rate[32];
    for (size_t i = 0; i < profile->count; i++) {
        sum.live_bytes += profile->sites[i].live_bytes;
        sum.bytes += profile->sites[i].bytes;
    }
    printf("%s live, %s allocated in all, by %zu call stacks", size_text(sum.live_bytes, live, sizeof(live)),
           size_text(sum.bytes, all, sizeof(all)), profile->count);
    if (profile->rate > 1) printf(" (estimated, a sample in %s)", size_text((double)profile->rate, rate, sizeof(rate)));
    printf("\n%12s %9s %12s %9s  %s\n", "live", "blocks", "allocated", "blocks", "by");
}

bool sites_print(FILE *file, int rows, bool by_allocated) {
    struct profile profile = {0};
    if (!read_sites(&profile, file)) {
        close_sites(&profile);
        return false;
    }
    if (profile.count > 0)
        qsort(profile.sites, profile.count, sizeof(*profile.sites), by_allocated ? order_allocated : order_live);
    print_head(&profile);
    for (size_t i = 0; i < profile.count && i < (size_t)rows; i++) print_site(&profile.sites[i], profile.symbols);
    if (profile.count > (size_t)rows) printf("%*s and %zu more\n", 46, "", profile.count - (size_t)rows);
    close_sites(&profile);
    return true;
}

/* Print a word, module+0xOFFSET with its name behind it; after the first of a line they are return addresses. */
static void print_word(const char *word, struct symbols *symbols, bool returns) {
    const char *plus = strstr(word, "+0x");
    char module[NAME_BYTES], name[NAME_BYTES];
    size_t length = plus ? (size_t)(plus - word) : 0;
    uint64_t address = 0;
    if (symbols && plus && length < sizeof(module)) {
        memcpy(module, word, length);
        module[length] = 0;
        address = symbols_address(symbols, module, strtoull(plus + 1, NULL, 16));
    }
    if (address) symbols_describe(symbols, address - returns, name, sizeof(name));
    fputs(address ? name : word, stdout);
}

static void print_named(char *line, struct symbols *symbols) {
    char *by = strstr(line, " by "), *rest;
    if (!by) {
        fputs(line, stdout);
        return;
    }
    *by = 0;
    printf("%s by ", line);
    bool first = true;
    for (char *word = strtok_r(by + 4, " <\n", &rest); word; word = strtok_r(NULL, " <\n", &rest), first = false) {
        if (!first) fputs(" < ", stdout);
        print_word(word, symbols, !first);
    }
    puts("");
}

bool sites_name(FILE *report, FILE *file, int rows) {
    struct profile profile = {0};
    if (!file || !read_sites(&profile, file)) profile.symbols = NULL;
    char *line = NULL;
    size_t bytes = 0;
    bool leaks = false, within = false;
    while (getline(&line, &bytes, report) > 0) {
        within |= strstr(line, "leaks: ") != NULL;
        leaks |= strstr(line, "]: leaks: ") != NULL;
        if (!within || (line[0] == ' ' && rows-- <= 0)) continue;
        print_named(line, profile.symbols);
    }
    free(line);
    close_sites(&profile);
    return leaks;
}
