#!/usr/bin/env bash
# Tests the reports of a running program: JSON by a call, metrics in a file, statistics at a signal, limits, names.
#
#   tests/options/watch.sh LIB HELPER      HELPER: tests/options/watch.c
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016 # backquotes here are those of messages
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
lib=$(realpath -e "${1:?usage: watch.sh LIB HELPER}")
helper=$(realpath -e "$2")
# shellcheck source=tests/options/verdict.sh
. "$here/verdict.sh"

right() { "$here/stats_schema.py" "$@" 2>>"$work/err" && echo yes || echo no; }
member() { python3 -c 'import json,sys; d = json.load(open(sys.argv[1])); print(eval(sys.argv[2]))' "$work/out" "$1"; }

# JSON
run "" "$helper" json
verdict "$(is "$code" 0)" "a buffer that is too short gets the front, and the length is that of all"
verdict "$(right json "$work/out")" "JSON has every member, and adds up"
verdict "$(member '"yes" if sum(c["used_blocks"] for c in d["classes"] if c["size_bytes"] == 48) >= 1000 else "no"')" \
    "blocks of a class are counted there"
verdict "$(member '"yes" if d["medium"]["blocks"] >= 30 and d["large"]["bytes"] >= 5 << 20 else "no"')" \
    "medium and large blocks are counted"
verdict "$(member '"yes" if 5 << 20 <= d["resident_bytes"] <= d["mapped_bytes"] else "no"')" "resident is measured"
verdict "$(member '"yes" if (h := d["heaps"][0])["live"] and 0 < h["used_bytes"] < d["allocated_bytes"] else "no"')" \
    "the first heap is the main thread's"
run "" "$helper" threads
verdict "$(is "$code" 0)" "reports are complete while threads work"
verdict "$(right json "$work/out")" "and right"

# Metrics
run "metrics=$work/a.prom,interval=10ms" "$helper" work "$work/a.prom"
verdict "$(is "$code" 0)" "a program that works writes its metrics"
verdict "$(silent)" "and prints nothing"
verdict "$(right metrics "$work/a.prom")" "the metrics are OpenMetrics text with all families"
cp "$work/a.prom" "$work/before"
run "metrics=$work/a.prom,interval=10ms" "$helper" work "$work/a.prom"
verdict "$(is "$code" 0)" "they are rewritten"
verdict "$(cmp -s "$work/a.prom" "$work/before" && echo no || echo yes)" "by another process with other numbers"
run "metrics=$work/%e.%p.prom,interval=1h" "$helper" json
verdict "$(right metrics "$(echo "$work"/options_watch.*.prom)")" "a process that ends writes them at last"
verdict "$(is "$(find "$work" -name '*.new*' | wc -l)" 0)" "no temporary file stays"
run "metrics=$work/b.prom,interval=20ms,background" "$helper" sleep "$work/b.prom"
verdict "$(is "$code" 0)" "with background they are written while all threads sleep"
run "metrics=$work/c.%p,interval=10ms" "$helper" fork
verdict "$(is "$(find "$work" -name 'c.*' | wc -l)" 2)" "a child of a fork has its own file"
run "metrics=$work/d.%p,interval=10ms,children=no" "$helper" fork
verdict "$(is "$(find "$work" -name 'd.*' | wc -l)" 1)" "unless children are to have none"
run "metrics=$work/e.%p,interval=10ms" "$helper" writing "$work/e"
verdict "$(is "$code" 0)" "a child writes them that was forked while another thread was writing"
run "profile=$work/f.%p,profile_bytes=64K,profile_every=1M" "$helper" writing "$work/f"
verdict "$(is "$code" 0)" "and so with profiles"
run "metrics=/nowhere/x,interval=1ms" "$helper" signal 28
verdict "$(is "$(grep -c 'cannot write metrics to /nowhere/x' "$work/err")" 1)" \
    "a file that cannot be written is reported once"
verdict "$(is "$code" 0)" "and the program goes on"

# Signals
run signal=USR2 "$helper" signal 12
verdict "$(is "$(grep -c '^  resident ' "$work/err")" 2)" "each signal has statistics on stderr"
verdict "$(is "$code" 0)" "and does not end the program"
run signal=USR1,stats=json "$helper" signal 10
grep '"classes"' "$work/err" >"$work/out" || true
verdict "$(is "$(wc -l <"$work/out")" 2)" "as JSON when statistics are"
verdict "$(right json "$work/out")" "which is right"
run "signal=HUP,stats=$work/sig.json" "$helper" signal 1
verdict "$(is "$(grep -c '"classes"' "$work/sig.json")" 2)" "in the file of the statistics"
run "" "$helper" signal 12
verdict "$(is "$code" 140)" "without the option a signal ends the program as usual"
run signal=USR1 "$helper" signal 12
verdict "$(is "$code" 140)" "other signals do, too"
(trap '' USR2 && run signal=USR2 "$helper" signal 12 && cat "$work/err" >"$work/ignored")
verdict "$(grep -q 'the signal USR2 is ignored or used' "$work/ignored" && echo yes)" \
    "an ignored signal stays ignored, and this is reported"
run signal=KILL "$helper" maps
verdict "$(says 'the option `signal` cannot be `KILL`')" "a signal that cannot be taken is a wrong value"

# Limits
run "" "$helper" soft
verdict "$(is "$code" 0)" "the function for the soft limit is called once each time it is passed"
verdict "$(is "$(grep -c 'beyond soft_limit=500M' "$work/err")" 1)" "without it the sentence is printed again"
run limit=1%,verbose "$helper" maps
verdict "$(is "$code" 0)" "a share of the memory is a limit"
run limit=0%,soft_limit=101% "$helper" maps
verdict "$(is "$(grep -c 'cannot be `' "$work/err")" 2)" "shares go from 1 to 100"
run limit=cgroup,soft_limit=80% "$helper" maps
verdict "$(silent)" "the limit of the control group can be selected"

# The background thread does not keep a process alive whose threads have ended
run background "$helper" exit
verdict "$(is "$code" 0)" "background ends with the main thread"
run background,purge=1h "$helper" exit
verdict "$(is "$code" 0)" "even if it sleeps for long"

# Names
run "" "$helper" maps
verdict "$(grep -q 'anon:heapalloc' "$work/out" && echo no || echo yes)" "mappings have no name unless requested"
run name "$helper" maps
if grep -q '\[anon:' "$work/out"; then
    verdict yes "mappings have a name"
else
    verdict "$(is "$code" 0)" "this kernel knows no names of mappings; the program works"
fi
exit $((failed > 0))
