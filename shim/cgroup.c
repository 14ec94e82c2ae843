/* Reads the memory limit of this process's control group, and the machine's.
 *
 * /proc/self/cgroup has a line for each hierarchy, ID:CONTROLLERS:PATH; version 2's is 0::PATH. The files of the group
 * lie below the hierarchy's mount, in version 2 "memory.max", in version 1 "memory.limit_in_bytes". In a container the
 * mount shows the container's group as its root, while PATH may be the path seen from outside. So a missing folder is
 * skipped: its parents are read anyway, because their limits apply too. */
/* SPDX-License-Identifier: MIT */
#include "cgroup.h"
#include "base/bits.h"
#include "option_values.h"
#include "report.h"
#include "syscall.h"
#include <fcntl.h>
#include <stdbool.h>
#include <sys/sysinfo.h>

enum { LINES_BYTES = 4096, FILE_BYTES = 64 };

/* Not on the stack, which may be a small thread's; one thread reads at a time. */
static struct {
    bool busy; /* atomic */
    struct report path;
    char lines[LINES_BYTES];
} reading;

/* Read a file, or as much as fits, with a 0 behind it; returns the length, 0 if it cannot be read. */
static size_t cgroup_read(const char *path, char *text, size_t room) {
    long file = syscall_6(SYS_openat, AT_FDCWD, (long)path, O_RDONLY | O_CLOEXEC, 0, 0, 0), got = 0;
    size_t length = 0;
    text[0] = 0;
    if (file < 0) return 0;
    while (length < room - 1 &&
           (got = syscall_6(SYS_read, file, (long)(text + length), (long)(room - 1 - length), 0, 0, 0)) > 0)
        length += (size_t)got;
    syscall_6(SYS_close, file, 0, 0, 0, 0, 0);
    text[length] = 0;
    return length;
}

/* Read a limit; 0 when it is "max" or the largest multiple of a page, by which version 1 means none. */
static uint64_t read_limit(const char *path) {
    char text[FILE_BYTES];
    uint64_t bytes = 0;
    size_t length = cgroup_read(path, text, sizeof(text)), digits = 0;
    while (digits < length && text[digits] >= '0' && text[digits] <= '9') digits++;
    if (digits == 0 || digits > 18 || !value_read_size(text, digits, &bytes)) return 0;
    return bytes < UINT64_C(1) << 60 ? bytes : 0;
}

static uint64_t lesser(uint64_t one, uint64_t two) {
    return one == 0 || (two != 0 && two < one) ? two : one;
}

/* The least limit of the group and of its parents up to the mount. */
static uint64_t limit_along(const char *mount, const char *root, const char *group, size_t length, const char *file) {
    uint64_t least = 0;
    for (;; length--) {
        struct report *path = &reading.path;
        path->length = 0;
        report_add(path, root);
        report_add(path, mount);
        for (size_t i = 0; i < length; i++) report_add(path, (char[]){group[i], 0});
        report_add(path, "/");
        report_add(path, file);
        if (path->length < sizeof(path->chars)) {
            path->chars[path->length] = 0;
            least = lesser(least, read_limit(path->chars));
        }
        while (length > 0 && group[length - 1] != '/') length--;
        if (length == 0) return least;
    }
}

/* True when "memory" is in a list like "cpu,memory". */
static bool has_memory(const char *names, size_t length) {
    for (size_t at = 0, end; at < length; at = end + 1) {
        for (end = at; end < length && names[end] != ','; end++) {
        }
        if (value_is("memory", names + at, end - at)) return true;
    }
    return false;
}

/* The limit that one line of /proc/self/cgroup leads to; 0: none. */
static uint64_t limit_of_line(const char *line, const char *root) {
    const char *names = line, *group, *end;
    while (*names && *names != '\n' && *names != ':') names++;
    if (*names != ':') return 0;
    for (group = ++names; *group && *group != '\n' && *group != ':'; group++) {
    }
    if (*group != ':') return 0;
    size_t names_length = (size_t)(group - names);
    for (end = ++group; *end && *end != '\n'; end++) {
    }
    size_t length = (size_t)(end - group);
    if (length > 0 && group[length - 1] == '/') length--;
    if (has_memory(names, names_length))
        return limit_along("/sys/fs/cgroup/memory", root, group, length, "memory.limit_in_bytes");
    if (names_length > 0) return 0;
    return lesser(limit_along("/sys/fs/cgroup", root, group, length, "memory.max"),
                  limit_along("/sys/fs/cgroup/unified", root, group, length, "memory.max"));
}

COLD uint64_t cgroup_memory_limit(const char *root) {
    uint64_t least = 0;
    if (__atomic_exchange_n(&reading.busy, true, __ATOMIC_ACQUIRE)) return 0;
    struct report *path = &reading.path;
    path->length = 0;
    report_add(path, root);
    report_add(path, "/proc/self/cgroup");
    path->chars[path->length] = 0;
    cgroup_read(path->chars, reading.lines, sizeof(reading.lines));
    for (const char *line = reading.lines; *line; line++) {
        least = lesser(least, limit_of_line(line, root));
        while (*line && *line != '\n') line++;
        if (!*line) break;
    }
    __atomic_store_n(&reading.busy, false, __ATOMIC_RELEASE);
    return least;
}

COLD bool machine_commits_strictly(const char *root) {
    char mode[FILE_BYTES];
    struct report *to = &reading.path;
    if (__atomic_exchange_n(&reading.busy, true, __ATOMIC_ACQUIRE)) return false;
    to->length = 0;
    report_add(to, root);
    report_add(to, "/proc/sys/vm/overcommit_memory");
    to->chars[to->length] = 0;
    cgroup_read(to->chars, mode, sizeof(mode));
    __atomic_store_n(&reading.busy, false, __ATOMIC_RELEASE);
    return mode[0] == '2';
}

COLD uint64_t machine_memory(void) {
    struct sysinfo info = {0};
    if (syscall_6(SYS_sysinfo, (long)&info, 0, 0, 0, 0, 0) != 0) return 0;
    return (uint64_t)info.totalram * info.mem_unit;
}
