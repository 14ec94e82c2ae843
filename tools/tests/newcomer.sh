#!/usr/bin/env bash
# Goes the way of someone new: runs a program with `heapalloc run`, types the command that its report suggests, and
# looks whether the page says where the memory is.
#
#   tools/tests/newcomer.sh PROGRAM SERVER     SERVER: server.cpp
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016 # dollars here are another shell's
set -euo pipefail
tool=$(realpath -e "${1:?usage: newcomer.sh PROGRAM SERVER}")
server=$(realpath -e "$2")
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tools/tests/expect.sh
. "$here/expect.sh"
mkdir "$work/bin"
ln -s "$tool" "$work/bin/heapalloc"
PATH=$work/bin:$PATH

# follow FOLDER REPORTS PATTERN WHAT COMMAND...: the program's report, and for each of its suggestions a page in which a
# site that has most live memory is named so.
follow() {
    local folder=$work/$1 reports=$2 pattern=$3 what=$4 code=0 line page
    shift 4
    mkdir -p "$folder"
    cd "$folder"
    rm -f ./*
    timeout 60 "$@" >"$work/out" 2>"$work/said" </dev/null || code=$?
    verdict "$([[ $code == 0 && $(grep -c '^= heap resident' "$work/said") == "$reports" ]] && echo yes)" \
        "$what: a report"
    grep '^  next: ' "$work/said" >"$work/next" || true
    verdict "$([[ $(grep -c '^  next: heapalloc report ' "$work/next") == "$reports" ]] && echo yes)" \
        "$what: a suggestion"
    while read -r line; do
        code=0
        bash -c "${line#next: }" >"$work/said" 2>&1 || code=$?
        page=$(sed -n 's/^wrote \(.*\): open it in a browser$/\1/p' "$work/said")
        python3 -B "$here/report_check.py" --named "$pattern" "$page" >>"$work/said" 2>&1 || code=$?
        verdict "$([[ $code == 0 ]] && echo yes)" "$what: the page says where the memory is"
    done <"$work/next"
}

# Python has an allocator of its own over mmap; this switches it off, and its objects come from malloc.
export PYTHONMALLOC=malloc
follow python 1 'python3|Py|unicode|list' "python3" \
    heapalloc run -- python3 -c 'kept = [str(number) * 20 for number in range(200000)]'
follow python 1 'python3|Py|unicode|list' "python3, executed by a shell that runs another program before" \
    heapalloc run -- bash -c 'ls / >/dev/null; exec python3 -c "kept = [str(number) * 20 for number in range(200000)]"'
unset PYTHONMALLOC
serves='Server|server|tools_server'
follow server 1 "$serves" "a C++ server with eight threads" heapalloc run -- "$server"
verdict "$([[ $(find "$work/server" -name '*.heap' | wc -l) -gt 3 ]] && echo yes)" "a profile at each peak"
follow server 1 "$serves" "a program that forks: this process" heapalloc run -- "$server" fork
follow server 2 "$serves" "a program that forks: both processes" heapalloc run --children -- "$server" fork
follow "a folder" 1 "$serves" "in a folder whose name ends an option" heapalloc run -- "$server"
follow 'odd$(x)' 1 "$serves" "in a folder whose name has marks of the shell's" heapalloc run -- "$server"
follow hardened 1 "$serves" "with the hardened library" heapalloc run -l hardened -- "$server"

heapalloc profile -a -b 16K -- "$server" >"$work/said" 2>&1
verdict "$(sed -n '3p' "$work/said" | grep -qE '  std::vector::resize .*< .*Server::(answer|serve) ' && echo yes)" \
    "profile names who allocated most in C++ first, and as people say it"
sed -n '3,$s/(anonymous namespace)//gp' "$work/said" >"$work/names"
verdict "$([[ -s $work/names && $(wc -L <"$work/names") -lt 400 ]] && ! grep -q '[(>]' "$work/names" && echo yes)" \
    "without template arguments and parameters"

mkdir "$work/none" && cd "$work/none"
heapalloc run -q -- "$server" 2>"$work/said"
verdict "$([[ ! -s $work/said && -z $(ls) ]] && echo yes)" "run --quiet reports and records nothing"
heapalloc run --stats -- ls / >"$work/out" 2>"$work/said"
verdict "$([[ -z $(ls) ]] && grep -q 'next: HEAPALLOC=help lists' "$work/said" && echo yes)" \
    "run --stats records nothing"
heapalloc run -l fast -- ls / >"$work/out" 2>"$work/said"
verdict "$([[ -z $(ls) ]] && grep -q '^  next: HEAPALLOC=help' "$work/said" && echo yes)" \
    "the fast library does not record"
mkdir "$work/closed" && cd "$work/closed" && rmdir "$work/closed"
heapalloc run -- ls / >"$work/out" 2>"$work/said"
verdict "$(grep -q '^  next: HEAPALLOC=help' "$work/said" && echo yes)" "no page is suggested when none can be made"
cd "$work/none"
HEAPALLOC=stats=$work/report heapalloc run -- ls / >"$work/out" 2>"$work/said"
verdict "$(grep -q '^= heap resident' "$work/report" && [[ ! -s $work/said ]] && echo yes)" \
    "the environment's options win"
((failed == 0))
