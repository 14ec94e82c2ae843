#!/usr/bin/env bash
# Builds programs with every sanitizer of gcc and clang, with shared and static runtimes, in C and C++, and compares
# their results with and without a preloaded allocator: the sanitizer's malloc must be in use, and find the same faults.
#
#   tests/programs/sanitizers.sh LIB
#
# Programs that this machine cannot build, or run without LIB, are skipped and named.
# SPDX-License-Identifier: MIT
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
lib=$(realpath -e "${1:?usage: sanitizers.sh LIB}")
unset LD_PRELOAD HEAPALLOC ASAN_OPTIONS LSAN_OPTIONS TSAN_OPTIONS MSAN_OPTIONS UBSAN_OPTIONS
export LC_ALL=C
work=$(mktemp -d "${TMPDIR:-/tmp}/sanitizers.XXXXXX")
trap 'rm -rf "$work"' EXIT

# The reproducible part of a run's output: no addresses, process numbers or paths of our own library.
run() {
    local preload=$1 rc=0
    shift
    timeout 60 env ${preload:+LD_PRELOAD="$preload"} "$@" >"$work/out" 2>&1 || rc=$?
    grep -E '^[a-z ]+ (own|other)$|^SUMMARY|ERROR: |WARNING: |runtime error|CHECK failed|^FATAL' "$work/out" |
        sed -E 's/==[0-9]+==//; s/0x[0-9a-f]+/ADDRESS/g; s/\(pid=[0-9]+\)//; s/ on (unknown )?address.*//
            s/\(([^() ]*\+)?ADDRESS\)//g' || true
    echo "exit $rc"
}

mistakes_of() {
    case $1 in
        address) echo after-free double-free leak; [[ $2 != *++* ]] || echo mismatch ;;
        thread) echo race after-free ;;
        leak) echo leak ;;
        memory) echo unset ;;
        undefined) echo overflow ;;
    esac
}

# Compares all runs of one program; prints where they differ.
compare() {
    local program=$1 mistake expected got
    shift
    for mistake in "" "$@"; do
        # shellcheck disable=SC2086 # no word, or one
        expected=$(run "" "$program" $mistake) got=$(run "$lib" "$program" $mistake)
        if [[ $expected != "$got" ]]; then
            echo "${mistake:-no mistake}:"
            diff <(echo "$expected") <(echo "$got") || true
            tail -n 5 "$work/out"
        fi
    done
}

# build COMPILER SANITIZER FLAGS...
build() {
    local compiler=$1 sanitizer=$2 language=c
    shift 2
    [[ $compiler != *++* ]] || language="c++ -std=c++17"
    # shellcheck disable=SC2086 # two words for C++
    "$compiler" -x $language -O1 -g -fno-builtin -pthread "-fsanitize=$sanitizer" "$here/src/sanitized.c" \
        -o "$work/program" "$@" >"$work/build" 2>&1
}

# check COMPILER SANITIZER shared|static FLAGS...
check() {
    local name=$1.$2.$3 complaint compiler=$1 sanitizer=$2 first
    shift 3
    if ! command -v "$compiler" >/dev/null || ! build "$compiler" "$sanitizer" "$@"; then
        echo "# skipped - $name: cannot be built here"
        return
    fi
    first=$(run "" "$work/program")
    if [[ $first != *"exit 0" || ($sanitizer != undefined && $first == *other*) ]]; then
        echo "# skipped - $name: does not run here without the library either"
        return
    fi
    # shellcheck disable=SC2046 # a list of words
    complaint=$(compare "$work/program" $(mistakes_of "$sanitizer" "$compiler"))
    if [[ -z $complaint ]]; then
        echo "ok - $name"
    else
        echo "not ok - $name"
        awk '{ print "#   " $0 }' <<<"$complaint"
    fi
}

# An arena's memory is the library's own, whichever malloc is in use.
check_place() {
    local sanitizer=$1 preload
    gcc -O1 -g "-fsanitize=$sanitizer" -I"$here/../../include" "$here/src/placed.c" "$lib" \
        -Wl,-rpath,"$(dirname "$lib")" -o "$work/placed"
    for preload in "" "$lib"; do
        if ! env ${preload:+LD_PRELOAD="$preload"} timeout 60 "$work/placed" >"$work/out" 2>&1; then
            echo "not ok - place.$sanitizer${preload:+.preloaded}: $(tail -n 1 "$work/out")"
            return
        fi
    done
    echo "ok - place.$sanitizer"
}

all() {
    local compiler sanitizer runtime
    for sanitizer in address thread leak; do
        check_place "$sanitizer"
    done
    for compiler in gcc g++; do
        for sanitizer in address thread leak; do
            check "$compiler" "$sanitizer" shared
            check "$compiler" "$sanitizer" static "-static-lib${sanitizer:0:1}san"
        done
        check "$compiler" undefined shared
    done
    for compiler in clang clang++; do
        for sanitizer in address thread leak memory undefined; do
            check "$compiler" "$sanitizer" static
        done
        for sanitizer in address thread undefined; do
            runtime=$("$compiler" -print-runtime-dir 2>/dev/null || true)
            check "$compiler" "$sanitizer" shared -shared-libsan "-Wl,-rpath,$runtime" \
                "-Wl,-rpath,$("$compiler" -print-resource-dir 2>/dev/null || true)/lib/linux"
        done
    done
}

"$here/../../ci/install.sh" gcc g++ clang libclang-rt-14-dev
all | tee "$work/report"
# Skipping everything is a failure.
! grep -q '^not ok' "$work/report" && (($(grep -c '^ok' "$work/report") >= 8))
