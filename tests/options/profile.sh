#!/usr/bin/env bash
# What a profile says of programs whose allocations are known.
#
#   tests/options/profile.sh LIB PROGRAM      PROGRAM: tests/options/profile.c
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016 # backquotes here are those of messages
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
lib=$(realpath -e "${1:?usage: profile.sh LIB PROGRAM}")
program=$(realpath -e "$2")
# shellcheck source=tests/options/verdict.sh
. "$here/verdict.sh"
profile=$work/profile.heap

# of FILE FUNCTION: what the profile says of it, "LIVE_BLOCKS LIVE_BYTES BLOCKS BYTES".
of() {
    python3 "$here/profile_read.py" "$1" "$program" 2>"$work/err" |
        awk -v name="$2" '$1 == name { $1 = ""; print substr($0, 2) }'
}
# has FUNCTION NUMBERS WHAT
has() { verdict "$(is "$code $(of "$profile" "$1")" "0 $2")" "$3"; }

exact=profile=$profile,profile_bytes=1
run "$exact" "$program" exact
verdict "$(silent)" "a profile is written silently"
has place_kept "1000 21000 1000 21000" "1000 live blocks of 21 bytes"
has place_dropped "0 0 500 500000" "500 blocks that were freed"
has place_calloc "10 3135 10 3135" "calloc"
has place_realloc "1 1000000 5 1111100" "realloc, each step a block"
has place_aligned "1 100000 2 105000" "aligned blocks"
has place_new "1 333 2 381" "operator new"
run "$exact" "$program" threads
has place_kept "2000 100000 4000 200000" "threads, whose blocks another one frees"
has place_dropped "0 0 4000 280000" "blocks that threads free themselves"
run "$exact" "$program" handler
has place_handler "0 0 1000 500000" "a signal's handler"
run "$exact" "$program" busy
has place_kept "100 2100 100 2100" "modules and forks come and go meanwhile"
run "$exact" "$program" coroutines
has place_wild "10 770 10 770" "a frame pointer points to a stack that was unmapped"
run "$exact" "$program" exec exact
has place_dropped "0 0 500 500000" "after exec the profile is of the new program"
run "$exact" "$program" fork
has place_kept "1000 21000 1000 21000" "a fork's parent keeps its profile"
profile=$profile.$(cat "$work/out")
has place_dropped "10 1000 10 1000" "its child writes one of its own"
has place_kept "1000 21000 1000 21000" "with what it has of its parent"
profile=$work/profile.heap
rm "$profile"
run "" "$program" call "$profile"
has place_dropped "500 15000 1000 30000" "by call: what was taken, and not freed since"
verdict "$(is "$(of "$profile" place_kept)" "")" "by call: nothing before the start"
run "profile=$work/%e.%p.heap,profile_bytes=1" "$program" exact
verdict "$(is "$(find "$work" -name 'options_profile.*.heap' | wc -l)" 1)" \
    "a file's name has the program and its number"
run "profile=/nowhere/x" "$program" exact
verdict "$(says 'cannot write the profile /nowhere/x, error 2')" "a file that cannot be written is told"
verdict "$(is "$code" 0)" "and the program ends as it would"
run "profile=$profile,profile_bytes=65M" "$program" exact
verdict "$(says 'cannot be `65M`')" "too rare is told"

