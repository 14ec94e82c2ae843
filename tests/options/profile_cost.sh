#!/usr/bin/env bash
# What the profiler costs a program that allocates much: its instructions with and without, counted by callgrind.
#
#   tests/options/profile_cost.sh LIB PROGRAM      PROGRAM: profile_cost.cpp
# SPDX-License-Identifier: MIT
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
lib=$(realpath -e "${1:?usage: profile_cost.sh LIB PROGRAM}")
program=$(realpath -e "$2")
# shellcheck source=tests/options/verdict.sh
. "$here/verdict.sh"

# instructions OPTIONS: how many millions the program executes.
instructions() {
    run "purge=1h,exe=$(basename "$program")$1" \
        valgrind --tool=callgrind --callgrind-out-file="$work/callgrind" "$program"
    awk '/Collected/ { printf "%.2f", $NF / 1e6 }' "$work/err"
}
off=$(instructions "")
on=$(instructions ",profile=$work/profile.heap")
printf 'off %s, on %s million instructions\n' "$off" "$on" >"$work/err"
verdict "$(grep -qE '\[ *[1-9][0-9]*: .* @ heap_v2/524288' "$work/profile.heap" && echo yes)" "there is a profile"
# About 1.0 %, of which a tenth is the profile's writing; samples come at random, so not exactly as often each time.
verdict "$(awk -v off="$off" -v on="$on" 'BEGIN { if (off > 100 && on < off * 1.012) print "yes" }')" \
    "at 512 KiB the profiler costs one percent of the instructions"
cat "$work/err"
exit $((failed > 0))
