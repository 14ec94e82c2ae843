#!/usr/bin/env bash
# The end of a misuse's sentence leads addr2line to the function that made the call: from a program with and without a
# fixed address, from a library, from a thread, from C++, and with the static library.
# SPDX-License-Identifier: MIT
# Usage: caller.sh LIBRARY STATIC-LIBRARY C-COMPILER
set -eu
library=$1
static=$2
cc=$3
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
command -v addr2line >/dev/null || { echo "no addr2line"; exit 77; }

cat >called.c <<'END'
#include <stdlib.h>
void frees_in_library(void *p) { free(p); __asm__ volatile(""); }
END
cat >calls.c <<'END'
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
void frees_in_library(void *p);
static char *p, data[64];
static __attribute__((noinline)) void frees(void) { free(p); __asm__ volatile(""); }
static __attribute__((noinline)) void resizes(void) { p = realloc(p + 1, 30); __asm__ volatile(""); }
static void *frees_in_thread(void *unused) { p = data, free(p); __asm__ volatile(""); return unused; }
static __attribute__((noinline)) void allocates(void) {
    for (int i = 0; i < 1000; i++) {
        p = malloc(40);
        __asm__ volatile("" : "+r"(p));
    }
}
int main(int count, char **words) {
    pthread_t thread;
    size_t bytes = count > 2 ? strtoul(words[2], 0, 10) : 40;
    p = malloc(bytes);
    free(p);
    __asm__ volatile("" : "+r"(p) : : "memory");
    if (strcmp(words[1], "frees") == 0) frees();
    if (strcmp(words[1], "resizes") == 0) resizes();
    if (strcmp(words[1], "allocates") == 0) memset(p, 1, 16), allocates();
    if (strcmp(words[1], "frees_in_library") == 0) frees_in_library(p);
    if (strcmp(words[1], "frees_in_thread") == 0) {
        pthread_create(&thread, 0, frees_in_thread, 0);
        pthread_join(thread, 0);
    }
    if (strcmp(words[1], "main") == 0) p = data, free(p);
    return 1;
}
END
build() { "$cc" -g -O1 -w -fno-builtin "$@" -lpthread; }
build -fPIC -shared -o libcalled.so called.c
build -fPIE -pie -o moving calls.c ./libcalled.so
build -fno-pie -no-pie -o fixed calls.c ./libcalled.so
build -o linked calls.c ./libcalled.so "$static"

# leads PROGRAM FUNCTION [BYTES]: one sentence, whose end is in that function.
leads() {
    local preload=$library module offset
    [ "$1" = linked ] && preload=
    (ulimit -c 0; LD_PRELOAD=$preload exec "./$1" "${@:2}") 2>said &&
        { echo "$*: was not ended"; exit 1; }
    sed -n 's/^heapalloc\[.*, called from \([^ ]*\)$/\1/p' said >place
    if [ "$(grep -c heapalloc said)" != 1 ] || [ ! -s place ]; then
        echo "$*:"
        cat said
        exit 1
    fi
    module=$(sed 's/+0x[0-9a-f]*$//' place)
    offset=$(sed 's/.*+//' place)
    [ "$(addr2line -fe "$module" "$offset" | head -1)" = "$2" ] && return
    echo "$*: $(cat said) is $(addr2line -fe "$module" "$offset")"
    exit 1
}

for program in moving fixed linked; do
    for function in frees resizes frees_in_library frees_in_thread main; do
        for bytes in 40 2000 10000 200000 3000000; do leads $program $function $bytes; done
    done
    leads $program allocates
done
echo "each sentence leads to its call"
