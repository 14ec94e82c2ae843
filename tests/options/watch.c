/* The program that tests/options/watch.sh runs and watches. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { BLOCKS = 5000, MIB = 1 << 20 };
static void *blocks[BLOCKS];
static bool stop;

static void *entry(const char *name) {
    void *at = dlsym(RTLD_DEFAULT, name);
    if (!at) exit(9);
    return at;
}

typedef size_t json_function(char *text, size_t room);
typedef bool set_function(const char *name, const char *value);
typedef void soft_function(size_t mapped, void *argument);
typedef void on_soft_function(soft_function *function, void *argument);

static json_function *json(void) {
    return (json_function *)(uintptr_t)entry("heapalloc_stats_json");
}

static void set(const char *name, const char *value) {
    if (!((set_function *)(uintptr_t)entry("heapalloc_option_set"))(name, value)) exit(8);
}

/* Large blocks, whose slow paths handle what is due. */
static void churn(unsigned rounds) {
    for (unsigned i = 0; i < rounds; i++) {
        blocks[i % BLOCKS] = realloc(blocks[i % BLOCKS], i * 7919 % 300000 + 1);
        if (i % 3 == 0) free(blocks[i % BLOCKS]), blocks[i % BLOCKS] = NULL;
    }
}

/* Holds 1000 blocks of 48 bytes, 30 of 50,000 and 5 MiB; a buffer that is too short gets the front. */
static int tell_json(void) {
    char front[100];
    static char whole[200000];
    for (int i = 0; i < 1000; i++) blocks[i] = malloc(48);
    for (int i = 1000; i < 1030; i++) blocks[i] = malloc(50000);
    blocks[1030] = memset(malloc(5 * MIB), 1, 5 * MIB);
    memset(front, 'x', sizeof(front));
    size_t length = json()(whole, sizeof(whole));
    size_t again = json()(front, 50);
    if (strlen(whole) != length || again < length / 2 || strlen(front) != 49 || front[50] != 'x') return 1;
    if (strncmp(front, whole, 20) != 0 || json()(NULL, 0) < length / 2) return 1;
    return fputs(whole, stdout) < 0;
}

static void *work(void *argument) {
    unsigned seed = (unsigned)(uintptr_t)argument;
    void *mine[200] = {0};
    while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
        unsigned at = rand_r(&seed) % 200;
        free(mine[at]);
        mine[at] = malloc(1u << rand_r(&seed) % 19);
    }
    for (int i = 0; i < 200; i++) free(mine[i]);
    return NULL;
}

/* Reads reports while four threads allocate and free; each must be complete. */
static int look_among_threads(void) {
    static char text[200000];
    pthread_t threads[4];
    for (uintptr_t i = 0; i < 4; i++) pthread_create(&threads[i], NULL, work, (void *)(i + 1));
    int wrong = 0;
    for (int i = 0; i < 300; i++) {
        size_t length = json()(text, sizeof(text));
        wrong += length >= sizeof(text) || text[length - 2] != '}' || text[length] != 0;
        if (i % 50 == 49) printf("%s", text);
    }
    __atomic_store_n(&stop, true, __ATOMIC_RELAXED);
    for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
    return wrong;
}

/* Works until the file exists, or has been rewritten, for at most 2000 rounds. Some blocks are in use all the time:
 * more than those of a size which have red zones and are in no class. */
static int work_until_written(const char *path) {
    struct stat before = {0}, now;
    void *held[32];
    for (int i = 0; i < 32; i++) held[i] = malloc(48);
    stat(path, &before);
    bool written = false;
    for (int i = 0; i < 2000 && !written; i++) {
        churn(2000);
        written =
            stat(path, &now) == 0 && (now.st_ino != before.st_ino || now.st_mtim.tv_nsec != before.st_mtim.tv_nsec);
        if (!written) nanosleep(&(struct timespec){0, 5000000}, NULL);
    }
    for (int i = 0; i < 32; i++) free(held[i]);
    return !written;
}

static void *sleep_for_ever(void *argument) {
    while (pause() != 0) {
    }
    return argument;
}

/* Allocates nothing after the second thread has started, for three seconds at most. */
static int sleep_until_written(const char *path) {
    pthread_t thread;
    struct stat now;
    churn(1000);
    pthread_create(&thread, NULL, sleep_for_ever, NULL);
    for (int i = 0; i < 600; i++) {
        if (stat(path, &now) == 0 && now.st_size > 0) return 0;
        nanosleep(&(struct timespec){0, 5000000}, NULL);
    }
    return 1;
}

static unsigned calls;
static size_t told;

/* May allocate, free and set options. */
static void pass(size_t mapped, void *argument) {
    if (argument != &calls) exit(7);
    calls++;
    told = mapped;
    free(malloc(3 * MIB));
    set("purge", "1s");
}

static void grow(int mib) {
    for (int i = 0; i < mib; i++) blocks[i] = memset(malloc(MIB), 1, MIB);
}

