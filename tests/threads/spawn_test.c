/* Other ways to create a process, from threads that allocate meanwhile: exec after fork, posix_spawn, vfork, popen. */
/* SPDX-License-Identifier: MIT */
#include "team.h"
#include <spawn.h>

static atomic_int stop;
extern char **environ;

static void *allocate(void *index) {
    uint64_t random = (uintptr_t)index + 1;
    while (!atomic_load(&stop)) parcel_give(parcel_take(parcel_size(&random), 3));
    return NULL;
}

static void among_busy_threads(void (*work)(void)) {
    struct team team;
    team_start(&team, 3, allocate);
    for (unsigned i = 0; i < 60; i++) work();
    atomic_store(&stop, 1);
    team_join(&team);
}

/* The child executes this: a process of its own with the library preloaded again. */
CASE(leaf) {
    uint64_t random = 9;
    for (unsigned i = 0; i < 3000; i++) parcel_give(parcel_take(parcel_size(&random), i));
}

static char *const leaf_arguments[] = {(char *)"threads_spawn", (char *)"leaf", NULL};

static void *fork_and_exec(void *unused) {
    pid_t child = fork();
    if (child == 0) {
        parcel_give(parcel_take(5000, 1));
        execv("/proc/self/exe", leaf_arguments);
        _exit(9);
    }
    expect_child_well(child);
    return unused;
}

static void fork_and_exec_in_thread(void) {
    run_in_thread(fork_and_exec, NULL);
}

CASE(fork_and_exec_from_a_thread) {
    among_busy_threads(fork_and_exec_in_thread);
}

static void spawn_leaf(void) {
    pid_t child = 0;
    char program[4096] = "";
    expect(readlink("/proc/self/exe", program, sizeof program - 1) > 0);
    expect(posix_spawn(&child, program, NULL, NULL, leaf_arguments, environ) == 0);
    expect_child_well(child);
}

CASE(posix_spawn_among_busy_threads) {
    among_busy_threads(spawn_leaf);
}

/* The child shares our memory until it executes another program; the memory must be unchanged afterwards. */
static void vfork_leaf(void) {
    struct parcel *mine = parcel_take(700, 5);
    pid_t child = vfork();
    if (child == 0) {
        execv("/proc/self/exe", leaf_arguments);
        _exit(9);
    }
    expect_child_well(child);
    parcel_give(mine);
}

CASE(vfork_among_busy_threads) {
    among_busy_threads(vfork_leaf);
}

static void popen_and_system(void) {
    char text[100] = "";
    FILE *pipe = popen("echo said", "r");
    expect(pipe != NULL && fgets(text, sizeof text, pipe) != NULL);
    expect(pclose(pipe) == 0 && strcmp(text, "said\n") == 0);
    expect(system("exit 3") == 3 << 8);
}

CASE(popen_and_system_among_busy_threads) {
    among_busy_threads(popen_and_system);
}

int main(int argc, char **argv) {
    return run_case(argc, argv);
}
