/* The table of options. */
/* SPDX-License-Identifier: MIT */
#include "option_table.h"
#include "base/bits.h"
#include "cgroup.h"
#include "option_values.h"

enum {
    HOUR_MS = 3600 * 1000,
    PROFILE_BYTES_MAX = 64 << 20,
    PID_MAX = 1 << 22,
    REDZONES_MAX = 255,
    GUARD_EACH_MAX = 1 << 20
};

const struct option option_table[OPTION_COUNT] = {
    [OPTION_HELP] = {"help", OPTION_FLAG, "no", "yes|no", "lists the options on stderr, then the program goes on"},
    [OPTION_VERBOSE] = {"verbose", OPTION_FLAG, "no", "yes|no",
                        "says at start that heapalloc is active, from which file, which build"},
    [OPTION_STATS] = {"stats", OPTION_PATH, "", "text|json|a path (%p pid, %e program)",
                      "says at exit where the memory is: on stderr, or at the end of a file"},
    [OPTION_PURGE] = {"purge", OPTION_TIME, "500ms", "1ms to 1h, or never",
                      "how long free memory is kept before it goes back to the system"},
    [OPTION_BACKGROUND] = {"background", OPTION_FLAG, "no", "yes|no|always",
                           "with two threads (always: at once) one of ours gives memory back while all others sleep"},
    [OPTION_CACHE] = {"cache", OPTION_SIZE, "16T", "0 to 16T",
                      "the most that all threads' caches of medium blocks (4 to 80 KiB) may keep together"},
    [OPTION_HUGEPAGES] = {"hugepages", OPTION_WORD, "auto", "auto|always|never",
                          "auto: where growth is steady or memory is dense; always: advised for all memory"},
    [OPTION_LIMIT] = {"limit", OPTION_LIMIT_SIZE, "0", "0 (none) to 16T, N%, cgroup",
                      "when the heap would grow beyond so many bytes malloc returns NULL with ENOMEM"},
    [OPTION_SOFT_LIMIT] = {"soft_limit", OPTION_LIMIT_SIZE, "0", "0 (none) to 16T, N%, cgroup",
                           "reports on stderr that the heap has grown beyond so many bytes"},
    [OPTION_METRICS] = {"metrics", OPTION_PATH, "", "a path (%p pid, %e program)|unix:PATH",
                        "sums as OpenMetrics text: in a file that is rewritten periodically, or from a unix socket"},
    [OPTION_INTERVAL] = {"interval", OPTION_TIME, "10s", "1ms to 1h", "how often the `metrics` file is rewritten"},
    [OPTION_SIGNAL] = {"signal", OPTION_WORD, "none", "none|USR1|USR2|HUP|QUIT|WINCH",
                       "on this signal reports where the memory is, as `stats` does at exit, and writes the profile"},
    [OPTION_LEAKS] =
        {"leaks", OPTION_FLAG, "no", "yes|no|full",
         "at exit reports how many blocks nothing points to, to where `stats` goes; full: and who allocated them"},
    [OPTION_PROFILE] = {"profile", OPTION_PATH, "", "a path (%p pid, %e program, %n count)",
                        "who allocates, by samples: written there at exit, for google-pprof and `go tool pprof`"},
    [OPTION_PROFILE_BYTES] = {"profile_bytes", OPTION_SIZE, "512K", "1 (each block) to 64M",
                              "how many bytes are allocated from one sample to the next, on average"},
    [OPTION_PROFILE_EVERY] = {"profile_every", OPTION_SIZE, "0", "0 (never) to 16T",
                              "the profile is written each time that so many bytes were allocated"},
    [OPTION_PROFILE_PEAK] = {"profile_peak", OPTION_SIZE, "0", "0 (never) to 16T, N%",
                             "the profile is written when so many bytes more are live than ever when it was"},
    [OPTION_PROFILE_INTERVAL] = {"profile_interval", OPTION_TIME, "never", "1ms to 1h, or never",
                                 "the profile is written each time that so much time has passed"},
    [OPTION_REDZONES] = {"redzones", OPTION_SIZE, "8", "0 (none) to 255",
                         "how many blocks of each size, the first, are checked for writes beyond and before them"},
    [OPTION_GUARD] = {"guard", OPTION_SIZE, "0", "0 (none), or 1/N with N up to 1M",
                      "one in N of the blocks of up to 4 KiB lies between pages that nobody can touch"},
    [OPTION_NAME] = {"name", OPTION_FLAG, "no", "yes|no",
                     "the heap's mappings are `[anon:heapalloc]` in /proc/PID/maps, from Linux 5.17"},
    [OPTION_CONF] = {"conf", OPTION_PATH, "", "a path",
                     "the file whose options are read last, instead of /etc/heapalloc.conf"},
    [OPTION_EXE] = {"exe", OPTION_PATH, "*", "a pattern with * and ?",
                    "the programs to which the options apply, by the name of their file; `*` and `?` as in a shell"},
    [OPTION_CHILDREN] = {"children", OPTION_FLAG, "yes", "yes|no",
                         "no: the programs that this one starts do not get the options"},
    [OPTION_PID] = {"pid", OPTION_SIZE, "0", "0 (each) to 4194304", "the process to which the options apply"},
};