static void shrink(int mib) {
    for (int i = 0; i < mib; i++) free(blocks[i]);
}

static int pass_soft_limit(void) {
    ((on_soft_function *)(uintptr_t)entry("heapalloc_on_soft_limit"))(pass, &calls);
    set("soft_limit", "40M");
    grow(30);
    if (calls != 0) return 1;
    grow(60);
    if (calls != 1 || told <= 40 * MIB || told > 80 * MIB) return 2;
    grow(80);
    if (calls != 1) return 3;
    shrink(80);
    set("soft_limit", "400M");
    grow(10);
    if (calls != 1) return 4;
    set("soft_limit", "16M");
    grow(400);
    if (calls != 2) return 5;
    ((on_soft_function *)(uintptr_t)entry("heapalloc_on_soft_limit"))(NULL, NULL);
    set("soft_limit", "500M");
    grow(500); /* reported on stderr now */
    return calls == 2 ? 0 : 6;
}

static int get_signal(int number, int times) {
    struct sigaction now;
    churn(1000);
    if (sigaction(number, NULL, &now) != 0) return 1;
    if (now.sa_handler != SIG_DFL && now.sa_handler != SIG_IGN && !(now.sa_flags & SA_ONSTACK)) return 2;
    for (int i = 0; i < times; i++) {
        raise(number);
        churn(3000);
    }
    return 0;
}

static int fork_one(void) {
    int status;
    churn(1000);
    pid_t child = fork();
    if (child == 0) {
        churn(20000);
        exit(0);
    }
    return waitpid(child, &status, 0) == child ? status : 1;
}

/* True when the thread is in openat(). Reads without libc's streams, which allocate. */
static bool is_opening(long thread) {
    char path[64], text[16] = {0};
    snprintf(path, sizeof(path), "/proc/self/task/%ld/syscall", thread);
    int file = open(path, O_RDONLY);
    bool got = file >= 0 && read(file, text, sizeof(text) - 1) > 0;
    if (file >= 0) close(file);
    return got && atol(text) == SYS_openat && text[0] != 'r';
}

static long writer; /* the thread that is to be stopped while it writes */

static void *churn_for_ever(void *argument) {
    __atomic_store_n(&writer, syscall(SYS_gettid), __ATOMIC_RELEASE);
    for (;;) churn(2000);
    return argument;
}

/* Forks while another thread is writing a file, and cannot go on, because that is a FIFO that nobody reads. The child
 * works until it has written its own. */
static int fork_while_writing(const char *path) {
    char name[256];
    pthread_t thread;
    struct stat now;
    int status;
    snprintf(name, sizeof(name), "%s.%d.%d.new", path, getpid(), getpid());
    if (mkfifo(name, 0600) != 0 || pthread_create(&thread, NULL, churn_for_ever, NULL) != 0) return 1;
    for (int i = 0; !is_opening(__atomic_load_n(&writer, __ATOMIC_ACQUIRE)); i++) {
        if (i == 2000) return 2;
        nanosleep(&(struct timespec){0, 5000000}, NULL);
    }
    pid_t child = fork();
    if (child == 0) {
        snprintf(name, sizeof(name), "%s.%d", path, getpid());
        for (int i = 0; i < 200 && stat(name, &now) != 0; i++) {
            churn(2000);
            nanosleep(&(struct timespec){0, 5000000}, NULL);
        }
        _exit(stat(name, &now) == 0 ? 0 : 3);
    }
    _exit(waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : 4);
}

static int show_maps(void) {
    char line[512];
    churn(1000);
    FILE *maps = fopen("/proc/self/maps", "r");
    while (maps && fgets(line, sizeof(line), maps)) fputs(line, stdout);
    return maps ? 0 : 1;
}

static void *end_soon(void *argument) {
    nanosleep(&(struct timespec){0, 50000000}, NULL);
    return argument;
}

/* The main thread ends first; the process ends with the other one. */
static _Noreturn void end_main_thread(void) {
    pthread_t thread;
    pthread_create(&thread, NULL, end_soon, NULL);
    pthread_exit(NULL);
}

int main(int argc, char **argv) {
    const char *what = argc > 1 ? argv[1] : "", *path = argc > 2 ? argv[2] : "";
    if (strcmp(what, "json") == 0) return tell_json();
    if (strcmp(what, "threads") == 0) return look_among_threads();
    if (strcmp(what, "work") == 0) return work_until_written(path);
    if (strcmp(what, "sleep") == 0) return sleep_until_written(path);
    if (strcmp(what, "soft") == 0) return pass_soft_limit();
    if (strcmp(what, "signal") == 0) return get_signal(argc > 2 ? atoi(path) : SIGUSR2, 2);
    if (strcmp(what, "fork") == 0) return fork_one();
    if (strcmp(what, "writing") == 0) return fork_while_writing(path);
    if (strcmp(what, "exit") == 0) end_main_thread();
    if (strcmp(what, "maps") == 0) return show_maps();
    return 9;
}
