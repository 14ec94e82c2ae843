#!/usr/bin/env bash
# Tests `heapalloc report`: the page's form and data; that names cannot become markup; and, where Chromium is found,
# what the page draws and does.
#
#   tools/tests/report.sh PROGRAM LIBRARY SERVER PINNER     SERVER: server.cpp, PINNER: pinner.c
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016 # dollars and backquotes here are a message's
set -euo pipefail
tool=$(realpath -e "${1:?usage: report.sh PROGRAM LIBRARY SERVER}")
library=$(realpath -e "$2")
server=$(realpath -e "$3")
pinner=$(realpath -e "$4")
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tools/tests/expect.sh
. "$here/expect.sh"
cd "$work"

HEAPALLOC=profile=$work/s.%n.heap,profile_bytes=4K,profile_every=2M LD_PRELOAD=$library "$server"
expect 0 '^wrote all.html: open it in a browser$' "a page of several profiles" "$tool" report -o all.html s.*.heap
expect 0 '^fine: 1?[0-9] profiles' "its form and its data" python3 -B "$here/report_check.py" all.html growth
expect 0 '^wrote s.3.heap.html' "a page of one profile, named after it" "$tool" report s.3.heap
expect 0 '^fine: 1 profiles' "its form and its data" python3 -B "$here/report_check.py" s.3.heap.html
expect 0 '^<!DOCTYPE html>$' "a page to stdout" "$tool" report -o - s.3.heap

# Names of functions and files come from the profile: they must stay text.
python3 -B "$here/report_check.py" --make evil.pb
expect 0 '^wrote evil.html' "a page of a profile whose names are markup" "$tool" report -o evil.html evil.pb
expect 0 '^fine: 1 profiles' "its form and its data, and the names are text" \
    python3 -B "$here/report_check.py" evil.html evil

# hold PROGRAM [ARGUMENT]: starts it and waits until it says that it is ready; it stays until descriptor 9 is closed.
mkfifo hold
hold() {
    : >ready
    LD_PRELOAD=$library "$@" <hold >ready &
    processes+=($!)
    exec 9>hold
    for ((i = 0; i < 300; i++)); do
        grep -q ready ready && break
        sleep 0.1
    done
}

# The heap of a process, and of a core file.
HEAPALLOC=profile=$work/w.heap hold "$server" wait
expect 0 "^wrote heapalloc.$!.html" "a page of a process's heap" "$tool" report --process $!
expect 0 '^fine: 0 profiles, 1[12]\.[0-9] MiB live' "its form and its data" \
    python3 -B "$here/report_check.py" heapalloc.$!.html heap
expect 0 "^wrote heapalloc.$!.html" "the same, named by its number alone" "$tool" report $!
expect 0 "^wrote both.html" "a page of both" "$tool" report -p $! -o both.html s.*.heap
expect 0 'fine: 1?[0-9] profiles, 1[12]\.[0-9] MiB live' "its form and its data" \
    python3 -B "$here/report_check.py" both.html heap growth
if command -v gdb >/dev/null; then
    gdb -batch -nx -p $! -ex "generate-core-file $work/core" >/dev/null 2>&1
    expect 0 "^wrote heapalloc.core.html" "a page of a core file's heap" "$tool" report -p core
    expect 0 '^fine: 0 profiles, 1[12]\.[0-9] MiB live' "its form and its data" \
        python3 -B "$here/report_check.py" heapalloc.core.html heap
    rm heapalloc.core.html
    expect 0 "^wrote heapalloc.core.html" "the same, named as any file is" "$tool" report core
    expect 0 "^wrote both.html" "a core file among profiles" "$tool" report -o both.html core s.*.heap
    expect 0 'fine: 1?[0-9] profiles, 1[12]\.[0-9] MiB live' "its form and its data" \
        python3 -B "$here/report_check.py" both.html heap growth
    head -c 100000 core >"$work/cut"
    expect 2 '^heapalloc report: .*(is no core file|is cut short)' "a core file cut short" "$tool" report -p cut
    [[ ! -e heapalloc.cut.html ]] || verdict no "nothing is written then"
fi
exec 9>&-

# Who holds what is free in slabs: in a profile of each block the sums are exact.
HEAPALLOC=profile=$work/p.heap,profile_bytes=1 hold "$pinner"
expect 0 '^wrote pins.html' "a page of a process that profiles" "$tool" report -p $! -o pins.html
expect 0 '^fine: 0 profiles' "its form and its data" python3 -B "$here/report_check.py" pins.html heap pins
function=pin_few
[[ $("$tool" export -t collapsed s.3.heap) == *Server* ]] || function=pinner
expect 0 "^fine: .*$function.* holds" "who holds what is free in slabs" \
    python3 -B "$here/report_check.py" --holder pins.html
exec 9>&-

if browser=$(command -v chromium); then
    for page in all both evil; do
        expect 0 '^fine: drawn' "Chromium draws $page.html, and its keys and fields work" \
            python3 -B "$here/report_check.py" --browse "$browser" $page.html
    done
else
    echo "# there is no Chromium here: what the page draws was not tried"
fi

sleep 100 &
processes+=($!)
expect 1 "no heap of heapalloc's" "a process without" "$tool" report -p $!
expect 2 'there is none' "no process" "$tool" report -p 99999999
: >empty
expect 2 '^heapalloc report: empty: it is empty' "an empty profile" "$tool" report s.0.heap empty
[[ ! -e empty.html ]] || verdict no "nothing is written then"
expect 2 'cannot write /nowhere/x' "where nothing can be written" "$tool" report -o /nowhere/x s.0.heap
expect 2 'cannot write /dev/full' "a full disk" "$tool" report -o /dev/full s.0.heap
expect 2 'name a profile, a process or a core file' "nothing" "$tool" report
expect 2 'no option --pge' "a wrong option" "$tool" report --pge s.0.heap
expect 0 '^usage: heapalloc report' "--help" "$tool" report --help
((failed == 0))
