#!/usr/bin/env bash
# Runs a script of the explorer and compares what it prints, and how it ends, with what is expected.
#
#   golden.sh SCRIPT CODE PROGRAM...     SCRIPT.script against SCRIPT.expected; PROGRAM may have an emulator in front
#   golden.sh --self-test PROGRAM...     a wrong line, a missing line and a wrong exit code are seen
#
# SCRIPT.expected is also what the kernel's console must say (kernel/tests/runs.py). To make it anew:
# build/heapalloc explore <SCRIPT.script | sed 's/ *$//' >SCRIPT.expected, and read the difference.
# SPDX-License-Identifier: MIT
set -euo pipefail

compare() {
    local script=$1 wanted=$2 code=0
    shift 2
    "$@" explore <"$script.script" >"$work/said" 2>&1 || code=$?
    # A prompt at the end of input, or a command without arguments, leaves blanks at the end of a line.
    sed 's/ *$//' "$work/said" | diff -u "$script.expected" - || return 1
    ((code == wanted)) || { echo "exit code $code, not $wanted"; return 1; }
}

self_test() {
    local here
    here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
    cp "$here/mistakes.script" "$work/"
    sed 's/whole/hole/' "$here/mistakes.expected" >"$work/mistakes.expected"
    ! compare "$work/mistakes" 1 "$@" >"$work/out" || { echo "a wrong line goes unseen"; return 1; }
    grep -q '^+the heap is whole' "$work/out" || { echo "the difference is not shown"; return 1; }
    sed '$d' "$here/mistakes.expected" >"$work/mistakes.expected"
    ! compare "$work/mistakes" 1 "$@" >/dev/null || { echo "a missing line goes unseen"; return 1; }
    cp "$here/mistakes.expected" "$work/"
    ! compare "$work/mistakes" 0 "$@" >/dev/null || { echo "a wrong code goes unseen"; return 1; }
    compare "$work/mistakes" 1 "$@"
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [[ $1 == --self-test ]]; then
    shift
    self_test "$@"
else
    compare "$@"
fi
