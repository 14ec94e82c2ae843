#!/usr/bin/env bash
# Tests the reports of named pools and arenas: in JSON, in the statistics at exit and in metrics.
#
#   tests/options/named.sh HELPER      HELPER: tests/options/named.c, linked with the library
# SPDX-License-Identifier: MIT
set -euo pipefail
lib= # linked
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
helper=$(realpath -e "${1:?usage: named.sh HELPER}")
# shellcheck source=tests/options/verdict.sh
. "$here/verdict.sh"

right() { "$here/stats_schema.py" json "$work/out" 2>>"$work/err" && echo yes || echo no; }
# row FILE KIND NAME: the row's count, used bytes and reserved bytes.
row() {
    python3 -c 'import json,sys
rows = [r for r in json.load(open(sys.argv[1]))["named"] if (r["kind"], r["name"]) == tuple(sys.argv[2:])]
print(*["%d %d %d" % (r["count"], r["used_bytes"], r["reserved_bytes"]) for r in rows])' "$@"
}

export PYTHONIOENCODING=utf-8
unreadable=$'\xef\xbf\xbd' # U+FFFD
cut="thirty-eight letters and one that is c$unreadable"
run "" "$helper" some
verdict "$(is "$code" 0)" "a program prints its own JSON"
verdict "$(right)" "it has every member"
verdict "$(is "$(row "$work/out" pool 'plain "nodes"')" "1 5600 16384")" "a pool's used blocks are counted"
verdict "$(is "$(row "$work/out" pool shared)" "1 20160 32768")" "and those of a shared one"
verdict "$(is "$(row "$work/out" arena request)" "2 $((7 * 16384 + 3008)) 131072")" "arenas of one name are summed"
verdict "$(is "$(row "$work/out" pool gone)$(row "$work/out" arena gone)" "")" "destroyed ones are not reported"
verdict "$(is "$(row "$work/out" pool "$(printf 'x%.0s' {1..39})")" "1 16 16384")" "a long name is cut"
verdict "$(is "$(row "$work/out" arena "$cut")" "1 16 16384")" "within a character too"
run stats=json "$helper" some
cp "$work/err" "$work/exit.json"
verdict "$(is "$(row "$work/exit.json" arena request)" "2 117696 131072")" "JSON at exit has the same rows"
run stats "$helper" some
verdict "$(says '^  arena +114\.9 KiB   of +128\.0 KiB   request \(2\)$')" "the text at exit has a line for each name"
verdict "$(says '^  arena +0\.0 KiB   of +16\.0 KiB   a<b> & "c"[?]$')" "no name commands a terminal"
verdict "$(says '^  pool +5\.5 KiB   of +16\.0 KiB   plain "nodes"$')" "of pools too"
run "metrics=$work/named.prom" "$helper" some
sample() { grep -o "^heapalloc_named_$1_bytes{.*,kind=\"$2\",name=$3} [0-9]*" "$work/named.prom" | sed 's/.*} //'; }
verdict "$("$here/stats_schema.py" metrics "$work/named.prom" 2>>"$work/err" && echo yes || echo no)" "metrics too"
verdict "$(is "$(sample used arena '"request"') $(sample reserved arena '"request"')" "117696 131072")" "with the sums"
verdict "$(is "$(sample used pool '"plain \\"nodes\\""')" 5600)" "and names in quotes"
run "" "$helper" glibc
rows=$(python3 -c 'import sys, xml.etree.ElementTree as xml
for row in xml.parse(sys.argv[1]).getroot().iter("named"):
    print(*[row.get(name) for name in ("kind", "name", "count", "used", "size")])' "$work/out")
verdict "$(is "$(grep -c . <<<"$rows")" 6)" "malloc_info has them"
verdict "$(is "$(grep '^arena request' <<<"$rows")" "arena request 2 117696 131072")" "with the sums"
verdict "$(is "$(grep '<b>' <<<"$rows")" "arena a<b> & \"c\"$unreadable 1 16 16384")" "whatever letters they have"
verdict "$(is "$(grep thirty <<<"$rows")" "arena $cut 1 16 16384")" "or lack"
verdict "$(says '^named in use     = +117696 of 131072  arena request$')" "malloc_stats has them"
verdict "$(says 'arena a<b> & "c"[?]$')" "on one line each"
run stats "$helper" many
counted=$(python3 -c 'import json, sys
rows = json.load(open(sys.argv[1]))["named"]
print(len(rows), sum(row["count"] for row in rows))' "$work/out")
verdict "$(is "$counted" "25 100")" "those without a row of their own are summed"
verdict "$(says '^  others')" "as others"
run "" "$helper" threads
verdict "$(is "$code" 0)" "threads and children of forks read reports while named ones are created and destroyed"
verdict "$(right)" "and their reports are complete"
exit "$((failed > 0))"
