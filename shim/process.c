/* Reads what the kernel put on the initial stack. */
/* SPDX-License-Identifier: MIT */
#include "process.h"
#include "base/bits.h"
#include "libc.h"
#include "syscall.h"
#include <elf.h>
#include <stddef.h>

#ifdef __GLIBC__
/* The initial stack: argc, argv, NULL, environment, NULL, auxiliary vector. */
extern void *__libc_stack_end;

INLINE char **first_variable(void) {
    const uintptr_t *word = __libc_stack_end;
    return (char **)(word + 1 + word[0] + 1);
}

STARTUP_TEXT uintptr_t process_auxiliary(uintptr_t type, uintptr_t otherwise) {
    char **variable = first_variable();
    while (*variable) variable++;
    const uintptr_t *word = (const uintptr_t *)(variable + 1);
    for (; word[0] != AT_NULL; word += 2)
        if (word[0] == type) return word[1];
    return otherwise;
}
#else
extern char **__environ;
unsigned long getauxval(unsigned long type);

/* The environment as the program has it now: musl keeps no pointer to the initial one. */
INLINE char **first_variable(void) {
    static char *none[1];
    return __environ ? __environ : none;
}

uintptr_t process_auxiliary(uintptr_t type, uintptr_t otherwise) {
    uintptr_t told = getauxval(type);
    return told ? told : otherwise;
}
#endif

STARTUP_TEXT uint64_t process_random(int index) {
    const uint64_t *words = (const uint64_t *)process_auxiliary(AT_RANDOM, 0);
    return words ? words[index] : (uint64_t)(uintptr_t)&words * 0x9e3779b97f4a7c15;
}

STARTUP_TEXT char *process_variable(const char *name) {
    for (char **variable = first_variable(); *variable; variable++) {
        size_t i = 0;
        while (name[i] && (*variable)[i] == name[i]) i++;
        if (!name[i]) return *variable + i;
    }
    return NULL;
}

const char *process_name(void) {
    const char *path = (const char *)process_auxiliary(AT_EXECFN, (uintptr_t) ""), *name = path;
    for (; *path; path++)
        if (*path == '/') name = path + 1;
    return name;
}

long process_id(void) {
    return syscall_6(SYS_getpid, 0, 0, 0, 0, 0, 0);
}

bool process_begin(long *by) {
    long here = process_id(), seen = __atomic_load_n(by, __ATOMIC_RELAXED);
    return seen != here && __atomic_compare_exchange_n(by, &seen, here, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

void process_end(long *by) {
    __atomic_store_n(by, 0, __ATOMIC_RELEASE);
}
