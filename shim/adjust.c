/* Reads the options from their sources, and applies those that take effect at once. */
/* SPDX-License-Identifier: MIT */
#include "adjust.h"
#include "background.h"
#include "base/bits.h"
#include "dump_signal.h"
#include "events_run.h"
#include "exit_stats.h"
#include "guard_fault.h"
#include "guard_slots.h"
#include "heap/cache.h"
#include "heap/world.h"
#include "limit.h"
#include "metrics.h"
#include "option_messages.h"
#include "option_values.h"
#include "process.h"
#include "profile_ask.h"
#include "shim.h"
#include "span/purge.h"
#include "syscall.h"
#include <elf.h>
#include <fcntl.h>
#include <heapalloc/heapalloc.h>

/* `never` is twelve days, half of the range of ages: PURGE_NEVER would also keep malloc_trim() from purging. */
enum { FILE_MAX = 4096, DECAY_MAX_MS = 0x3fffffff };

extern const char *heapalloc_options __attribute__((weak, visibility("default")));

/* Blocks with red zones are not sampled: whoever asks for samples, or for leaks, which are told by them, has none. */
static void update_redzones(void) {
    bool seen = option_number(OPTION_LEAKS) || option_text(OPTION_PROFILE)[0];
    redzone_set_firsts(seen ? 0 : (uint32_t)option_number(OPTION_REDZONES));
}

/* Apply an option that takes effect at once; the others are read where they are used. */
static void apply(enum option_id id) {
    uint64_t number = option_number(id);
    switch (id) {
    case OPTION_PURGE:
        __atomic_store_n(&purge_decay_ms, number > DECAY_MAX_MS ? DECAY_MAX_MS : (uint32_t)number, __ATOMIC_RELAXED);
        break;
    case OPTION_CACHE: cache_set_limit(number); break;
    case OPTION_LIMIT:
    case OPTION_SOFT_LIMIT:
    case OPTION_NAME:
    case OPTION_HUGEPAGES: limit_update(); break;
    case OPTION_BACKGROUND:
        if (number) background_ask(number == BACKGROUND_ALWAYS ? BACKGROUND_AT_ONCE : BACKGROUND_WITH_THREADS);
        break;
    case OPTION_REDZONES: update_redzones(); break;
    case OPTION_GUARD:
        if (guard_begin(number)) guard_watch();
        break;
    case OPTION_LEAKS: update_redzones(); profile_update(); /* fall through */
    case OPTION_STATS:
        if (number) exit_stats_ask();
        break;
    case OPTION_METRICS:
    case OPTION_INTERVAL:
        metrics_update();
        if (option_text(OPTION_METRICS)[0]) exit_stats_ask(); /* its exit handler writes them a last time */
        break;
    case OPTION_PROFILE:
        update_redzones();
        profile_update();
        break;
    case OPTION_PROFILE_BYTES:
    case OPTION_PROFILE_EVERY:
    case OPTION_PROFILE_PEAK:
    case OPTION_PROFILE_INTERVAL: profile_update(); break;
    case OPTION_SIGNAL: dump_signal_update(); break;
    default: break;
    }
}

/* Set an option and apply it. False: the value is invalid. A source weaker than the one that set it changes nothing. */
static bool set(enum option_id id, const char *text, size_t length, enum option_source source) {
    enum option_set done = option_set(id, text, length, source);
    if (done == OPTION_IS_SET) apply(id);
    return done != OPTION_IS_WRONG;
}

static bool is_separator(char c) {
    return c == ',' || c == '\n' || c == ' ' || c == '\t' || c == '\r';
}

/* Call `function` for each "name=value" or "name" of a list; a comment runs from # to the end of its line. */
typedef void each_function(const char *name, size_t name_length, const char *value, size_t length,
                           enum option_source source);

static void for_each(const char *list, enum option_source source, each_function *function) {
    while (*list) {
        while (is_separator(*list)) list++;
        const char *name = list;
        while (*list && *list != '=' && !is_separator(*list)) list++;
        size_t name_length = (size_t)(list - name);
        const char *value = list;
        if (*list == '=') value = ++list;
        while (*list && !is_separator(*list)) list++;
        if (name_length > 0 && *name != '#') {
            function(name, name_length, value, (size_t)(list - value), source);
            continue;
        }
        while (*name == '#' && *list && *list != '\n') list++;
        if (name_length == 0 && *value == '=') list++;
    }
}