# 150,000 blocks dropped and 50,000 kept, one in a hundred of 20,000 or 100,000 bytes. A block of n bytes is a sample
# with probability p = 1 - exp(-n / 65536), so its estimate has a variance of (1 - p) / p: six standard deviations.
run "profile=$profile,profile_bytes=64K" "$program" estimate
bound=$(python3 - "$(of "$profile" place_kept)" "$(of "$profile" place_dropped)" <<'END'
import math, sys
sizes = [17, 40, 100, 333, 900, 3000, 20000, 100000]
sums = {True: [0, 0, 0, 0], False: [0, 0, 0, 0]}
for i in range(200000):
    size = sizes[6 + i // 100 % 2] if i % 100 == 99 else sizes[i % 6]
    p = -math.expm1(-size / 65536)
    sums[i % 4 == 0] = [a + b for a, b in zip(sums[i % 4 == 0], (1, size, (1 - p) / p, (1 - p) / p * size * size))]
for told, kept in zip(sys.argv[1:], (True, False)):
    told = [float(x) for x in told.split()]
    blocks, size, blocks_variance, size_variance = sums[kept]
    if abs(told[3] - size) > 6 * math.sqrt(size_variance) + 0.02 * size or told[1] != (told[3] if kept else 0):
        sys.exit(f"{told} is not near {sums[kept]}")
print("near")
END
) || true
verdict "$(is "$bound" near)" "samples stand for what was allocated"

# ls closes stderr before it ends.
run "profile=$work/none/profile,profile_bytes=1" ls "$work"
verdict "$(says "cannot write the profile $work/none/profile, error 2")" "a file that cannot be written is reported"

# While it runs: 16 MiB are allocated, and 6 live at most, once the first five were freed.
files() { find "$work" -name "$1" | wc -l; }
run "profile=$work/every.%n,profile_bytes=1,profile_every=1M" "$program" steps
verdict "$(is "$(files 'every.*')" 17)" "after each MiB that is allocated, and at exit"
verdict "$(is "$(of "$work/every.2" place_kept)" "384 3145728 384 3145728")" "the third after three"
run "profile=$work/peak.%n,profile_bytes=1,profile_peak=1M" "$program" steps
verdict "$(is "$(files 'peak.*')" 7)" "at each peak that is a MiB higher, and at exit"
verdict "$(is "$(of "$work/peak.5" place_dropped)" "768 6291456 768 6291456")" "the last of the peaks"
run "profile=$work/share.%n,profile_bytes=1,profile_peak=50%" "$program" steps
verdict "$(is "$(files 'share.*')" 5)" "at each peak that is half as high again, at least a MiB, and at exit"
run "profile=$work/time.%n,profile_bytes=1,profile_interval=1h" "$program" steps
verdict "$(is "$(files 'time.*')" 1)" "not before the interval has passed"
run "profile=$work/often.%n,profile_bytes=1,profile_interval=1ms" "$program" nap
verdict "$(is "$(($(files 'often.*') > 1))" 1)" "by the next block that is allocated after it"
run "profile=$work/x,profile_peak=101%,profile_interval=2h" "$program" steps
verdict "$(is "$(grep -c 'cannot be `' "$work/err")" 2)" "a wrong share, a wrong interval"
run "profile=$profile,profile_bytes=1,profile_every=1M" "$program" steps
has place_kept "0 0 1280 10485760" "without a number the last one stays"
rm "$profile"
run "profile=$profile,profile_bytes=1,signal=USR1,stats=$work/stats" "$program" signal "$profile"
has place_kept "1000 21000 1000 21000" "at a signal"

# What a misuse's sentence says of the block. leads WORDS FUNCTION WHAT: what stands behind these is in that function.
leads() {
    local offset
    offset=$(sed -nE "s/.*$1 $(basename "$program")\\+(0x[0-9a-f]+).*/\\1/p" "$work/err")
    verdict "$(is "$(addr2line -fe "$program" "${offset:-0}" | head -n 1)" "$2")" "$3"
}
ulimit -c 0
run "$exact" "$program" past
leads "is already free, called from" in_past "a second free is told, with its caller"
leads "allocated by" place_kept "and who allocated the block"
leads "freed by" place_free "and who freed it first"
run "$exact" "$program" inside
leads "allocated by" place_kept "who allocated the block that a wrong pointer is in"

# As pprof's protocol buffer, whose values are what the samples stand for.
profile=$work/profile.pb
run "profile=$profile,profile_bytes=1" "$program" exact
has place_kept "1000 21000 1000 21000" "a protocol buffer: live blocks"
has place_dropped "0 0 500 500000" "a protocol buffer: blocks that were freed"
profile=$work/rare.heap
run "profile=$profile,profile_bytes=64K" "$program" both "$work/rare.pprof"
text=$(of "$profile" place_kept) buffer=$(of "$work/rare.pprof" place_kept)
verdict "$(awk -v a="$text" -v b="$buffer" 'BEGIN { split(a, x); split(b, y)
    for (i = 1; i <= 4; i++) if (y[i] < x[i] * 0.9 || y[i] > x[i] * 1.1 || !y[i]) exit
    print "yes" }')" "what samples stand for is the same in both"
profile=$work/profile.heap

# What is no plain file stays what it is: a pipe, a link; for a superuser, who may replace it, a device too.
mkfifo "$work/pipe"
cat "$work/pipe" >"$work/piped" &
run "profile=$work/pipe,profile_bytes=1" "$program" exact
wait $!
verdict "$(is "$(test -p "$work/pipe" && of "$work/piped" place_kept)" "1000 21000 1000 21000")" \
    "a pipe gets the profile, and stays one"
ln -s linked "$work/link"
run "profile=$work/link,profile_bytes=1" "$program" exact
verdict "$(is "$(test -L "$work/link" && of "$work/linked" place_kept)" "1000 21000 1000 21000")" \
    "a link is followed, and stays one"
if [[ $(id -u) == 0 ]] && mknod "$work/null" c 1 3 2>/dev/null && : 2>/dev/null >"$work/null"; then
    run "profile=$work/null,profile_bytes=1,metrics=$work/null" "$program" exact
    verdict "$(test -c "$work/null" && echo yes || echo no)" "a device stays one"
fi

if type google-pprof >/dev/null 2>&1; then
    run "$exact" "$program" exact
    google-pprof --text --alloc_space --show_bytes "$program" "$profile" >"$work/err" 2>&1 || true
    google-pprof --text --alloc_objects "$program" "$profile" >>"$work/err" 2>&1 || true
    verdict "$(says '^ *21000 +[0-9.]+% +[0-9.]+% +21000 +[0-9.]+% place_kept$')" \
        "google-pprof names the function and its bytes"
    verdict "$(says ' 500 +[0-9.]+% place_dropped$')" "and counts blocks"
fi
exit $((failed > 0))
