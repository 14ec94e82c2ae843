#!/usr/bin/env bash
# Checks that a world which owns its memory implements a dozen functions at most, and that the list in kernel/README.md
# names exactly those.
#
#   port_is_small.sh ROOT
# SPDX-License-Identifier: MIT
set -euo pipefail
cd "$1"

functions_in() { grep -ohE '\bport_[a-z_]+\(' "$@" | tr -d '(' | sort -u; }

asked=$(functions_in include/heapalloc/port.h)
world=$(functions_in kernel/example/world.c)
lent=$(functions_in kernel/owned_port.c)
listed=$(sed -n '/^## The core in your own kernel/,/^## /p' kernel/README.md | grep -oE '^\| `port_[a-z_]+' |
    sed 's/.*`//' | sort -u)

wrong=0
same() {
    local difference
    difference=$(diff <(echo "$2") <(echo "$3") | grep '^[<>]' || true)
    [[ -z $difference ]] && return
    echo "$1:"
    echo "$difference"
    wrong=1
}
same 'asked by port.h (<), answered by the example and owned_port.c (>)' "$asked" \
    "$(sort -u <<<"$world"$'\n'"$lent")"
same 'written in the example (<), listed in kernel/README.md (>)' "$world" "$listed"
count=$(wc -l <<<"$world")
echo "$count functions"
((count <= 12 && wrong == 0))
