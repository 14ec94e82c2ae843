#!/usr/bin/env bash
# Runs the faulty program's cases under memcheck and expects the report of each.
#
#   faulty.sh PROGRAM          linked with a library that tells memcheck about its blocks
# SPDX-License-Identifier: MIT
set -euo pipefail
program=$1
wrong=0

# Valgrind replaces any library's malloc by its own, unless an option forbids it.
memcheck() {
    valgrind --soname-synonyms=somalloc=nouserintercepts --leak-check=full --error-exitcode=9 "$program" "$1" 2>&1
}

# expect CASE PATTERN...: memcheck finds errors, and its report has a line for each pattern.
expect() {
    local name=$1 report code=0 pattern
    shift
    report=$(memcheck "$name") || code=$?
    for pattern in "$@"; do
        grep -qE "$pattern" <<<"$report" || code=0
    done
    ((code != 0)) && return
    printf '%s: the report lacks one of: %s\n%s\n' "$name" "$*" "$report"
    wrong=1
}

expect write_past_end 'Invalid write of size 1' ' 0 bytes after a block of size 20 alloc'
expect write_before_start 'Invalid write of size 1' ' 1 bytes before a block of size 20 alloc'
expect read_past_end_of_large 'Invalid read of size 1' ' 0 bytes after a block of size 300,000 alloc'
expect read_after_free 'Invalid read of size 1' ' 0 bytes inside a block of size 100 free'
expect read_after_realloc 'Invalid read of size 1' ' 5 bytes inside a block of size 100 free'
expect write_after_free_of_medium 'Invalid write of size 1' ' 10,000 bytes inside a block of size 20,000 free'
expect free_twice 'Invalid free' ' 0 bytes inside a block of size 40 free' 'is already free'
expect free_inside 'Invalid free' ' 16 bytes inside a block of size 64 alloc'
expect use_of_what_was_never_written 'depends on uninitialised value'
expect lose_small '77 bytes in 1 blocks are definitely lost'
expect lose_large '(246,912 bytes in 2|370,368 bytes in 3) blocks are definitely lost' \
    '(2,000,000 bytes in 2|3,000,000 bytes in 3) blocks are definitely lost'

for name in sound sound_pools; do
    if ! report=$(memcheck "$name"); then
        printf '%s: a report for nothing\n%s\n' "$name" "$report"
        wrong=1
    fi
done
exit "$wrong"
