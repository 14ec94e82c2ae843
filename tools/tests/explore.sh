#!/usr/bin/env bash
# Tests `heapalloc explore` over processes and core files: what it reads, what it refuses, and that it changes nothing;
# and `heapalloc leaks --process`, which shares the search.
#
#   tools/tests/explore.sh PROGRAM SLEEPER
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016 # dollars in single quotes are another shell's
set -euo pipefail
tool=$(realpath -e "${1:?usage: explore.sh PROGRAM SLEEPER}")
sleeper=$(realpath -e "$2")
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tools/tests/expect.sh
. "$here/expect.sh"
export TERM=dumb

# asks CODE PATTERN WHAT TARGET LINES: types the lines.
asks() {
    printf '%b\n' "$5" >"$work/typed"
    expect "$1" "$2" "$3" bash -c 'exec "$1" explore "$2" <"$3"' bash "$tool" "$4" "$work/typed"
}

both() { # TARGET: what holds of a process and of its core file
    local target=$1
    asks 0 ': 5.* live in [0-9]+ blocks' "stats of $target" "$target" stats
    asks 0 '^heap> status$' "status of $target" "$target" status
    asks 0 'is whole$' "check of $target" "$target" check
    asks 0 '^  0x[0-9a-f]+  [0-9]+ bytes  [0-9]+ small blocks of 208 bytes, [0-9]+ live$' "walk of $target" \
        "$target" walk
    asks 0 '^  0x[0-9a-f]+  52[0-9]{5} bytes  one large block, live$' "walk shows the large block of $target" \
        "$target" walk
    asks 0 "^  $address +208  live  small$" "walk of a slab of $target" "$target" "walk $address"
    asks 0 "^$address: live, a small block of 208 bytes; 0x[0-9a-f]+ is 5 bytes into it$" "block of $target" \
        "$target" "block $((address + 5))"
    asks 0 '^  right 0x[0-9a-f]+, 208 bytes, (live|free)$' "a block's neighbour in $target" "$target" "block $address"
    asks 0 "^  $address: 0x6565656565656565$" "peek of $target" "$target" "peek $address 2"
    asks 0 '^  [[][#+.= ]{64}[]]$' "picture of $target" "$target" visualize
    asks 0 '16384 bytes, a cell is 256 bytes' "picture of a slab of $target" "$target" "visualize $address"
    asks 0 '^  [[]#{64}[]]$' "picture of a block of $target" "$target" "visualize $address 208"
    asks 0 '^  +[0-9]+ bytes: [0-9]+ blocks?, the first at 0x|^no thread has free blocks' \
        "freelist of $target" "$target" freelist
    asks 1 'no class of blocks has 209 bytes' "freelist of no class of $target" "$target" "freelist 209"
    asks 1 'is in no block of the heap' "block of foreign memory of $target" "$target" "block 0x10"
    asks 1 'no memory that can be read' "peek at no memory of $target" "$target" "peek 0x10"
    asks 1 'is no address' "a name instead of an address ($target)" "$target" "block a"
    asks 1 'only read here: .poke. needs a heap of your own' "poke of $target" "$target" "poke $address 1"
    asks 0 "^  $address: 0x6565656565656565$" "nothing was written to $target" "$target" "peek $address 1"
    asks 7 'alloc.*needs a heap of your own' "alloc of $target, and a code" "$target" 'alloc 5\nexit 7'
    asks 0 '^2 lines$' "statistics at the end ($target)" "$target" 'stats\ncheck'
    asks 0 'wrote .*page.html: open it' "a page of $target" "$target" "visualize --html $work/page.html"
    grep -q '"regions"' "$work/page.html" || verdict no "the page of $target has no map"
    asks 1 'there is no page' "a page that cannot be written ($target)" "$target" "visualize --html $work/no/page.html"
}

start sleep -q
both "$process"
gdb -batch -nx -p "$process" -ex "generate-core-file $work/core.sleep" >/dev/null 2>&1
asks 0 '^no leaks: all of 7[0-9]{2} live' "leaks of a process that lost nothing" "$process" leaks
expect 0 'no leaks: all of 7[0-9]{2} live' "leaks --process of it" "$tool" leaks --process "$process"
[[ $(sed -n 's/^State:[^A-Za-z]*//p' "/proc/$process/status") == S* ]] || verdict no "the process goes on"
kill "$process"
both "$work/core.sleep"

# Lost blocks: by size without a profiler; with one, exact and by who allocated them, also from the core file.
start lose -q
asks 0 '^leaks: 4[0-9]{5} bytes in 300 blocks that nothing' "leaks of a process" "$process" leaks
expect 1 '^ +300 blocks of [0-9]+ bytes$' "leaks --process by size" "$tool" leaks -p "$process"
kill "$process"
start lose -o profile=/dev/null,profile_bytes=1
gdb -batch -nx -p "$process" -ex "generate-core-file $work/core.lose" >/dev/null 2>&1
for target in "$process" "$work/core.lose"; do
    expect 1 ': leaks: 450000 bytes in 300 blocks that nothing' \
        "leaks --process, exact ($target)" "$tool" leaks -p "$target"
    expect 1 '^ +450000 bytes in 300 blocks by main' "who lost them ($target)" "$tool" leaks -p "$target"
    asks 0 '^ +450000 bytes in 300 blocks by main' "the same in explore ($target)" "$target" leaks
    asks 0 '^  200 bytes requested by fill' "who allocated a block ($target)" "$target" "block $address"
done
kill "$process"

start damage -q
asks 1 'damaged: 0x[0-9a-f]+ is a free block that was written to' "check of a damaged heap" "$process" check
kill "$process"

# What cannot be read.
sleep 100 &
processes+=($!)
asks 1 "no heap of heapalloc's" "a process without" $! stats
asks 2 'there is none' "no process" 99999999 stats
asks 2 'cannot be read: No such file' "no file" "$work/nothing" stats
asks 2 'is no core file' "a text" /etc/passwd stats
head -c 3000 "$work/core.sleep" >"$work/cut"
asks 2 'is cut short' "a truncated core file" "$work/cut" stats
expect 2 'there is none' "leaks of no process" "$tool" leaks -p 99999999
expect 2 'is cut short' "leaks of a truncated core file" "$tool" leaks -p "$work/cut"
expect 2 'there is no program to run' "leaks of a process, and a program" "$tool" leaks -p 1 ls
expect 2 'no option' "explore with an option" "$tool" explore --nonsense
expect 2 'no second argument' "explore of two" "$tool" explore 1 2
((failed == 0))
