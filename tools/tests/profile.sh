#!/usr/bin/env bash
# Tests `heapalloc profile` and `heapalloc leaks` with a program whose allocations are known.
#
#   tools/tests/profile.sh PROGRAM LOSER     LOSER: tests/options/leaks.c
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016 # dollars and backquotes here are another shell's, or a message's
set -euo pipefail
tool=$(realpath -e "${1:?usage: profile.sh PROGRAM LOSER}")
loser=$(realpath -e "$2")
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tools/tests/expect.sh
. "$here/expect.sh"
export TMPDIR=$work/tmp
mkdir "$TMPDIR"

named='make( leaks\.c:[0-9]+)?'
expect 1 'leaks: 21000 bytes in 1000 blocks' "leaks: what is lost, and exit code 1" \
    "$tool" leaks -- "$loser" lost 1000 21
expect 1 "^ +21000 bytes in 1000 blocks by $named < " "leaks: who allocated it, by name" \
    "$tool" leaks "$loser" lost 1000 21
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
expect 126 'cannot find libheapalloc.so' "leaks: a library that is nowhere" \
    env HEAPALLOC_LIBRARY=/nowhere "$tool" leaks ls
expect 126 'cannot make the folder' "leaks: no folder for temporary files" env TMPDIR=/nowhere "$tool" leaks ls
for command in profile leaks; do
    expect 2 'no program to run' "$command: no program" "$tool" "$command"
    expect 2 'no option --rosw' "$command: a wrong option" "$tool" "$command" --rosw ls
    expect 2 'above 0' "$command: wrong rows" "$tool" "$command" -n 0 ls
    expect 0 '^usage: heapalloc' "$command: --help" "$tool" "$command" --help
done
expect 2 'no option -a' "leaks: profile's options are not its own" "$tool" leaks -a ls
expect 2 'these are no bytes: 3x' "profile: wrong bytes" "$tool" profile -b 3x ls
verdict "$([[ -z $(ls "$TMPDIR") ]] && echo yes)" "nothing is left behind"
((failed == 0))
