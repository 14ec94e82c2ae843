#!/usr/bin/env bash
# Tests `heapalloc run` and `heapalloc check` from a shell.
#
#   tools/tests/run.sh PROGRAM SLEEPER
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016 # backquotes here are those of messages
set -euo pipefail
tool=$(realpath -e "${1:?usage: run.sh PROGRAM SLEEPER}")
sleeper=$(realpath -e "$2")
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tools/tests/expect.sh
. "$here/expect.sh"

expect 7 "^$" "run hands the exit code through" "$tool" run -q -- /bin/bash -c 'echo; exit 7'
expect 0 '^= heap resident' "run --stats shows where the memory is" "$tool" run --stats /bin/ls /
expect 0 'is active in /.*ls, from /.*/libheapalloc-hardened' "run takes another library" "$tool" run -v -l hardened ls
expect 0 '^  purge  *2s' "run -o sets options" "$tool" run -o help,purge=2s ls
expect 0 '^HEAPALLOC=purge=1s,stats=json$' "what the environment has comes first" \
    env HEAPALLOC=purge=1s "$tool" run --stats=json --print
expect 0 '^LD_PRELOAD=/.*libheapalloc.*:/other.so$' "and other preloads stay" \
    env LD_PRELOAD=/other.so "$tool" run --print
expect 127 'no program nosuch' "a program that is nowhere" "$tool" run nosuch
expect 126 'cannot run /etc/passwd' "a file that is no program" "$tool" run -q /etc/passwd
expect 126 'cannot find libheapalloc.so' "a library that is nowhere" env HEAPALLOC_LIBRARY=/nowhere "$tool" run ls
expect 2 'no option' "a wrong option" "$tool" run --sats ls
expect 2 'no value' "an option without its value" "$tool" run -o
expect 2 'no library safe' "a wrong library" "$tool" run -l safe ls
expect 2 'no program to run' "nothing to run" "$tool" run
expect 0 '^usage: heapalloc run' "run --help" "$tool" run --help
printf 'int main(void) { return 5; }' >"$work/alone.c"
if cc -static -o "$work/alone" "$work/alone.c" 2>/dev/null; then
    expect 5 'is linked statically' "a static program runs, and it is said why without heapalloc" \
        "$tool" run -q "$work/alone"
fi

sleep 60 &
processes+=($!)
expect 1 "not in process $!" "check of a process without" "$tool" check $!
"$tool" run -q sleep 60 &
processes+=($!)
for ((i = 0; i < 100; i++)); do
    "$tool" check $! >/dev/null 2>&1 && break
    sleep 0.1
done
expect 0 "active in process $!, from /.*libheapalloc" "check of a process with" "$tool" check $!
expect 2 'there is none' "check of no process" "$tool" check 99999999
expect 2 'is no process' "check of garbage" "$tool" check one
expect 2 'name a process by its number, or a core file' "check of nothing" "$tool" check
expect 0 '^usage: heapalloc check' "check --help" "$tool" check --help
expect 2 'did you mean `run`' "a wrong command" "$tool" rum ls
# A program with one thread that sleeps: its memory goes back if that is asked for.
resident_kb() { awk '/^VmRSS/ { print $2 }' "/proc/$1/status"; }
start_idle() {
    "$tool" run "$@" "$sleeper" idle >"$work/idle" &
    idle=$!
    processes+=("$idle")
    for ((i = 0; i < 300; i++)); do
        [[ -s $work/idle ]] && break
        sleep 0.1
    done
}
start_idle -q --trim-after=200ms
for ((i = 0; i < 300; i++)); do
    (($(resident_kb "$idle") < 20000)) && break
    sleep 0.1
done
expect 0 '^less' "run --trim-after gives memory back while the program sleeps" \
    bash -c "(($(resident_kb "$idle") < 20000)) && echo less"
start_idle -q
sleep 1
expect 0 '^more' "without it the program keeps it" bash -c "(($(resident_kb "$idle") > 50000)) && echo more"
expect 0 'purge. cannot be .soon' "a wrong time is told" "$tool" run -q --trim-after=soon ls /
((failed == 0))
