#!/usr/bin/env bash
# Builds programs whose inline code reads an arena's room: shared, static and with -flto they allocate what calls do.
# The loader starts none with a library that has another layout.
# Usage: inline.sh PREFIX CC
# SPDX-License-Identifier: MIT
set -euo pipefail
here=$(dirname "$0")
# shellcheck source=tests/install/common.sh
source "$here/common.sh"
prefix=$1 cc=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
PKG_CONFIG_PATH=$(dirname "$(find "$prefix" -name heapalloc.pc)")
export PKG_CONFIG_PATH
read -ra compile < <(pkg-config --cflags heapalloc)
read -ra shared < <(pkg-config --libs heapalloc)
read -ra static < <(pkg-config --static --libs heapalloc)
folder=$(pkg-config --variable=libdir heapalloc)

cat >"$work/inline.c" <<'END'
#include <heapalloc/arena_inline.h>
#include <stdio.h>
#include <string.h>

int main(void) {
    struct heapalloc_arena_stats stats;
    struct heapalloc_arena *arena = heapalloc_arena_create(NULL);
    for (int round = 0; arena && round < 3; round++) {
        for (int i = 0; i < 20000; i++) {
            char *one = heapalloc_arena_alloc_inline(arena, 20), *other = heapalloc_arena_alloc(arena, 40);
            if (!one || !other || (other < one + 32 && one < other + 48)) return 1;
            memset(one, 1, 20), memset(other, 2, 40);
        }
        heapalloc_arena_stats(arena, &stats);
        if (stats.used_bytes < 20000 * 80 || heapalloc_verify()) return 2;
        heapalloc_arena_reset(arena);
    }
    heapalloc_arena_destroy(arena);
    puts("allocated");
    return 0;
}
END

# allocates NAME FLAGS...: builds and runs it.
allocates() {
    "$cc" -O2 -Wall -Wextra -Werror "${compile[@]}" "$work/inline.c" -o "$work/$1" "${@:2}" ||
        { fail "$1 is not built"; return; }
    said=$(LD_LIBRARY_PATH=$folder "$work/$1" 2>&1) || fail "$1 ended with $?: $said"
    [[ $said == allocated ]] || fail "$1 says: $said"
}
allocates shared "${shared[@]}"
allocates shared_lto -flto "${shared[@]}"
allocates wholly_static -static "${static[@]}"
allocates static_lto -flto -static -Wl,--no-as-needed "${static[@]}"

readelf -WV "$work/shared" | grep -q 'Name: HEAPALLOC_ROOM_1 ' || fail "the program does not need the layout's version"
{
    echo 'HEAPALLOC_0 { global: heapalloc_*; };'
    echo 'HEAPALLOC_ROOM_2 { global: heapalloc_arena_alloc_room_2; };'
} >"$work/other.map"
{
    echo 'void heapalloc_arena_alloc_room_2(void) {}'
    grep -oE 'heapalloc_(arena_[a-z]+|verify)\(' "$work/inline.c" | grep -v _inline | sort -u |
        sed 's/.*/void &void) {}/'
} >"$work/other.c"
soname=$(readelf -Wd "$folder/libheapalloc.so" | sed -n 's/.*(SONAME).*\[\(.*\)\]/\1/p')
"$cc" -shared -fPIC -Wl,--version-script="$work/other.map" -Wl,-soname,"$soname" "$work/other.c" -o "$work/$soname"
rc=0
said=$(LD_LIBRARY_PATH=$work "$work/shared" 2>&1) || rc=$?
[[ $rc != 0 && $said == *"version \`HEAPALLOC_ROOM_1' not found"* ]] ||
    fail "it starts with a library of another layout ($rc): $said"
finish
