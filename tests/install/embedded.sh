#!/usr/bin/env bash
# Builds heapalloc inside another project, by add_subdirectory and by FetchContent, and checks its effects on the
# project. Usage: embedded.sh SOURCE CC CXX
# SPDX-License-Identifier: MIT
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/install/common.sh
source "$here/common.sh"
# shellcheck source=tests/install/consume.sh
source "$here/consume.sh"
source_dir=$1 cc=$2 cxx=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Runs a command; its output is shown only if it fails.
quietly() {
    "$@" >"$work/said.txt" 2>&1 || { cat "$work/said.txt"; exit 1; }
}

# embedded WAY SETTING...
embedded() {
    local way=$1 build="$work/build of $1" language stray
    shift
    quietly cmake -S "$here/embedded" -B "$build" -DWAY="$way" -DCMAKE_C_COMPILER="$cc" -DCMAKE_CXX_COMPILER="$cxx" "$@"
    quietly cmake --build "$build" --parallel 2
    for language in c cxx; do
        expect_consumer "$build/programs/consumer_${language}_heapalloc" shared "$build"
        expect_consumer "$build/programs/consumer_${language}_static" static "$build"
    done
    [[ $(ctest --test-dir "$build" -N) == *"Total Tests: 1"* ]] ||
        fail "$way: heapalloc's tests are among the project's"
    quietly cmake --install "$build" --prefix "$work/prefix"
    stray=$(find "$work/prefix" -type f ! -name consumer_c_static)
    [[ -z $stray ]] || fail "$way: the project installs $stray"
    [[ ! -e $build/heapalloc/heapalloc ]] || fail "$way: the explorer was built"
    stray=$(find "$build" -name 'libheapalloc-*')
    [[ -z $stray ]] || fail "$way: $stray was built, which nothing links"
    stray=$(find "$build" -maxdepth 1 -name 'libheapalloc*')
    [[ -z $stray ]] || fail "$way: the project's folder holds $stray"
}

# Once without any setting, hence not optimized, once with typical settings of other projects.
embedded subdirectory -DSOURCE="$source_dir"
embedded fetch -DFETCHCONTENT_SOURCE_DIR_HEAPALLOC="$source_dir" -DFETCHCONTENT_FULLY_DISCONNECTED=ON \
    -DCMAKE_BUILD_TYPE=Release -DBUILD_SHARED_LIBS=ON -DCMAKE_UNITY_BUILD=ON -DCMAKE_INTERPROCEDURAL_OPTIMIZATION=ON \
    -DCMAKE_POSITION_INDEPENDENT_CODE=OFF -DCMAKE_C_FLAGS="-Wall -Wextra -Wconversion"
finish
