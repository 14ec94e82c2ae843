/* A running process as the source of a heap: its memory by process_vm_readv, its mappings from /proc. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "process.h"
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

static const char not_ours[] = "it is another user's, or protected";

bool process_open(struct target *target, pid_t process) {
    target->process = process;
    snprintf(target->name, sizeof(target->name), "process %d", process);
    if (kill(process, 0) == 0 || errno != ESRCH) return true;
    snprintf(target->why, sizeof(target->why), "process %d cannot be read: there is none", process);
    return false;
}

bool process_read(void *context, uint64_t address, void *to, size_t bytes) {
    struct target *target = context;
    struct iovec local = {to, bytes}, remote = {(void *)(uintptr_t)address, bytes};
    return process_vm_readv(target->process, &local, 1, &remote, 1, 0) == (ssize_t)bytes;
}

/* Why nothing was found: the first mapping shows whether memory can be read at all. */
static void say_why(struct target *target, uint64_t first) {
    char byte;
    struct iovec local = {&byte, 1}, remote = {(void *)(uintptr_t)first, 1};
    const char *why = first ? NULL : "it has no memory: it is the kernel's, or has ended";
    if (first && process_vm_readv(target->process, &local, 1, &remote, 1, 0) < 0 && errno != EFAULT)
        why = errno == EPERM ? not_ours : strerror(errno);
    if (why && !target->why[0])
        snprintf(target->why, sizeof(target->why), "process %d cannot be read: %s", target->process, why);
}

bool process_modules(struct target *target, target_look *look) {
    char path[64], line[4608];
    bool found = false;
    uint64_t first = 0;
    snprintf(path, sizeof(path), "/proc/%d/maps", target->process);
    FILE *maps = fopen(path, "re");
    if (!maps) {
        const char *why = errno == EACCES || errno == EPERM ? not_ours : strerror(errno);
        snprintf(target->why, sizeof(target->why), "process %d cannot be read: %s", target->process, why);
        return false;
    }
    while (!found && fgets(line, sizeof(line), maps)) {
        uint64_t start, end, offset;
        char rights[5];
        if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64, &start, &end, rights, &offset) != 4) continue;
        if (!first) first = start;
        if (offset == 0 && rights[0] == 'r' && strchr(line, '/')) found = look(target, start);
    }
    fclose(maps);
    if (!found) say_why(target, first);
    return found;
}

/* True when its files are not ours: it is in a container, say. */
static bool has_other_files(pid_t process) {
    char path[64], ours[64] = "", its[64] = "";
    snprintf(path, sizeof(path), "/proc/%d/ns/mnt", process);
    ssize_t length = readlink(path, its, sizeof(its) - 1);
    return length > 0 && readlink("/proc/self/ns/mnt", ours, sizeof(ours) - 1) > 0 && strcmp(ours, its) != 0;
}

void process_put_maps(struct target *target, FILE *out) {
    char path[64];
    snprintf(path, sizeof(path), "/proc/%d/maps", target->process);
    FILE *maps = fopen(path, "re");
    bool others = has_other_files(target->process), before = others; /* before the line's path */
    for (int letter; maps && (letter = getc(maps)) != EOF; before = others && (letter == '\n' || before)) {
        if (before && letter == '/') {
            fprintf(out, "/proc/%d/root", target->process);
            before = false;
        }
        putc(letter, out);
    }
    if (maps) fclose(maps);
}

void process_writable(struct target *target, target_mapping *visit, void *argument) {
    char path[64], line[4608];
    snprintf(path, sizeof(path), "/proc/%d/maps", target->process);
    FILE *maps = fopen(path, "re");
    while (maps && fgets(line, sizeof(line), maps)) {
        uint64_t from, to;
        char rights[5];
        if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s", &from, &to, rights) == 3 && strncmp(rights, "rw", 2) == 0 &&
            rights[3] == 'p')
            visit(from, to, strstr(line, "[stack]") != NULL, argument);
    }
    if (maps) fclose(maps);
}
