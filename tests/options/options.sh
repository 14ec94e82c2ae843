#!/usr/bin/env bash
# Tests the effects of HEAPALLOC=... on preloaded programs, from a shell.
#
#   tests/options/options.sh LIB HELPER DOCUMENT     HELPER: tests/options/helper.c; DOCUMENT: docs/options.md
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016 # backquotes here are those of messages
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
lib=$(realpath -e "${1:?usage: options.sh LIB HELPER DOCUMENT}")
helper=$(realpath -e "$2")
document=$(realpath -e "$3")
# shellcheck source=tests/options/verdict.sh
. "$here/verdict.sh"

run "" /bin/ls / && verdict "$(silent)" "nothing is printed unless requested"
run help /bin/ls /
verdict "$(is "$(cat "$work/out")" "$(ls /)")" "with help the program runs as usual"
verdict "$(is "$(awk '/^  [a-z_]+ / && $1 != "option" { print $1 }' "$work/err" | sort)" \
    "$(sed -n 's/^| `\([a-z_]*\)` .*/\1/p' "$document" | sort)")" "the document has the options that help lists"
verdict "$([[ $(grep -c '^ \{19\}[^ ]' "$work/err") == $(grep -c '^| `[a-z_]*`' "$document") ]] &&
    ! grep -qE '^ {19}.{104}' "$work/err" && echo yes)" "help says on a line of its own what each option does"
run help,purge=3s /bin/ls /
verdict "$(says '^  purge +3s +500ms ')" "help shows the value of an option and its default"
run verbose /bin/ls /
verdict "$(says "^heapalloc\[[0-9]+\]: heapalloc .* is active in /bin/ls, from $lib")" \
    "verbose reports that it is active"
run purg=1s /bin/ls /
verdict "$(says 'there is no option `purg`; did you mean `purge`')" "a wrong name has the nearest right one"
run hardened /bin/ls /
verdict "$(says 'preload libheapalloc-hardened.so instead')" "\`hardened\` names the library that is hardened"
lib=${lib/libheapalloc.so/libheapalloc-hardened.so} run hardened /bin/ls /
verdict "$(silent)" "which takes the word without one"
run limit=many,purge=0,hugepages=some,cache=-1,verbose=maybe /bin/ls /
verdict "$(is "$(grep -c 'cannot be `' "$work/err")" 5)" "a wrong value is reported, with the allowed ones"
verdict "$(is "$code" 0)" "a wrong option does not end the program"
run stats /bin/ls /
verdict "$(is "$(($(wc -l <"$work/err") <= 12))" 1)" "the statistics have twelve lines at most"
verdict "$(says '^= heap resident ')" "ls has statistics although it closes its stderr before"
run stats /bin/bash -c '(exit 3); exec /bin/ls /'
verdict "$(says 'ls\[[0-9]+\] ')" "a program that is executed by another has statistics"
run stats=json /bin/bash -c ':'
verdict "$(python3 -c 'import json, sys
of = json.load(open(sys.argv[1]))
parts = ("live_bytes", "rounding_bytes", "kept_bytes", "metadata_bytes")
print("yes" if 0 < of["resident_bytes"] == sum(of[part] for part in parts) else of)' "$work/err")" "the sum adds up"
run "stats=$work/%e.%p.json" /bin/bash -c 'echo $$'
verdict "$([[ -s $work/bash.$(cat "$work/out").json ]] && echo yes)" "a file's name has the program and its number"
verdict "$(python3 -m json.tool "$work/bash.$(cat "$work/out").json" >"$work/err" 2>&1 && echo yes)" "the file is JSON"
run stats=/nowhere/x /bin/ls /
verdict "$(says 'cannot write to /nowhere/x')" "a file that cannot be written is reported"
run stats "$helper" atexit
verdict "$(is "$code" 0)" "the first malloc may come from atexit(), which holds its lock"
verdict "$(says '^= heap resident ')" "and there are statistics"
run stats,exe=perl* /bin/ls /
verdict "$(silent)" "exe leaves other programs alone"
run stats,exe=l? /bin/ls /
verdict "$(says ' ls\[')" "exe selects the programs that match"
run children=no,stats /bin/bash -c '/bin/ls / >/dev/null; (:); printf %s "$HEAPALLOC"'
verdict "$(is "$(grep -c '^= heap resident' "$work/err")$(cat "$work/out")" 1)" "children=no is for this process alone"
run pid=1,stats /bin/ls /
verdict "$(silent)" "pid leaves other processes alone"
run "" /bin/bash -c 'exec env HEAPALLOC="stats,pid=$$" bash -c "(/bin/ls /) >/dev/null; (:); exec /bin/cat /dev/null"'
verdict "$(is "$(grep -c '^= heap resident' "$work/err")$(grep -c ' cat\[' "$work/err")" 11)" \
    "pid chooses one, whatever it executes"
