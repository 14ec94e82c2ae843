/* Sandboxes: only a few system calls are allowed, or one of the library's is refused; the allocator goes on and
 * calloc's blocks are zero. */
/* SPDX-License-Identifier: MIT */
#include "workload.h"
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>

#if defined __x86_64__
enum { THIS_ARCH = (int)AUDIT_ARCH_X86_64 };
#elif defined __aarch64__
enum { THIS_ARCH = (int)AUDIT_ARCH_AARCH64 };
#elif defined __riscv
enum { THIS_ARCH = (int)AUDIT_ARCH_RISCV64 };
#endif

static const int allowed[] = {SYS_brk,          SYS_mmap,           SYS_munmap,      SYS_mremap,
                              SYS_mprotect,     SYS_madvise,        SYS_futex,       SYS_write,
                              SYS_read,         SYS_exit,           SYS_exit_group,  SYS_clock_gettime,
                              SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_rt_sigreturn};
enum { ALLOWED = sizeof allowed / sizeof allowed[0] };

/* Loads the number of the call; a call of another architecture kills the process. */
static unsigned filter_head(struct sock_filter *code) {
    unsigned n = 0;
    code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch));
    code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)THIS_ARCH, 1, 0);
    code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
    code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    return n;
}

static unsigned filter_one(struct sock_filter *code, unsigned n, int call, unsigned verdict) {
    code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)call, 0, 1);
    code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, verdict);
    return n;
}

/* For all threads of the process, including those that already run. */
static void install(struct sock_filter *code, unsigned count) {
    struct sock_fprog program = {(unsigned short)count, code};
    expect(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
    expect(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) == 0);
}

static void allow_few(unsigned verdict_for_others) {
    struct sock_filter code[4 + 2 * ALLOWED + 1];
    unsigned n = filter_head(code);
    for (unsigned i = 0; i < ALLOWED; i++) n = filter_one(code, n, allowed[i], SECCOMP_RET_ALLOW);
    code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, verdict_for_others);
    install(code, n);
}

static void refuse(int call, int error) {
    struct sock_filter code[8];
    unsigned n = filter_head(code);
    n = filter_one(code, n, call, SECCOMP_RET_ERRNO | (unsigned)error);
    code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    install(code, n);
}

/* Spends the decay time without a system call that sleeps. */
static void wait_for_decay(void) {
    struct timespec from, now;
    clock_gettime(CLOCK_MONOTONIC, &from);
    do {
        clock_gettime(CLOCK_MONOTONIC, &now);
        free(malloc(9000));
    } while ((now.tv_sec - from.tv_sec) * 10 + (now.tv_nsec - from.tv_nsec) / 100000000 < 7);
}

/* Touch, free, trim or wait, calloc: refused system calls must not let dirty memory be taken for clean. */
static void expect_zeroes_and_errno_kept(void) {
    static unsigned char *held[8];
    for (unsigned round = 0; round < 2; round++)
        for (size_t size = 20; size <= 24u << 20; size = size * 3) {
            for (unsigned i = 0; i < 8; i++) {
                held[i] = malloc(size);
                expect_at(size, i, round);
                expect(held[i] != NULL);
                memset(held[i], 0xa7, malloc_usable_size(held[i]));
            }
            errno = 4242;
            for (unsigned i = 0; i < 8; i++) free(held[i]);
            expect(errno == 4242);
            malloc_trim(0);
            if (size == 20 * 27) wait_for_decay();
            for (unsigned i = 0; i < 8; i++) {
                held[i] = calloc(1, size);
                expect(held[i] != NULL && is_zero(held[i], size));
            }
            for (unsigned i = 0; i < 8; i++) free(realloc(held[i], size * 2));
        }
}

static void load(void) {
    workload(11, 20000);
    expect_zeroes_and_errno_kept();
}

CASE(first_call_after_few_are_allowed_or_die) {
    allow_few(SECCOMP_RET_KILL_PROCESS);
    load();
}

