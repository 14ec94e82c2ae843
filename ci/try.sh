#!/usr/bin/env bash
# Runs a program under heapalloc, or compares it with glibc's malloc.
#
#   ci/try.sh PROGRAM ARGS...               runs PROGRAM, keeping its input, output, folder and exit status
#   ci/try.sh --compare PROGRAM ARGS...     runs PROGRAM on glibc's malloc and on heapalloc in turn, five times; says
#                                           CPU time, wall time, peak memory and page faults of each, how much they
#                                           spread, and what differs
#   ci/try.sh --compare --rounds N ...      the same, N times
#   ci/try.sh --compare                     the same for python3, sqlite3 and g++ with workloads of our own
#   ci/try.sh                               that too
#
# Installs the packages that a build needs, and builds if necessary; messages about that go to stderr.
# SPDX-License-Identifier: MIT
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
lib=$(dirname "$here")/build/libheapalloc.so
# shellcheck source=ci/answers.sh
. "$here/answers.sh"

compare=no
rounds=()
while (($#)); do
    case $1 in
        -h | --help) print_help ;;
        --compare) compare=yes ;;
        --rounds)
            need_number 5 "$@"
            rounds=(--rounds "$2")
            shift
            ;;
        --) shift; break ;;
        -*) wrong_argument "there is no option $1" ;;
        *) break ;;
    esac
    shift
done
(($#)) || compare=yes
[[ $compare == yes || ${#rounds[@]} == 0 ]] || wrong_argument "--rounds is for --compare"

# Why PROGRAM cannot be run, in one line.
explain_missing() {
    case $1 in
        */*)
            if [[ -d $1 ]]; then echo "$1 is a folder"
            elif [[ -e $1 ]]; then echo "$1 is not executable; chmod +x it, or name its interpreter"
            else echo "there is no $1"; fi
            ;;
        *)
            if [[ -n $(type -t -- "$1") ]]; then echo "$1 is a word of the shell; try: bash -c '$1 ...'"
            else echo "$1 is not a program on this machine; install it first"; fi
            ;;
    esac
}

# Why nothing can be preloaded under the program at this path; empty if it can.
why_unreached() {
    local path=$1
    if [[ -u $path || -g $path ]]; then
        echo "$path is setuid or setgid: the loader preloads nothing, it runs on glibc's malloc"
    elif [[ $(head -c 4 "$path" 2>/dev/null | tr -d '\0') == $'\x7fELF' ]] &&
        ! readelf -Wl "$path" 2>/dev/null | grep -q INTERP; then
        echo "$path is linked statically: nothing can be preloaded, link build/libheapalloc.a"
    fi
}

if (($#)) && ! path=$(type -P -- "$1"); then
    echo "try: $(explain_missing "$1")" >&2
    exit 127
fi
if [[ $lib == *[\ :]* ]]; then
    echo "try: LD_PRELOAD cannot name $lib: a blank or a colon ends a name there" >&2
    exit 1
fi
"$here/build.sh" -q -t heapalloc release </dev/null >&2
unreached=$( (($# == 0)) || why_unreached "$path")
[[ -z $unreached ]] || echo "try: $unreached" >&2
if [[ $compare == yes ]]; then
    [[ -z $unreached ]] || exit 1
    exec "$here/compare.sh" "${rounds[@]}" "$lib" "$@"
fi
# In front of the caller's own preloads. This shell itself has started already and stays on glibc's malloc.
export LD_PRELOAD=$lib${LD_PRELOAD:+:$LD_PRELOAD}
exec -- "$@"