/* Read `exe`, `pid` and `children` before the other options: they say whether a list applies to this program. */
static void choose(const char *name, size_t name_length, const char *value, size_t length, enum option_source source) {
    int id = option_find(name, name_length);
    if (id == OPTION_EXE || id == OPTION_CHILDREN || id == OPTION_PID) set((enum option_id)id, value, length, source);
}

static void adjust(const char *name, size_t name_length, const char *value, size_t length, enum option_source source) {
    int id = option_find(name, name_length);
    if (id < 0 && value_is("hardened", name, name_length)) {
        if (config_safety < SAFETY_HARDENED) options_tell_hardened();
    } else if (id < 0)
        options_tell_unknown(name, name_length);
    else if (!set((enum option_id)id, value, length, source))
        options_tell_wrong((enum option_id)id, value, length);
}

static bool is_meant(void) {
    if (option_number(OPTION_PID) && (long)option_number(OPTION_PID) != process_id()) return false;
    return !option_is_set(OPTION_EXE) || value_matches(process_name(), option_text(OPTION_EXE));
}

/* Read /etc/heapalloc.conf, or the file that the option `conf` names. */
static COLD void read_file(void) {
    static char text[FILE_MAX + 1];
    const char *path = option_text(OPTION_CONF)[0] ? option_text(OPTION_CONF) : "/etc/heapalloc.conf";
    long file = syscall_6(SYS_openat, AT_FDCWD, (long)path, O_RDONLY | O_CLOEXEC, 0, 0, 0);
    if (file < 0) {
        if (path == option_text(OPTION_CONF)) options_tell_missing(path, -file);
        return;
    }
    long length = syscall_6(SYS_read, file, (long)text, FILE_MAX, 0, 0, 0);
    syscall_6(SYS_close, file, 0, 0, 0, 0, 0);
    if (length <= 0) return;
    for_each(text, OPTION_BY_FILE, choose);
    if (is_meant()) for_each(text, OPTION_BY_FILE, adjust);
}

static COLD void read_lists(char *environment, const char *program) {
    if (process_auxiliary(AT_SECURE, 0)) return;
    if (program) for_each(program, OPTION_BY_PROGRAM, choose);
    if (environment) for_each(environment, OPTION_BY_ENVIRONMENT, choose);
    if (!is_meant()) return;
    if (program) for_each(program, OPTION_BY_PROGRAM, adjust);
    if (environment) for_each(environment, OPTION_BY_ENVIRONMENT, adjust);
    if (!environment || *environment) read_file();
    if (environment && !option_number(OPTION_CHILDREN)) *environment = 0;
    if (option_number(OPTION_HELP)) options_tell_help();
    if (option_number(OPTION_VERBOSE)) options_tell_active();
}

STARTUP_TEXT void options_begin(void) {
    static STARTUP_CONST const char name[] = "HEAPALLOC=";
    char *environment = process_variable(name);
    const char *program = &heapalloc_options ? heapalloc_options : NULL;
    redzone_set_firsts(REDZONES_INITIAL);
    if (unlikely(environment || program)) read_lists(environment, program);
}

COLD void options_offer(enum option_id id, const char *value) {
    set(id, value, value_length(value), OPTION_BY_PROGRAM);
}

EXPORT COLD bool heapalloc_option_set(const char *name, const char *value) {
    int id = name ? option_find(name, value_length(name)) : -1;
    heap_enter(); /* so that the options are read before, not at the first allocation */
    bool done = id >= 0 && set((enum option_id)id, value ? value : "", value ? value_length(value) : 0, OPTION_BY_CALL);
    if (done) events_look(); /* what the option asks for begins although the program may sleep from now on */
    if (!done) errno = EINVAL;
    return done;
}

EXPORT COLD const char *heapalloc_option_get(const char *name) {
    int id = name ? option_find(name, value_length(name)) : -1;
    return id < 0 ? NULL : option_now((enum option_id)id);
}
