#!/usr/bin/env bash
# Tests `heapalloc export` and `heapalloc diff` with profiles whose sums are known, and with damaged ones.
#
#   tools/tests/export.sh PROGRAM LIBRARY LOSER     LOSER: tests/options/leaks.c
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016 # dollars and backquotes here are a message's
set -euo pipefail
tool=$(realpath -e "${1:?usage: export.sh PROGRAM LIBRARY LOSER}")
library=$(realpath -e "$2")
loser=$(realpath -e "$3")
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tools/tests/expect.sh
. "$here/expect.sh"

# record NAME BLOCKS: what a program holds that keeps so many blocks of 21 bytes.
record() {
    HEAPALLOC=profile=$work/$1,profile_bytes=1 LD_PRELOAD=$library "$loser" kept "$2" 21
}

record a.heap 1000
record b.heap 3000
record a.pb 1000
expect 0 'live +24\.[0-9] KiB -> +65\.[0-9] KiB +\+41\.0 KiB$' "diff: sums" "$tool" diff "$work/a.heap" "$work/b.heap"
named='make( leaks\.c:[0-9]+)? < '
[[ $("$tool" export -t collapsed "$work/a.heap") == *make* ]] || named='options_leaks'
expect 0 "^ +\+41\.0 KiB +\+2000 +\+41\.0 KiB +\+2000 +$named" "diff: what grew, and who allocated it" \
    "$tool" diff "$work/a.heap" "$work/b.heap"
expect 0 "^ +-41\.0 KiB +-2000 " "diff: what shrank" "$tool" diff "$work/b.heap" "$work/a.heap"
expect 0 "^0 call stacks grew, 0 shrank, [1-9]" "diff: the same sums in both formats" \
    "$tool" diff "$work/a.heap" "$work/a.pb"
expect 1 "^1 call stacks grew, 0 shrank" "diff: more than may grow" "$tool" diff -m 40K "$work/a.heap" "$work/b.heap"
expect 0 "^1 call stacks grew" "diff: as much as may grow" "$tool" diff --most=42K "$work/a.heap" "$work/b.heap"

for from in a.heap a.pb; do
    for to in pprof speedscope collapsed massif; do
        expect 0 "^fine: $to" "export of $from to $to" bash -c 'set -e
            "$1" export --to="$2" "$3" >"$4"
            "$1" export --to="$2" -o "$5" "$3" && cmp "$4" "$5"
            python3 -B "$6/export_check.py" "$2" "$4" 24' bash \
            "$tool" "$to" "$work/$from" "$work/$from.$to" "$work/again" "$here"
    done
    expect 0 "^0 call stacks grew, 0 shrank, [1-9]" "what was exported is read again" \
        "$tool" diff "$work/$from" "$work/$from.pprof"
done
expect 0 '^fine: massif' "export of two profiles to massif, in the order of time" bash -c '"$1" export --to=massif \
    "$2" "$3" >"$4" && python3 -B "$5/export_check.py" massif "$4" 24 65' bash \
    "$tool" "$work/b.heap" "$work/a.heap" "$work/both" "$here"
expect 0 ' 1000$' "export: blocks" "$tool" export -t collapsed -v live-blocks "$work/a.pb"
if command -v ms_print >/dev/null; then
    expect 0 '^100\.00% \(2[0-9],[0-9]{3}B\) \(heap allocation functions\)' "ms_print reads massif" \
        ms_print "$work/a.heap.massif"
fi
if command -v google-pprof >/dev/null; then
    expect 0 "make" "google-pprof reads what it read before" google-pprof --text "$loser" "$work/a.heap"
fi

# Statistics, at exit and from outside.
for blocks in 1000 3000; do
    HEAPALLOC=stats=$work/$blocks.json LD_PRELOAD=$library "$loser" kept "$blocks" 21
done
expect 0 '^ +\+2000 +[0-9]+ +[0-9]+  live_blocks$' "diff: statistics in JSON" \
    "$tool" diff "$work/1000.json" "$work/3000.json"
expect 1 '^[1-9][0-9]* numbers changed' "diff: statistics, more than may grow" \
    "$tool" diff -m 1K "$work/1000.json" "$work/3000.json"
expect 0 '^0 numbers changed, [1-9]' "diff: the same statistics" "$tool" diff "$work/1000.json" "$work/1000.json"
printf '{"classes": [{"size_bytes": 48, "used": 3}, {"size_bytes": 64, "used": 5}], "x": -1.5e1}' >"$work/one.json"
printf '{"classes": [{"size_bytes": 64, "used": 9}], "name": "a\\"b", "no": [null, true, [], {}], "x": 0}' \
    >"$work/two.json"
expect 0 '^ +\+4 +5 +9  classes\[64\]\.used$' "diff: elements are known by their first member" \
    "$tool" diff "$work/one.json" "$work/two.json"
expect 2 'cannot be compared' "diff: a profile and statistics" "$tool" diff "$work/one.json" "$work/a.heap"
for text in '{' '{"a"' '{"a": 1' '{"a": }' '{"a": 1e999}' '{"a": --1}' '{"a": tru}' '{"a": "b' '{"a": 1}}' \
    "$(printf '{"a": %0100d[' 0 | tr 0 '[')"; do
    printf '%s' "$text" >"$work/bad.json"
    expect 2 '^heapalloc diff: [^ ]*/bad.json: (it |there )' "diff: $text" \
        "$tool" diff "$work/one.json" "$work/bad.json"
done

