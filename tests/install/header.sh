#!/usr/bin/env bash
# Compiles the installed header alone, in every language a user may have, without one warning.
# Usage: header.sh INCLUDE_DIR CC CXX
# SPDX-License-Identifier: MIT
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/install/common.sh
source "$here/common.sh"
include=$1 cc=$2 cxx=$3

typed_pool='#include <heapalloc/heapalloc.h>
struct one { int a; };
HEAPALLOC_POOL_TYPE(one, struct one)
struct one *first(struct one_pool *pool) { return one_pool_get(pool); }'

# Headers of the freestanding core, which programs take from the source: a firmware may be C++.
source=$here/../../include

# compiles COMPILER LANGUAGE STANDARD
compiles() {
    local name
    for name in heapalloc arena_inline pool_inline collected map walk; do
        "$1" -x "$2" -std="$3" -Wall -Wextra -pedantic -Werror -fsyntax-only -I"$include" - \
            <<<"#include <heapalloc/$name.h>" || fail "$name.h does not compile as $3"
    done
    for name in heap small block_pool port; do
        "$1" -x "$2" -std="$3" -Wall -Wextra -pedantic -Werror -fsyntax-only -I"$source" - \
            <<<"#include <heapalloc/$name.h>" || fail "$name.h does not compile as $3"
        [[ $2 == c ]] || "$1" -x c++ -std="$3" -E -I"$source" - <<<"#include <heapalloc/$name.h>" |
            grep 'extern "C"' >/dev/null || fail "$name.h declares C++ functions"
    done
    "$1" -x "$2" -std="$3" -Wall -Wextra -pedantic -Werror -fsyntax-only -I"$include" - <<<"$typed_pool" ||
        fail "a typed pool does not compile as $3"
}

for standard in c99 c11 c17; do compiles "$cc" c "$standard"; done
for standard in c++11 c++17 c++20; do compiles "$cxx" c++ "$standard"; done
for standard in c++17 c++20; do
    for name in heapalloc collected; do
        "$cxx" -x c++ -std="$standard" -Wall -Wextra -pedantic -Werror -fsyntax-only -I"$include" - \
            <<<"#include <heapalloc/$name.hpp>" || fail "$name.hpp does not compile as $standard"
    done
done
finish
