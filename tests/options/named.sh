#!/usr/bin/env bash
# What is told of pools and arenas that have a name: in JSON, and in the statistics at exit.
#
#   tests/options/named.sh HELPER      HELPER: tests/options/named.c, linked with the library
# SPDX-License-Identifier: MIT
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
helper=$(realpath -e "${1:?usage: named.sh HELPER}")
unset LD_PRELOAD HEAPALLOC
export LC_ALL=C
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

verdict() {
    if [[ $1 == yes ]]; then
        echo "ok - $2"
    else
        echo "not ok - $2"
        tail -n 20 "$work/err" "$work/out" | cut -c 1-600 | sed 's/^/#   /'
        failed=$((failed + 1))
    fi
}
run() {
    code=0
    timeout 60 env ${1:+"HEAPALLOC=$1"} "$helper" "$2" >"$work/out" 2>"$work/err" || code=$?
}
is() { [[ $1 == "$2" ]] && echo yes || echo no; }
says() { grep -qE -- "$1" "$work/err" && echo yes || echo no; }
right() { "$here/stats_schema.py" json "$work/out" 2>>"$work/err" && echo yes || echo no; }
# row FILE KIND NAME: the row's count, used bytes and reserved bytes.
row() {
    python3 -c 'import json,sys
rows = [r for r in json.load(open(sys.argv[1]))["named"] if (r["kind"], r["name"]) == tuple(sys.argv[2:])]
print(*["%d %d %d" % (r["count"], r["used_bytes"], r["reserved_bytes"]) for r in rows])' "$@"
}

run "" some
verdict "$(is "$code" 0)" "a program tells JSON of its own"
verdict "$(right)" "it has every member"
verdict "$(is "$(row "$work/out" pool 'plain "nodes"')" "1 5600 16384")" "a pool's used blocks are counted"
verdict "$(is "$(row "$work/out" pool shared)" "1 20160 32768")" "and those of a shared one"
verdict "$(is "$(row "$work/out" arena request)" "2 $((7 * 16384 + 3008)) 131072")" "arenas of one name are summed"
verdict "$(is "$(row "$work/out" pool gone)$(row "$work/out" arena gone)" "")" "what was destroyed is not told"
verdict "$(is "$(row "$work/out" pool "$(printf 'x%.0s' {1..39})")" "1 16 16384")" "a long name is cut"
run stats=json some
cp "$work/err" "$work/exit.json"
verdict "$(is "$(row "$work/exit.json" arena request)" "2 117696 131072")" "JSON at exit has the same rows"
run stats some
verdict "$(says '^  arena +114\.9 KiB   of +128\.0 KiB   request \(2\)$')" "the text at exit has a line for each name"
verdict "$(says '^  pool +5\.5 KiB   of +16\.0 KiB   plain "nodes"$')" "of pools too"
run stats many
verdict "$(is "$(python3 -c 'import json,sys; n = json.load(open(sys.argv[1]))["named"]; print(len(n), sum(r["count"] for r in n))' "$work/out")" "25 100")" \
    "what has no row of its own is summed"
verdict "$(says '^  others')" "as others"
run "" threads
verdict "$(is "$code" 0)" "threads and children of forks look while named ones come and go"
verdict "$(right)" "and what they see is whole"
exit "$((failed > 0))"
