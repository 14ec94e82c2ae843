#!/usr/bin/env bash
# Tests the probes for tracers: those in the library are those in the document, and a debugger stops at each of them
# with the arguments that the document names. And that heaptrack, which interposes malloc, sees C++ too as documented.
#
#   tests/options/probes.sh LIB HELPER DOCUMENT CXX      HELPER: tests/options/probes.c, CXX: probes_cxx.cpp
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016 # what stands in single quotes is gdb's
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
lib=$(realpath -e "${1:?usage: probes.sh LIB HELPER DOCUMENT CXX}")
helper=$(realpath -e "$2")
document=$(realpath -e "$3")
cxx=$(realpath -e "$4")
# shellcheck source=tests/options/verdict.sh
. "$here/verdict.sh"
: >"$work/err"
: >"$work/out"

readelf -nW "$lib" 2>/dev/null |
    awk '/Provider:/ { provider = $NF } $1 == "Name:" { print provider ":" $2 }' | sort -u >"$work/out"
sed -n 's/^| `\([a-z_]*:[a-z_]*\)(.*/\1/p' "$document" | sort -u >"$work/err"
verdict "$(cmp -s "$work/out" "$work/err" && [[ -s $work/out ]] && echo yes)" \
    "the library has the probes of the document"

# stop_at PROBE CONDITION FORMAT: gdb's commands that print the arguments where the probe is first reached.
stop_at() {
    printf 'tbreak -probe-stap %s\n' "$1"
    [[ ! $2 ]] || printf 'condition $bpnum %s\n' "$2"
    printf 'commands\nsilent\nprintf "%s %s\\n"%s\ncontinue\nend\n' "${1#*:}" "$3" "$4"
}
{
    printf 'set confirm off\nset pagination off\n'
    printf 'set exec-wrapper env HEAPALLOC=limit=200M,profile=/dev/null,profile_bytes=1 LD_PRELOAD=%s\n' "$lib"
    printf 'break main\nrun\n'
    stop_at otel_memory:alloc '$_probe_arg1 == 777' '%d %d' ', $_probe_arg1, $_probe_arg2'
    stop_at otel_memory:free '$_probe_arg0 == (unsigned long) sampled' '%d' ', $_probe_arg0 == (unsigned long) sampled'
    stop_at heapalloc:large_alloc '$_probe_arg1 == 5 << 20' '%d' ', $_probe_arg0 % 16384'
    stop_at heapalloc:large_resize '' '%d %d' ', $_probe_arg0 == (unsigned long) large, $_probe_arg2'
    stop_at heapalloc:refill '$_probe_arg0 == 512' '%d' ', $_probe_arg1 % 16384'
    stop_at heapalloc:slab_take '$_probe_arg0 == 512' '%d' ', $_probe_arg1 % 16384'
    stop_at heapalloc:slab_give '$_probe_arg0 == 512' '%d' ', $_probe_arg1 % 16384'
    stop_at heapalloc:grow '' '%d' ', $_probe_arg1 >= 16384'
    stop_at heapalloc:purge '' '%d' ', $_probe_arg1 >= 16384'
    stop_at heapalloc:tick '' '%d' ', $_probe_arg0'
    stop_at heapalloc:out_of_memory '' '%d' ', $_probe_arg0'
    stop_at heapalloc:large_free '$_probe_arg0 == (unsigned long) large' '%d' ', 1'
    stop_at heapalloc:misuse '' '%s %d' ', (char *) $_probe_arg0, $_probe_arg1 == (unsigned long) large'
    printf 'continue\n'
} >"$work/gdb"
timeout 100 gdb -batch -nx -x "$work/gdb" "$helper" >"$work/out" 2>"$work/err" </dev/null || true
stopped() { grep -qE -- "^$1\$" "$work/out" && echo yes || echo no; }
verdict "$(stopped 'alloc 777 777')" "otel_memory:alloc has the size and the bytes it stands for"
verdict "$(stopped 'free 1')" "otel_memory:free has the sampled block"
verdict "$(stopped 'large_alloc 0')" "large_alloc has the block and its size"
verdict "$(stopped 'large_resize 1 6291456')" "large_resize has the block and the new size"
for event in refill slab_take slab_give; do
    verdict "$(stopped "$event 0")" "$event has a block size and a slab"
done
for event in grow purge; do
    verdict "$(stopped "$event 1")" "$event has its bytes"
done
verdict "$(stopped 'tick [0-9]+')" "tick has the time"
verdict "$(stopped 'out_of_memory 314572800')" "out_of_memory has the size"
verdict "$(stopped 'large_free 1')" "large_free has the block"
verdict "$(stopped 'misuse free.*is already free 1')" "misuse has the sentence and the block"

# heaptrack interposes malloc: operator new is libheapalloc's own, unless libstdc++ is loaded before it.
traced() {
    LD_PRELOAD=$1 timeout 100 heaptrack -o "$work/trace" "$cxx" >"$work/out" 2>&1 || true
    awk '$1 == "allocations:" { print ($2 >= 1000 ? "all" : "malloc alone") }' "$work/out"
}
verdict "$(is "$(traced "$lib")" "malloc alone")" "heaptrack sees malloc, but not operator new"
verdict "$(is "$(traced "libstdc++.so.6:$lib")" all)" "and operator new too behind libstdc++"
exit $((failed > 0))
