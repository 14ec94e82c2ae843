#!/usr/bin/env bash
# Tests the program heapalloc and its explorer from outside: arguments, exit codes, scripts of any kind.
#
#   program.sh PROGRAM...     PROGRAM may have an emulator in front
# SPDX-License-Identifier: MIT
set -euo pipefail
program=("$@")
wrong=0

# expect CODE PATTERN WHAT INPUT ARGUMENTS...: checks the exit code and the output.
expect() {
    local wanted=$1 pattern=$2 what=$3 input=$4 code=0 said
    shift 4
    said=$(printf '%b' "$input" | "${program[@]}" "$@" 2>&1) || code=$?
    if ((code == wanted)) && grep -qE -- "$pattern" <<<"$said"; then return; fi
    printf '%s: exit code %s, not %s, or /%s/ is missing in:\n%s\n' "$what" "$code" "$wanted" "$pattern" "$said"
    wrong=$((wrong + 1))
}

expect 2 '^usage: heapalloc COMMAND' 'no command' ''
expect 0 '^  explore ' 'help' '' --help
expect 0 '^[0-9]+\.[0-9]+\.[0-9]+$' 'version' '' --version
expect 2 'no command .explor.; did you mean .explore.' 'a mistyped command' '' explor
expect 2 'no command .zzzzzzzz.; .heapalloc --help. lists them' 'no such command' '' zzzzzzzz
expect 0 '^usage: heapalloc explore' 'help of explore' '' explore --help
expect 2 'x cannot be read: No such file' 'neither a process nor a file' '' explore x

expect 0 '^heap> $' 'no line at all' '' explore
expect 0 'a block of 16$' 'a last line without its end' 'alloc 1' explore
expect 1 'no command' 'a line that fails' 'alloc 1\nnothing\nalloc 2\n' explore
expect 0 'block 1 is free already' 'exit 0 in spite of a failed line' 'alloc 1\nfree 1\nfree 1\nexit 0\n' explore
expect 42 '' 'a code' 'exit 42\nnothing\n' explore
expect 1 'no command .exti.; did you mean .exit.' 'no exit' 'exti\n' explore
expect 1 'cannot be read' 'an unmapped address' 'peek 0x10\n' explore
expect 1 'cannot be written' 'memory that may not be written' 'poke 0x10 1\n' explore
expect 0 'addresses count from 0x[0-9a-f]+$' 'the origin' 'alloc 1\norigin\n' explore
expect 0 '^1: 2 bytes at 0x[0-9a-f]{8,}0, ' 'absolute addresses' 'alloc 1\norigin 0x0\nrealloc 1 2\n' explore
expect 0 '^1: 1 bytes at 0x[0-9a-f]{8,}0, ' 'absolute from the start' 'origin 0x0\nalloc 1\n' explore
expect 1 'that line is too long' 'a long line' "status $(printf '%0300d' 0)\n" explore
expect 0 '^0 blocks in use' 'bytes of all kinds' '# \0200\0377\0001\n\tstatus\t\r\nexit 0' explore
expect 1 'no command' 'a zero byte' 'st\0000atus\n' explore
expect 0 'memory went back to the system' 'trim' 'alloc 1M\nfree 1\ntrim\ncheck\n' explore
expect 0 '= mapped +[1-9]' 'stats' 'alloc 1M\nstats\n' explore
expect 0 '^\+0x4000  1024 KiB  large block' 'walk' 'alloc 1\nalloc 1M\nwalk\n' explore
expect 0 '^  \[#*\+?\.* *\]$' 'a picture of it all' 'alloc 1M\nvisualize\n' explore
expect 0 'kept, freed last: .0x0 .1. .1048576. -> end' 'the large block freed last' \
    'alloc 1M\nfree 1\nfreelist large\n' explore

# There are fewer numbers than 300 live blocks; freed ones make room.
many=$(printf 'alloc 16\\n%.0s' {1..257})
expect 1 'all 256 numbers are taken' 'too many blocks' "$many" explore
expect 0 '^257: 16 bytes at' 'a freed number' "${many}free 3\nalloc 16\nexit 0" explore

# Output that cannot be written is a failure.
if [[ -w /dev/full ]]; then
    code=0
    "${program[@]}" explore </dev/null >/dev/full 2>/dev/null || code=$?
    ((code == 1)) || { echo "a full disk: exit code $code, not 1"; wrong=$((wrong + 1)); }
fi
((wrong == 0))