run pid=9999999 /bin/ls /
verdict "$(says 'pid. cannot be .9999999')" "a number that no process has"
run limit=64M "$helper" take 100
verdict "$(is "$code" 0)$(silent | sed 's/yes//')" "within the limit a program has its memory or NULL and ENOMEM"
verdict "$(awk '$1 > 40 && $1 <= 67 { print "yes" }' "$work/out")" "limit=64M leaves nearly as much to blocks"
run limit=64M "$helper" again
verdict "$(is "$code" 0)" "after the limit was reached free memory serves again"
run soft_limit=32M "$helper" take 100
verdict "$(is "$(grep -c 'beyond soft_limit=32M' "$work/err")" 1)" "soft_limit reports once"
verdict "$(is "$(cat "$work/out")" 100)" "and takes nothing away"
run "" "$helper" idle
verdict "$(awk '$1 == 2 && $2 > 50000 { print "yes" }' "$work/out")" "a sleeping process has no thread of ours"
run background,purge=100ms "$helper" idle
verdict "$(awk '$1 == 3 && $2 < 20000 { print "yes" }' "$work/out")" "background gives memory back while all sleep"
run background=always,purge=10ms "$helper" fork
verdict "$(is "$code" 0)" "so does a thread that starts at once"
run background=sometimes /bin/ls /
verdict "$(says 'it takes yes.no.always')" "background has three values"
run background,purge=10ms "$helper" fork
verdict "$(is "$code" 0)" "background survives forks and exits at once"
run "" "$helper" calls
verdict "$(is "$code" 0)" "the calls set and get options"
with_symbol=$helper.symbol
run "" "$with_symbol" symbol
verdict "$(says 'is active in')" "the program's symbol sets options"
run verbose=no "$with_symbol" symbol
verdict "$(silent)" "the environment takes precedence over the symbol"
run hugepages=never,stats "$helper" take 100
verdict "$(is "$(cat "$work/out")" 100)" "hugepages=never serves"
run hugepages=always,stats "$helper" take 100
verdict "$(is "$(cat "$work/out")" 100)" "hugepages=always serves"
# The file
printf '# for all\nverbose # told\npurge=3s,limit=64M\n\tchildren=no\n' >"$work/conf"
run "conf=$work/conf,purge=2s,help" /bin/ls /
verdict "$(says 'is active in')" "the file is read, for short programs too"
verdict "$(says '^  limit +64M ')" "the file sets options that are not set elsewhere"
verdict "$(says '^  purge +2s ')" "the environment takes precedence over the file"
run "conf=$work/conf,help" "$with_symbol" symbol
verdict "$(says '^  purge +4s ')" "the program's symbol takes precedence over the file"
verdict "$(says '^  limit +64M ')" "which sets what the symbol does not"
printf 'pruge=3s\nexe=perl*\nlimit=many' >"$work/conf"
run "conf=$work/conf" /bin/ls /
verdict "$(silent)" "a file for other programs is ignored"
printf 'pruge=3s\nlimit=many' >"$work/conf"
run "conf=$work/conf" /bin/ls /
verdict "$(is "$(wc -l <"$work/err")" 2)" "mistakes in the file are reported"
run "conf=$work/none" /bin/ls /
verdict "$(says 'cannot read the options in')" "a requested file that does not exist is reported"
verdict "$(is "$code" 0)" "and the program goes on"
: >"$work/conf"
run "conf=$work/conf" /bin/ls /
verdict "$(silent)" "an empty file says nothing"
printf 'purge=1s # many lines\n%.0s' {1..5000} >"$work/conf"
run "conf=$work/conf" /bin/ls /
verdict "$(is "$code" 0)" "a long file is read in part"
strace -qq -e trace=openat -E LD_PRELOAD="$lib" /bin/ls / 2>&1 | grep heapalloc.conf >"$work/err" || true
verdict "$(silent)" "without options the file is not read"
exit $((failed > 0))