# Each is refused, with a sentence that has the file's name and says what is wrong.
refused() {
    local pattern=$1 what=$2
    expect 2 "^heapalloc export: [^ ]*/bad: $pattern" "$what" "$tool" export --to=pprof "$work/bad"
    expect 2 "^heapalloc diff: [^ ]*/bad: $pattern" "$what, by diff" "$tool" diff "$work/a.heap" "$work/bad"
}
: >"$work/bad" && refused 'it is empty' "an empty file"
head -c 4096 /dev/urandom >"$work/noise" && { printf '\377' && cat "$work/noise"; } >"$work/bad"
refused 'it is no heap profile' "noise"
echo 'root:x:0:0' >"$work/bad" && refused 'it is no heap profile' "another text"
# Compressed profiles, which other programs write; the compressed parts of a file count as one.
reads_gzip=$(grep -qs '^ZLIB_LIBRARY:FILEPATH=/' "$(dirname "$tool")/CMakeCache.txt" && echo yes || echo no)
if [[ $reads_gzip == yes ]]; then
    for from in a.heap a.pb; do
        gzip -c "$work/$from" >"$work/packed"
        expect 0 "^0 call stacks grew, 0 shrank, [1-9]" "a compressed $from" "$tool" diff "$work/$from" "$work/packed"
        size=$(stat -c %s "$work/packed")
        for part in 5 $((size / 2)) $((size - 1)); do
            head -c "$part" "$work/packed" >"$work/bad"
            refused 'it is compressed, and cut short' "a compressed $from of $part bytes"
        done
        { head -c $((size - 8)) "$work/packed" && head -c 8 /dev/zero; } >"$work/bad"
        refused 'it is compressed, and damaged' "a compressed $from with a wrong sum"
        { head -c 100 "$work/$from" | gzip -c && tail -c +101 "$work/$from" | gzip -c; } >"$work/packed"
        expect 0 "^0 call stacks grew, 0 shrank, [1-9]" "$from in two parts" "$tool" diff "$work/$from" "$work/packed"
    done
    gzip -c /etc/passwd >"$work/bad" && refused 'it is no heap profile' "another text, compressed"
    gzip -c </dev/null >"$work/bad" && refused 'it is empty' "nothing, compressed"
else
    gzip -c "$work/a.pb" >"$work/bad" && refused 'it is compressed, and this program' "a compressed profile"
fi
size=$(stat -c %s "$work/a.heap")
for part in 10 20 $((size / 3)) $((size - 1)); do
    head -c "$part" "$work/a.heap" >"$work/bad"
    refused '(it is cut short|line [0-9]+ is no (sample|call stack|mapping)|it is no heap|its first line)' \
        "a text of $part bytes"
done
# Cut within a field: what is cut between two of them is a whole message.
size=$(stat -c %s "$work/a.pb")
name=$(grep -abo -m1 libheapalloc "$work/a.pb" | head -n 1 | cut -d: -f1)
for part in 1 $((name + 3)) $((size - 1)); do
    head -c "$part" "$work/a.pb" >"$work/bad"
    refused 'it(s protocol buffer)? ' "a protocol buffer of $part bytes"
done
sed 's/: 21000 \|: *[0-9]*00 /: 99999999999999999999999 /' "$work/a.heap" >"$work/bad"
refused 'line [0-9]+ is no sample|its first line has no sums' "a number of more than 64 bits"
sed 's/ 0x[0-9a-f]*$/ 0xgg/' "$work/a.heap" >"$work/bad"
refused 'line [0-9]+ is no call stack' "an address that is none"
sed 's/^[0-9a-f]*-/x-/' "$work/a.heap" >"$work/bad"
refused 'line [0-9]+ is no mapping' "a mapping that is none"
printf '\x0a\x04\x08\x01\x10\x02\x32\x00\x32\x03cpu\x32\x05count' >"$work/bad"
refused 'it is a protocol buffer, but no profile of a heap' "a profile of something else"
printf '\x12\x03\x0a\x01\x05\x32\x00' >"$work/bad" && refused 'it(s protocol buffer)? ' "a sample without a location"
{ echo 'heap profile: 1: 1 [1: 1] @ heapprofile' && printf '1: 1 [1: 1] @' && printf ' 0x1%.0s' {1..2000} &&
    printf '\n\nMAPPED_LIBRARIES:\n'; } >"$work/bad"
refused 'line 2 is no call stack' "a stack without an end"
rm "$work/bad" && refused 'No such file' "no file"
mkdir "$work/bad" && refused 'Is a directory' "a folder"

expect 2 'cannot write /nowhere/x' "export: where nothing can be written" \
    "$tool" export -t pprof -o /nowhere/x "$work/a.heap"
expect 2 'cannot write the output' "export: a full disk" bash -c '"$1" export -t pprof "$2" >/dev/full' bash \
    "$tool" "$work/a.heap"
expect 2 'no format pprf' "export: a wrong format" "$tool" export --to=pprf "$work/a.heap"
expect 2 'no value much' "export: a wrong value" "$tool" export --to=collapsed -v much "$work/a.heap"
expect 2 'into which format' "export: no format" "$tool" export "$work/a.heap"
expect 2 'name a profile' "export: no profile" "$tool" export --to=pprof
expect 2 'only massif takes several' "export: too many profiles" "$tool" export -t pprof "$work/a.heap" "$work/a.pb"
expect 2 'name two profiles' "diff: one profile" "$tool" diff "$work/a.heap"
expect 2 'these are no bytes: 3x' "diff: wrong bytes" "$tool" diff -m 3x "$work/a.heap" "$work/a.pb"
expect 2 'above 0' "diff: wrong rows" "$tool" diff -n 0 "$work/a.heap" "$work/a.pb"
for verb in export diff; do
    expect 2 'no option --wrong' "$verb: a wrong option" "$tool" "$verb" --wrong
    expect 0 "^usage: heapalloc $verb" "$verb: --help" "$tool" "$verb" --help
done
((failed == 0))