CASE(first_call_after_few_are_allowed_or_fail) {
    allow_few(SECCOMP_RET_ERRNO | EPERM);
    load();
}

CASE(few_are_allowed_later) {
    load();
    allow_few(SECCOMP_RET_KILL_PROCESS);
    load();
}

static pthread_barrier_t started, filtered;

static void *load_in_thread(void *unused) {
    pthread_barrier_wait(&started);
    pthread_barrier_wait(&filtered);
    workload(12, 20000);
    return unused;
}

/* Threads that start before the filter, first allocate under it, and end under it. */
CASE(threads_live_and_end_under_the_filter) {
    pthread_t threads[4];
    pthread_barrier_init(&started, NULL, 5); /* by then libc has made its own calls for each */
    pthread_barrier_init(&filtered, NULL, 5);
    for (unsigned i = 0; i < 4; i++) expect(pthread_create(&threads[i], NULL, load_in_thread, NULL) == 0);
    pthread_barrier_wait(&started);
    allow_few(SECCOMP_RET_KILL_PROCESS);
    pthread_barrier_wait(&filtered);
    for (unsigned i = 0; i < 4; i++) expect(pthread_join(threads[i], NULL) == 0);
    load();
}

/* A heap that grows steadily gets huge pages and memory ahead of use, for which the kernel's settings are read. */
static void grow(void) {
    enum { BLOCKS = 1 << 20, BYTES = 200 };
    static char *held[BLOCKS];
    for (unsigned i = 0; i < BLOCKS; i++) {
        held[i] = malloc(BYTES);
        expect(held[i] != NULL);
        memset(held[i], 0xa7, BYTES);
    }
    for (unsigned i = 0; i < BLOCKS; i++) free(held[i]);
    for (size_t bytes = 1 << 20; bytes < 256u << 20; bytes *= 2) {
        char *block = malloc(bytes);
        expect(block != NULL);
        memset(block, 0xa7, bytes);
        block = realloc(block, bytes + bytes / 2);
        expect(block != NULL);
        free(block);
    }
}

CASE(a_heap_grows_under_the_filter) {
    allow_few(SECCOMP_RET_KILL_PROCESS);
    grow();
}

CASE(a_heap_grows_on_under_the_filter) {
    load();
    allow_few(SECCOMP_RET_KILL_PROCESS);
    grow();
}

CASE(madvise_is_refused) {
    refuse(SYS_madvise, EPERM);
    load();
}

CASE(madvise_is_refused_later) {
    load();
    refuse(SYS_madvise, EINVAL);
    load();
}

CASE(clock_gettime_is_refused) {
    refuse(SYS_clock_gettime, EPERM);
    load();
}

/* A thread that waits for a lock asks again instead of sleeping. */
CASE(futex_is_refused) {
    load();
    refuse(SYS_futex, EPERM);
    load();
}

CASE(mremap_is_refused) {
    refuse(SYS_mremap, EPERM);
    load();
}

CASE(munmap_is_refused) {
    refuse(SYS_munmap, EPERM);
    load();
}

/* Without these calls memory may run out, which must be reported as NULL and ENOMEM. */
static void expect_polite_refusals(void) {
    struct workload w;
    memset(&w, 0, sizeof w);
    w.random = 77;
    w.refusals_ok = 1;
    workload_run(&w, 20000);
    for (size_t size = 1; size < 256u << 20; size *= 2) {
        errno = 0;
        void *block = malloc(size);
        expect_at(size, 0, 0);
        expect(block != NULL || errno == ENOMEM);
        free(block);
    }
    workload_end(&w);
}

CASE(mprotect_is_refused) {
    workload(13, 5000);
    refuse(SYS_mprotect, EPERM);
    expect_polite_refusals();
}

CASE(mmap_is_refused) {
    workload(13, 5000);
    refuse(SYS_mmap, ENOMEM);
    expect_polite_refusals();
}

CASE(getrandom_is_refused) {
    refuse(SYS_getrandom, ENOSYS);
    load();
}

