#!/usr/bin/env bash
# Compares the list of exported names with the declarations of this machine's libc: a function that libc adds must be
# ours too, or a block of one allocator ends in the free of the other. Usage: check_family.sh CC
# SPDX-License-Identifier: MIT
set -euo pipefail
here=$(dirname "$0")
# shellcheck source=tests/install/common.sh
source "$here/common.sh"
cc=$1

# The functions that a header itself declares, one a line.
declared_in() {
    printf '#define _GNU_SOURCE\n#include <%s>\n' "$1" | "$cc" -E -xc - |
        awk -v header="/$1\"" '/^# [0-9]+ / {mine = index($3, header) > 0; next} mine' |
        tr '\n' ' ' | tr ';' '\n' |
        sed -nE 's/.*extern [^(]*[ *]([a-zA-Z_0-9]+) *\(.*/\1/p; t' | sort -u
}

known=$(entries "$here/symbols.txt"; entries "$here/left_to_libc.txt")
of_malloc_h=$(declared_in malloc.h | sed -E 's/^__attribute__$//')
of_stdlib_h=$(declared_in stdlib.h | grep -E 'alloc|memalign|free' | grep -vE '^(alloca)$' || true)

for name in $of_malloc_h $of_stdlib_h; do
    grep -qx -- "$name" <<<"$known" ||
        fail "libc declares $name: export it, or say why not in left_to_libc.txt"
done
# Check that the headers were really read.
for name in malloc free memalign pvalloc mallinfo2 malloc_usable_size malloc_trim; do
    grep -qx -- "$name" <<<"$of_malloc_h" ||
        fail "$name was not found in malloc.h: the check reads it wrongly"
done
for name in aligned_alloc posix_memalign reallocarray; do
    grep -qx -- "$name" <<<"$of_stdlib_h" ||
        fail "$name was not found in stdlib.h: the check reads it wrongly"
done
finish