COLD int option_find(const char *name, size_t length) {
    for (int id = 0; id < OPTION_COUNT; id++)
        if (value_is(option_table[id].name, name, length)) return id;
    return -1;
}

COLD const char *option_nearest(const char *name, size_t length) {
    unsigned best = (unsigned)length / 2 + 1;
    const char *nearest = NULL;
    for (int id = 0; id < OPTION_COUNT; id++) {
        unsigned distance = value_distance(option_table[id].name, name, length);
        if (distance < best) nearest = option_table[id].name, best = distance;
    }
    return nearest;
}

/* Read 1% to 100%. */
static bool read_percent(const char *text, size_t length, uint64_t *percent) {
    if (length < 2 || length > 4 || text[length - 1] != '%') return false;
    *percent = 0;
    for (size_t i = 0; i + 1 < length; i++) {
        if (text[i] < '0' || text[i] > '9') return false;
        *percent = *percent * 10 + (uint64_t)(text[i] - '0');
    }
    return *percent >= 1 && *percent <= 100;
}

/* Read `cgroup` or a percentage, of the control group's limit or else of the machine's memory. */
static bool read_share(const char *text, size_t length, uint64_t *bytes) {
    uint64_t percent, group;
    if (value_is("cgroup", text, length)) return *bytes = cgroup_memory_limit(""), true;
    if (!read_percent(text, length, &percent)) return false;
    group = cgroup_memory_limit("");
    *bytes = (group ? group : machine_memory()) / 100 * percent;
    return true;
}

static bool read_time(const char *text, size_t length, uint64_t *ms) {
    if (value_is("never", text, length)) return *ms = UINT32_MAX, true;
    return value_read_time(text, length, ms) && *ms >= 1 && *ms <= HOUR_MS;
}

COLD bool option_read(enum option_id id, const char *text, size_t length, uint64_t *number) {
    switch (option_table[id].kind) {
    case OPTION_FLAG:
        if (id == OPTION_BACKGROUND && value_is("always", text, length)) return *number = BACKGROUND_ALWAYS, true;
        if (id == OPTION_LEAKS && value_is("full", text, length)) return *number = LEAKS_FULL, true;
        return value_read_flag(text, length, number);
    case OPTION_LIMIT_SIZE:
        if (read_share(text, length, number)) return true; /* fall through */
    case OPTION_SIZE:
        if (id == OPTION_PROFILE_PEAK && read_percent(text, length, number))
            return *number |= PROFILE_PEAK_PERCENT, true;
        if (id == OPTION_GUARD && length > 2 && text[0] == '1' && text[1] == '/') text += 2, length -= 2;
        if (!value_read_size(text, length, number)) return false;
        if (id == OPTION_GUARD) return *number <= GUARD_EACH_MAX;
        if (id == OPTION_PID) return *number <= PID_MAX;
        if (id == OPTION_REDZONES) return *number <= REDZONES_MAX;
        if (id == OPTION_PROFILE_BYTES) return *number >= 1 && *number <= PROFILE_BYTES_MAX;
        return *number <= UINT64_C(1) << 44;
    case OPTION_TIME:
        return read_time(text, length, number) &&
               (id == OPTION_PURGE || id == OPTION_PROFILE_INTERVAL || *number <= HOUR_MS);
    case OPTION_WORD: {
        int word = value_find_word(option_table[id].range, text, length);
        *number = word < 0 ? 0 : (uint64_t)word;
        return word >= 0;
    }
    default: *number = 1; return id == OPTION_STATS || id == OPTION_METRICS || length > 0;
    }
}
