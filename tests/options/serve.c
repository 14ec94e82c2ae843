/* The program that tests/options/socket.py drives: each line of its standard input is a command, answered by a line. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Takes slow paths. */
static void churn(void) {
    static void *blocks[100];
    for (int i = 0; i < 2000; i++) {
        free(blocks[i % 100]);
        blocks[i % 100] = malloc((size_t)(i * 7919 % 300000 + 1));
    }
}

/* The number of entries in a folder of /proc. */
static int count(const char *path) {
    DIR *folder = opendir(path);
    int entries = -2; /* . and .. */
    while (folder && readdir(folder)) entries++;
    if (folder) closedir(folder);
    return entries;
}

/* Prints the child's number; the child goes on with the commands until `done`. */
static void fork_one(void) {
    pid_t child = fork();
    if (child > 0) {
        waitpid(child, NULL, 0);
        printf("back\n");
    } else {
        churn();
        printf("%d\n", getpid());
    }
}

static bool set(const char *value) {
    typedef bool set_function(const char *, const char *);
    set_function *function = (set_function *)(uintptr_t)dlsym(RTLD_DEFAULT, "heapalloc_option_set");
    return function && function("metrics", value);
}

static void *wait_long(void *argument) {
    sleep(1);
    return argument;
}

static void end_main_thread(void) {
    pthread_t thread;
    pthread_create(&thread, NULL, wait_long, NULL);
    pthread_exit(NULL);
}

static void obey(char *line) {
    line[strcspn(line, "\n")] = 0;
    if (strcmp(line, "churn") == 0) churn(), puts("ok");
    if (strcmp(line, "threads") == 0) printf("%d\n", count("/proc/self/task"));
    if (strcmp(line, "files") == 0) printf("%d\n", count("/proc/self/fd"));
    if (strcmp(line, "close") == 0) closefrom(3), puts("ok");
    if (strcmp(line, "fork") == 0) fork_one();
    if (strncmp(line, "set ", 4) == 0) puts(set(line + 4) ? "ok" : "wrong");
    if (strcmp(line, "abandon") == 0) _exit(0);
    if (strcmp(line, "end") == 0) end_main_thread();
    if (strcmp(line, "done") == 0) exit(0);
}

int main(void) {
    char line[512];
    setvbuf(stdout, NULL, _IOLBF, 0);
    churn();
    printf("%d\n", getpid());
    while (fgets(line, sizeof(line), stdin)) obey(line);
    return 0;
}
