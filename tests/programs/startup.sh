#!/usr/bin/env bash
# Bounds the cost of a preloaded allocator for a program that does almost nothing; in counts, never in time.
#
#   tests/programs/startup.sh LIB
#
# Against glibc's malloc a program may take at most 4 system calls more than loading any library of
# this shape takes, 40 minor faults and 200 kB of RSS; LIB may own 20 bytes of thread-local data: two
# pointers to a heap, and how long a fork was waited for.
# ls may take 256 kB: it allocates in some sixteen sizes, each of which may have a page of its own
# where glibc packs them all into the first pages of its heap.
# SPDX-License-Identifier: MIT
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
lib=$(realpath -e "${1:?usage: startup.sh LIB}")
extra_calls=4
extra_faults=40
tls_bytes=20
runs=51 # an address space laid out at random moves RSS by tens of kB: take medians

unset LD_PRELOAD HEAPALLOC
export LC_ALL=C
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/empty_folder"
failed=0

verdict() {
    local what=$1 measured=$2 bound=$3 note=$4
    if ((measured <= bound)); then
        echo "ok - $what: $measured, at most $bound ($note)"
    else
        echo "not ok - $what: $measured, at most $bound ($note)"
        failed=$((failed + 1))
    fi
}

median() { sort -n | awk '{ value[NR] = $1 } END { print value[int((NR + 1) / 2)] }'; }

# strace sets the preload for its child only; strace itself runs without it.
calls_of() {
    local preload=$1
    shift
    timeout 30 strace -f -qq -o "$work/trace" ${preload:+-E "LD_PRELOAD=$preload"} "$@" >/dev/null
    cp "$work/trace" "$work/trace.${preload##*/}"
    grep -c '(' "$work/trace"
}

# Prints each call's name and how often it was made.
call_names() { sed 's/^[0-9]* *//; s/(.*//' "$1" | sort | uniq -c; }

# Prints "RSS_KB MINOR_FAULTS", each the median of all runs.
memory_of() {
    local preload=$1
    shift
    LD_PRELOAD=$preload timeout 60 "$work/measure" "$runs" "$@" >"$work/runs"
    echo "$(awk '{ print $1 }' "$work/runs" | median) $(awk '{ print $2 }' "$work/runs" | median)"
}

judge_program() {
    local name=$1 extra_rss_kb=$2 calls shape_calls rss faults glibc_rss glibc_faults
    shift 2
    shape_calls=$(calls_of "$work/shape.so" "$@")
    calls=$(calls_of "$lib" "$@")
    verdict "$name: system calls" "$calls" $((shape_calls + extra_calls)) \
        "$shape_calls with a library that does nothing"
    if ((calls > shape_calls + extra_calls)); then
        diff <(call_names "$work/trace.shape.so") <(call_names "$work/trace.${lib##*/}") |
            sed -n 's/^[<>]/#  &/p'
    fi
    read -r glibc_rss glibc_faults < <(memory_of "" "$@")
    read -r rss faults < <(memory_of "$lib" "$@")
    verdict "$name: minor faults" "$faults" $((glibc_faults + extra_faults)) \
        "$glibc_faults on glibc's malloc"
    verdict "$name: RSS in kB" "$rss" $((glibc_rss + extra_rss_kb)) \
        "$glibc_rss on glibc's malloc"
}

# The code that most processes run lies in one of the steps in which the kernel maps a file (shim/startup.ld).
judge_layout() {
    local address bytes
    read -r address bytes < <(readelf -SW "$lib" |
        awk '{ for (i = 1; i < NF; i++) if ($i == "heapalloc_start") print $(i + 2), $(i + 4) }')
    verdict "bytes of code that most processes run" $((16#${bytes:-fffff})) 65536 "a step in which a file is mapped"
    verdict "bytes from the begin of a step to that code" $((16#${address:-1} & 65535)) 0 "the loader keeps to it"
}

# The first library on the list must serve malloc, or the measurements are not about it.
judge_loaded() {
    local object
    gcc -O1 -shared -fPIC -Wl,-z,now "$here/src/witness.c" -o "$work/witness.so"
    WITNESS_FILE=$work/witness LD_PRELOAD="$lib:$work/witness.so" "$(type -P true)"
    object=$(cut -d ' ' -f 3- "$work/witness")
    if [[ $object -ef $lib ]]; then
        echo "ok - malloc is served by $lib"
    else
        echo "not ok - malloc is served by ${object:-nobody known}, not by $lib"
        failed=$((failed + 1))
    fi
}

"$here/../../ci/install.sh" gcc libc6-dev binutils strace coreutils
gcc -O2 -static "$here/src/measure.c" -o "$work/measure"
gcc -O2 -shared -fPIC -Wl,-z,relro,-z,now "$here/src/shape.c" -lc -o "$work/shape.so"

judge_loaded
verdict "thread-local bytes" \
    "$(($(readelf -lW "$lib" | awk '$1 == "TLS" { size = $6 } END { print size ? size : 0 }')))" \
    "$tls_bytes" "static TLS is a budget all libraries share"
judge_layout
judge_program "true" 200 true
judge_program "ls of an empty folder" 256 ls "$work/empty_folder"
((failed == 0))