/* ---- the sandbox of OpenSSH's process before authentication ---- */

static const int openssh_allows[] = {
    SYS_brk,      SYS_clock_gettime, SYS_close,          SYS_exit,      SYS_exit_group,      SYS_futex,
    SYS_geteuid,  SYS_getpgid,       SYS_getpid,         SYS_getrandom, SYS_gettimeofday,    SYS_getuid,
    SYS_mremap,   SYS_munmap,        SYS_read,           SYS_nanosleep, SYS_clock_nanosleep, SYS_pselect6,
    SYS_shutdown, SYS_write,         SYS_rt_sigprocmask,
#ifdef SYS_poll
    SYS_poll,     SYS_select,        SYS_time,
#endif
};
static const int openssh_denies[] = {
    SYS_fstat, SYS_openat, SYS_newfstatat, SYS_shmget, SYS_shmat, SYS_shmdt,
#ifdef SYS_open
    SYS_open,  SYS_stat,   SYS_lstat,
#endif
};
enum { OPENSSH_CALLS = (sizeof openssh_allows + sizeof openssh_denies) / sizeof(int), ADVICES = 6 };

/* Allows a call whose third argument, of 32 bits here, has no bit but those of the mask. */
static unsigned filter_mask(struct sock_filter *code, unsigned n, int call, unsigned mask) {
    unsigned at = offsetof(struct seccomp_data, args[2]);
    code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)call, 0, 5);
    code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, at);
    code[n++] = (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, ~mask);
    code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1);
    code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (unsigned)offsetof(struct seccomp_data, nr));
    return n;
}

/* Allows this advice alone; other advice fails with EINVAL. */
static unsigned filter_advice(struct sock_filter *code, unsigned n) {
    static const unsigned advices[ADVICES] = {MADV_NORMAL, MADV_FREE, MADV_DONTNEED, MADV_DONTFORK, MADV_DONTDUMP, 18};
    code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_madvise, 0, 2 * ADVICES + 2);
    code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2]));
    for (unsigned i = 0; i < ADVICES; i++) n = filter_one(code, n, (int)advices[i], SECCOMP_RET_ALLOW);
    code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINVAL);
    return n;
}

/* Its limits, its list, and its way to install the filter: any other call kills the thread. */
static void enter_openssh(int is_newer) {
    struct sock_filter code[4 + 2 * OPENSSH_CALLS + 2 * 6 + 2 * ADVICES + 3 + 1];
    unsigned n = filter_head(code);
    for (unsigned i = 0; i < sizeof openssh_denies / sizeof(int); i++)
        n = filter_one(code, n, openssh_denies[i], SECCOMP_RET_ERRNO | EACCES);
    for (unsigned i = 0; i < sizeof openssh_allows / sizeof(int); i++)
        n = filter_one(code, n, openssh_allows[i], SECCOMP_RET_ALLOW);
    n = filter_mask(code, n, SYS_mmap, PROT_READ | PROT_WRITE);
    n = filter_mask(code, n, SYS_mprotect, PROT_READ | PROT_WRITE);
    n = is_newer ? filter_advice(code, n) : filter_one(code, n, SYS_madvise, SECCOMP_RET_ALLOW);
    code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_THREAD);
    struct sock_fprog program = {(unsigned short)n, code};
    struct rlimit none = {0, 0};
    expect(setrlimit(RLIMIT_FSIZE, &none) == 0 && setrlimit(RLIMIT_NOFILE, &none) == 0);
    expect(setrlimit(RLIMIT_NPROC, &none) == 0);
    expect(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
    expect(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
}

CASE(first_call_in_the_sandbox_of_openssh) {
    enter_openssh(0);
    load();
}

CASE(sandbox_of_openssh_is_entered_later) {
    load();
    enter_openssh(0);
    load();
}

CASE(sandbox_of_newer_openssh_refuses_other_advice) {
    load();
    enter_openssh(1);
    load();
}

int main(int argc, char **argv) {
    return run_case(argc, argv);
}
