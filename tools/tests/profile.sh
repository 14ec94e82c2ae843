#!/usr/bin/env bash
# Tests `heapalloc profile` and `heapalloc leaks` with a program whose allocations are known.
#
#   tools/tests/profile.sh PROGRAM LOSER     LOSER: tests/options/leaks.c
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016 # dollars and backquotes here are another shell's, or a message's
set -euo pipefail
tool=$(realpath -e "${1:?usage: profile.sh PROGRAM LOSER}")
loser=$(realpath -e "$2")
unset LD_PRELOAD HEAPALLOC
export LC_ALL=C
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export TMPDIR=$work/tmp
mkdir "$TMPDIR"
failed=0

verdict() {
    [[ $1 == yes ]] && echo "ok - $2" && return
    echo "not ok - $2"
    sed 's/^/#   /' "$work/said" | cut -c 1-300
    failed=$((failed + 1))
}

# expect CODE PATTERN WHAT COMMAND...: the exit code, and a line of either stream; nothing is left behind.
expect() {
    local expected=$1 pattern=$2 what=$3 code=0 good=no
    shift 3
    timeout 60 "$@" >"$work/said" 2>&1 </dev/null || code=$?
    [[ $code != "$expected" || -n $(ls "$TMPDIR") ]] || ! grep -qE -- "$pattern" "$work/said" || good=yes
    verdict $good "$what"
}

named='make( leaks\.c:[0-9]+)?'
expect 1 'leaks: 21000 bytes in 1000 blocks' "leaks: what is lost, and exit code 1" "$tool" leaks -- "$loser" lost 1000 21
expect 1 "^ +21000 bytes in 1000 blocks by $named < " "leaks: who allocated it, by name" "$tool" leaks "$loser" lost 1000 21
expect 1 'leaks: 3050000 bytes in 10000 blocks' "leaks: ten thousand blocks" "$tool" leaks "$loser" lost 10000 305
expect 0 'no leaks' "leaks: none, and exit code 0" "$tool" leaks "$loser" kept 1000 21
expect 7 'no leaks' "leaks: the program's exit code" "$tool" leaks bash -c '/bin/true; exit 7'
expect 1 'leaks: ' "leaks: options of the environment stay" env HEAPALLOC=purge=1s "$tool" leaks "$loser" lost 1000 21
expect 0 '20\.5 KiB +1000 +20\.5 KiB +1000 +'"$named < " "profile: who allocated what is live" \
    "$tool" profile -b 1 "$loser" kept 1000 21
expect 0 '^ +and [0-9]+ more$' "profile: as many rows as asked for" "$tool" profile -b 1 -n 1 bash -c :
expect 0 'estimated, a sample in 64.0 KiB' "profile: samples are scaled" "$tool" profile -b 64K "$loser" kept 9000 210
expect 5 'live, ' "profile: the program's exit code" "$tool" profile bash -c 'x=$(seq 9); exit 5'
expect 137 'wrote nothing: a signal' "profile: a program that is killed" "$tool" profile bash -c 'kill -9 $$'
expect 0 'live, ' "profile: -o keeps it" "$tool" profile -b 1 -o "$work/kept" "$loser" kept 1000 21
verdict "$([[ $(head -n 1 "$work/kept") == 'heap profile: '* ]] && echo yes)" "profile: as text that pprof reads"
expect 2 'cannot write /nowhere/x' "profile: a file that cannot be written" "$tool" profile -o /nowhere/x ls /
expect 127 'no program nosuch' "profile: a program that is nowhere" "$tool" profile nosuch
expect 126 'cannot find libheapalloc.so' "leaks: a library that is nowhere" env HEAPALLOC_LIBRARY=/nowhere "$tool" leaks ls
expect 126 'cannot make the folder' "leaks: no folder for temporary files" env TMPDIR=/nowhere "$tool" leaks ls
for command in profile leaks; do
    expect 2 'no program to run' "$command: no program" "$tool" "$command"
    expect 2 'no option --rosw' "$command: a wrong option" "$tool" "$command" --rosw ls
    expect 2 'above 0' "$command: wrong rows" "$tool" "$command" -n 0 ls
    expect 0 '^usage: heapalloc' "$command: --help" "$tool" "$command" --help
done
expect 2 'no option -a' "leaks: profile's options are not its own" "$tool" leaks -a ls
expect 2 'these are no bytes: 3x' "profile: wrong bytes" "$tool" profile -b 3x ls
((failed == 0))
