/* The threads of a target: a process's are stopped by ptrace, whose hold ends with this program, however it ends. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "threads.h"
#include "core_notes.h"
#include "number_map.h"
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/procfs.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>

enum { WAITS_MAX = 2000, ROUNDS_MAX = 16 }; /* milliseconds for a thread to stop; looks for new threads */

#if defined __x86_64__
enum { STACK_REGISTER = 19 };
#elif defined __aarch64__
enum { STACK_REGISTER = 31 };
#else
enum { STACK_REGISTER = 2 };
#endif

static void keep_registers(struct thread *thread, const void *registers, size_t bytes) {
    if (bytes > sizeof(thread->registers)) bytes = sizeof(thread->registers);
    memcpy(thread->registers, registers, bytes);
    thread->register_count = (unsigned)(bytes / sizeof(uint64_t));
    thread->stack = thread->registers[STACK_REGISTER];
}

static struct thread *thread_add(struct threads *threads, pid_t id) {
    void *grown = array_grow(threads->threads, threads->count, &threads->room, sizeof(*threads->threads));
    if (!grown) return NULL;
    threads->threads = grown;
    struct thread *thread = &threads->threads[threads->count++];
    *thread = (struct thread){.id = id};
    return thread;
}

/* ---- core files ---- */

static bool take_status(unsigned type, const unsigned char *data, size_t bytes, void *argument) {
    struct elf_prstatus status;
    if (type != NT_PRSTATUS || bytes != sizeof(status)) return true;
    memcpy(&status, data, sizeof(status));
    struct thread *thread = thread_add(argument, 0);
    if (thread) keep_registers(thread, &status.pr_reg, sizeof(status.pr_reg));
    return thread;
}

/* ---- processes ---- */

static bool is_known(const struct threads *threads, pid_t id) {
    for (size_t i = 0; i < threads->count; i++)
        if (threads->threads[i].id == id) return true;
    return false;
}

/* Wait until the thread has stopped. False: it has ended, or sleeps where nothing can wake it. */
static bool wait_for_stop(struct thread *thread) {
    static const struct timespec pause = {0, 1000000};
    int status;
    for (int waits = 0; waits < WAITS_MAX; waits++) {
        pid_t got = waitpid(thread->id, &status, __WALL | WNOHANG);
        if (got == thread->id && WIFSTOPPED(status) && status >> 16 != PTRACE_EVENT_STOP)
            thread->signal = WSTOPSIG(status);
        if (got == thread->id) return WIFSTOPPED(status);
        if (got < 0 && errno != EINTR) return false;
        nanosleep(&pause, NULL);
    }
    return false;
}

/* Stop one thread; 0: done, or it has ended meanwhile; else an error number. */
static int stop_one(struct threads *threads, pid_t id) {
    elf_gregset_t registers;
    struct iovec into = {&registers, sizeof(registers)};
    if (ptrace(PTRACE_SEIZE, id, NULL, NULL) != 0) return errno == ESRCH ? 0 : errno;
    struct thread *thread = thread_add(threads, id);
    if (!thread) return ENOMEM;
    bool stopped = ptrace(PTRACE_INTERRUPT, id, NULL, NULL) == 0 && wait_for_stop(thread) &&
                   ptrace(PTRACE_GETREGSET, id, (void *)NT_PRSTATUS, &into) == 0;
    if (stopped)
        keep_registers(thread, &registers, into.iov_len);
    else
        threads->running++;
    return 0;
}

/* Stop the threads that are not yet; true: there were new ones. */
static bool stop_round(struct threads *threads, pid_t process, int *error) {
    char path[64];
    bool some = false;
    snprintf(path, sizeof(path), "/proc/%d/task", process);
    DIR *tasks = opendir(path);
    if (!tasks) *error = errno;
    for (struct dirent *task; tasks && !*error && (task = readdir(tasks));) {
        pid_t id = (pid_t)strtol(task->d_name, NULL, 10);
        if (id <= 0 || is_known(threads, id)) continue;
        some = true;
        *error = stop_one(threads, id);
    }
    if (tasks) closedir(tasks);
    return some && !*error;
}

bool threads_stop(struct threads *threads, struct target *target) {
    int error = 0;
    *threads = (struct threads){0};
    if (!target->process) {
        core_notes(target, take_status, threads);
        return true;
    }
    for (int round = 0; round < ROUNDS_MAX && stop_round(threads, target->process, &error); round++) continue;
    if (!error) return true;
    snprintf(target->why, sizeof(target->why), "%s cannot be stopped: %s", target->name, strerror(error));
    threads_go(threads);
    return false;
}

/* Only a thread that has stopped can be let go. */
static void let_go(struct thread *thread) {
    if (ptrace(PTRACE_DETACH, thread->id, NULL, (void *)(intptr_t)thread->signal) != 0 && wait_for_stop(thread))
        ptrace(PTRACE_DETACH, thread->id, NULL, (void *)(intptr_t)thread->signal);
}

void threads_go(struct threads *threads) {
    for (size_t i = 0; i < threads->count; i++)
        if (threads->threads[i].id) let_go(&threads->threads[i]);
    free(threads->threads);
    *threads = (struct threads){0};
}
