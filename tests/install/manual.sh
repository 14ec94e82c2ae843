#!/usr/bin/env bash
# Compares the manual pages with what they describe, both ways: heapalloc(1) with the program's commands, heapalloc(3)
# with the header, heapalloc(7) with the table of options; and looks for anything that man warns about.
# Usage: manual.sh PROGRAM LIBRARY
# SPDX-License-Identifier: MIT
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/install/common.sh
source "$here/common.sh"
program=$1 library=$2
root=$here/../..
pages=$root/tools/packaging/man
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# same WHAT: expects that the files `page` and `real` name the same.
same() {
    [[ -s $work/real ]] || fail "nothing is read of $1: the check reads it wrongly"
    sort -u -o "$work/page" "$work/page"
    sort -u -o "$work/real" "$work/real"
    diff "$work/page" "$work/real" >"$work/said" ||
        fail "$1: < is in the page only, > is in the page not: $(cat "$work/said")"
}

"$program" --help | sed -nE 's/^  ([a-z][a-z-]*) .*/\1/p' >"$work/real"
sed -n '/^# COMMANDS/,/^# OPTIONS/s/^\*\([a-z][a-z-]*\)\*.*/\1/p' "$pages/heapalloc.1.scd" >"$work/page"
same "heapalloc(1)"

# The functions that a part of heapalloc(3), on stdin, has in bold.
functions() {
    grep -oE '\*heapalloc_[a-z_]+\*\(' | tr -d '*('
}
headers=("$root"/include/heapalloc/{heapalloc,arena_inline,pool_inline,collected,walk}.h)
grep -hoE '^(HEAPALLOC_API|static inline|__attribute__\(\(visibility).*\bheapalloc_[a-z_]+\(' "${headers[@]}" |
    grep -oE 'heapalloc_[a-z_]+\($' | tr -d '(' >"$work/real"
sed -n '/^# SYNOPSIS/,/^# DESCRIPTION/p' "$pages/heapalloc.3.scd" | functions >"$work/page"
same "heapalloc(3), synopsis"
sed -n '/^# DESCRIPTION/,$p' "$pages/heapalloc.3.scd" | functions >"$work/page"
same "heapalloc(3), description"

# The options that the library itself lists.
HEAPALLOC=help LD_PRELOAD=$library find / -maxdepth 0 2>&1 >/dev/null |
    sed -nE '/^  option /d; s/^  ([a-z_]+) .*/\1/p' >"$work/real"
sed -nE '/^# OPTIONS/,/^# USE/s/^\*([a-z_]+)\*=.*/\1/p' "$pages/heapalloc.7.scd" >"$work/page"
same "heapalloc(7)"

command -v scdoc >/dev/null || { echo "scdoc is not installed: the pages are not formatted"; finish; exit 0; }
for page in 1 3 7; do
    scdoc <"$pages/heapalloc.$page.scd" >"$work/heapalloc.$page" || fail "scdoc does not accept heapalloc.$page.scd"
    command -v man >/dev/null || continue
    said=$(MANROFFSEQ='' MANWIDTH=80 LC_ALL=C.UTF-8 \
        man --warnings -E UTF-8 -l -Tutf8 -Z "$work/heapalloc.$page" 2>&1 >/dev/null)
    [[ -z $said ]] || fail "man warns of heapalloc.$page: $said"
done
finish
