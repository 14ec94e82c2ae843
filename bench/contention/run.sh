#!/usr/bin/env bash
# Counts the contention between threads, for each pattern, size and number of threads.
#
#   bench/contention/run.sh BUILD [LIB...]
#
# BUILD: configured with -DHEAPALLOC_COUNT=ON and -DHEAPALLOC_TESTS=ON, the targets `contention` and `heapalloc` built.
# LIB: other allocators, of which only the waits (voluntary context switches) can be counted.
# SPDX-License-Identifier: MIT
set -euo pipefail
build=$(realpath -e "${1:?usage: run.sh BUILD [LIB...]}")
shift
# Sizes, slots for each thread and operations of each thread at 8 threads; more threads do as many in all.
sizes=("16 1024 1000 20000" "1024 65536 200 20000" "65536 256000 40 10000" "262144 2097152 20 5000")

for library in "$build/libheapalloc.so" "$@"; do
    echo "# ${library##*/}"
    for pattern in own exchange pass; do
        for size in "${sizes[@]}"; do
            read -r from to slots operations <<<"$size"
            for threads in 1 2 8 64 256; do
                LD_PRELOAD=$library timeout 120 "$(find "$build" -name contention -type f -perm -u+x -print -quit)" \
                    "$threads" "$pattern" "$from" "$to" "$slots" $((operations * 8 / (threads < 8 ? 8 : threads)))
            done
        done
    done
done
