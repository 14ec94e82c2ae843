#!/usr/bin/env bash
# Tests which blocks the option `leaks` reports at exit, and that it reports no others.
#
#   tests/options/leaks.sh LIB PROGRAM      PROGRAM: tests/options/leaks.c
# SPDX-License-Identifier: MIT
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
lib=$(realpath -e "${1:?usage: leaks.sh LIB PROGRAM}")
program=$(realpath -e "$2")
# shellcheck source=tests/options/verdict.sh
. "$here/verdict.sh"

# expect NAME CODE PATTERN PROGRAM...: checks the exit code and stderr.
expect() {
    run "${options:-leaks}" "${@:4}"
    verdict "$(is "$code $(says "$3")" "$2 yes")" "$1"
}

none='no leaks: all of [0-9]+ live blocks can be reached$'
lost() { echo "leaks: $1 bytes in $2 blocks? that nothing points to\$"; }

expect "1000 lost blocks of 21 bytes" 0 "$(lost 32000 1000)" "$program" lost 1000 21
expect "10000 lost blocks of 305 bytes" 0 "$(lost 3200000 10000)" "$program" lost 10000 305
expect "one lost block" 0 "$(lost 48 1)" "$program" lost 1 40
expect "medium blocks" 0 "$(lost 700416 36)" "$program" lost 36 19000
expect "large blocks" 0 "$(lost 3145728 3)" "$program" lost 3 1048576
expect "the sizes of lost blocks" 0 '^ +1000 blocks of 32 bytes$' "$program" lost 1000 21
expect "a ring that only points to itself" 0 "$(lost 51200 50)" "$program" ring 50 1000
expect "the first two of a list" 0 "$(lost 224 2)" "$program" cut 500 100
expect "a list" 0 "$none" "$program" kept 1000 21
expect "a long list is no recursion" 0 "$none" "$program" kept 500000 16
expect "a list of large blocks" 0 "$none" "$program" kept 20 1500000
expect "freed blocks are not lost" 0 "$none" "$program" freed 5000 77
expect "pointers into the middle of blocks" 0 "$none" "$program" inside 800 200
expect "pointers in memory that the program mapped" 0 "$none" "$program" mapped 700 64
expect "thread-local lists of eight threads" 0 "$none" "$program" threads 100 48
expect "a register of threads that run" 0 "$none" "$program" register 1 64
expect "a thread that has a stack for signals" 0 "$none" "$program" narrow
expect "a thread that blocks all signals" 0 '1 threads? could not be stopped' "$program" blocked 10 48
expect "ls loses nothing" 0 "$none" ls /
expect "bash loses nothing" 0 "$none" bash -c true
expect "python3 has a report, and ends as usual" 0 'leaks' python3 -c pass
options="leaks,background,metrics=unix:$work/socket"
expect "the library's own threads need not be stopped" 0 "$none" "$program" threads 100 48
verdict "$(grep -q 'could not be stopped' "$work/err" && echo no || echo yes)" "and none is told"
options="leaks,redzones=8"
expect "red zones are off with leaks" 0 "$(lost 160 5)" "$program" lost 5 21
options="redzones=8,leaks"
expect "in any order" 0 "$(lost 160 5)" "$program" lost 5 21
options="redzones=8"
expect "blocks with red zones lead to others" 0 'no leaks' "$program" queue 500 21
options="leaks=full,signal=USR2"
expect "the call counts them, and a signal reports them" 0 "$(lost 42000 2000)" "$program" ask 1000 21
verdict "$(is "$(grep -cE "$(lost 42000 2000)" "$work/err")" 3)" "each time: by the call, at the signal, at exit"
# Who allocated what is lost, and what was asked for.
options="leaks=full"
by="$(basename "$program")\\+0x[0-9a-f]+"
expect "full: as many bytes as were asked for" 0 "$(lost 21000 1000)" "$program" lost 1000 21
expect "full: who allocated them" 0 "^ +21000 bytes in 1000 blocks by $by < $by < " "$program" lost 1000 21
where=$(sed -nE 's/^ +21000 bytes in 1000 blocks by [^+]+\+(0x[0-9a-f]+) .*/\1/p' "$work/err")
verdict "$(is "$(addr2line -fe "$program" "$where" | head -n 1)" make)" "full: the address is of who called malloc"
expect "full: 10000 lost blocks of 305 bytes" 0 "$(lost 3050000 10000)" "$program" lost 10000 305
expect "full: a list" 0 "$none" "$program" kept 1000 21
expect "full: thread-local lists of eight threads" 0 "$none" "$program" threads 100 48
expect "full: ls loses nothing" 0 "$none" ls /
expect "full: large blocks" 0 "$(lost 3000000 3)" "$program" lost 3 1000000
options="leaks,stats=$work/report"
: >"$work/report"
run "$options" "$program" lost 10 100
verdict "$(is "$(silent) $(grep -cE "$(lost 1120 10)" "$work/report")" "yes 1")" "it goes where stats go"
exit $((failed > 0))
