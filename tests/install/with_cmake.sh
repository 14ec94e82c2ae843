#!/usr/bin/env bash
# Builds and runs the consumer project, which finds the installed library with find_package.
# Usage: with_cmake.sh PREFIX CC CXX
# SPDX-License-Identifier: MIT
set -euo pipefail
here=$(dirname "$0")
# shellcheck source=tests/install/common.sh
source "$here/common.sh"
# shellcheck source=tests/install/consume.sh
source "$here/consume.sh"
prefix=$1 cc=$2 cxx=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cmake -S "$here/consumer" -B "$work" -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_C_COMPILER="$cc" \
    -DCMAKE_CXX_COMPILER="$cxx" -DCMAKE_C_FLAGS="-Wall -Wextra -Werror" \
    >"$work/configure.txt" 2>&1 ||
    { cat "$work/configure.txt"; exit 1; }
grep -q "heapalloc_DIR:PATH=$prefix" "$work/CMakeCache.txt" || fail "another heapalloc was found"
cmake --build "$work" >"$work/build.txt" 2>&1 || { cat "$work/build.txt"; exit 1; }
for language in c cxx; do
    expect_consumer "$work/consumer_${language}_heapalloc" shared "$prefix"
    expect_consumer "$work/consumer_${language}_static" static "$prefix"
done
finish
