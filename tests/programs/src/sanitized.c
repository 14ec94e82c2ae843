/* A program, C or C++, that is built with a sanitizer: prints whose its blocks are, or makes the requested mistake.
 *
 *   sanitized          "own" for each block that is the sanitizer's, "other" for the rest
 *   sanitized MISTAKE  after-free, double-free, leak, race, unset, mismatch or overflow */
/* SPDX-License-Identifier: MIT */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef __cplusplus
#include <new>
extern "C"
#endif
    int
    __sanitizer_get_ownership(const volatile void *block) __attribute__((weak));

static void say_whose(const char *how, void *block) {
    int owned = block && __sanitizer_get_ownership && __sanitizer_get_ownership(block);
    printf("%s %s\n", how, owned ? "own" : "other");
}

static void *churn(void *seed) {
    for (size_t i = 0; i < 2000; i++) {
        size_t size = (i * 977 + (size_t)seed) % 9000 + 1;
        char *block = (char *)malloc(size);
        memset(block, 1, size);
        block = (char *)realloc(block, 2 * size);
        if (block[size - 1] != 1 || malloc_usable_size(block) < 2 * size) abort();
        free(block);
        free(calloc(size, 3));
    }
    return NULL;
}

static void tell(void) {
    pthread_t threads[4];
    void *block = NULL;
    for (size_t i = 0; i < 4; i++) pthread_create(&threads[i], NULL, churn, (void *)i);
    for (size_t i = 0; i < 4; i++) pthread_join(threads[i], NULL);
    say_whose("malloc", block = malloc(100));
    free(block);
    say_whose("calloc", block = calloc(10, 100));
    say_whose("realloc", block = realloc(block, 100000));
    free(block);
    say_whose("strdup", block = strdup("text"));
    free(block);
    say_whose("posix_memalign", posix_memalign(&block, 4096, 100) == 0 ? block : NULL);
    free(block);
    say_whose("memalign", block = memalign(64, 100));
    free(block);
    free(realloc(NULL, 5));
#ifdef __cplusplus
    say_whose("new", block = ::operator new(100));
    ::operator delete(block);
    say_whose("new nothrow", block = ::operator new[](70000, std::nothrow));
    ::operator delete[](block);
    say_whose("new aligned", block = ::operator new(100, std::align_val_t(256)));
    ::operator delete(block, std::align_val_t(256));
#endif
}

static int shared;
static void *race(void *unused) {
    for (int i = 0; i < 1000; i++) shared++;
    return unused;
}

/* The compiler must neither see the mistake nor remove it. */
__attribute__((noinline)) static int make(const char *mistake) {
    char *volatile block = (char *)malloc(40);
    volatile int result = 0;
    if (strcmp(mistake, "after-free") == 0) {
        free(block);
        result = block[7];
    } else if (strcmp(mistake, "double-free") == 0) {
        free(block);
        free(block);
    } else if (strcmp(mistake, "leak") == 0) {
        memset((void *)block, 1, 40);
        block = NULL;
    } else if (strcmp(mistake, "race") == 0) {
        pthread_t threads[2];
        for (int i = 0; i < 2; i++) pthread_create(&threads[i], NULL, race, NULL);
        for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
    } else if (strcmp(mistake, "unset") == 0) {
        if (block[3]) puts("set");
    } else if (strcmp(mistake, "overflow") == 0) {
        volatile int most = 0x7fffffff;
        result = most + (int)strlen(mistake);
#ifdef __cplusplus
    } else if (strcmp(mistake, "mismatch") == 0) {
        ::operator delete((void *)block);
#endif
    }
    return result;
}

int main(int argc, char **argv) {
    if (argc == 1) tell();
    return argc > 1 ? make(argv[1]) * 0 : 0;
}
