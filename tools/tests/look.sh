#!/usr/bin/env bash
# Tests `heapalloc stats`, `walk`, `top` and `check` on processes and core files, intact, damaged and truncated; and
# gdb's `heap`.
#
#   tools/tests/look.sh PROGRAM SLEEPER GDB_SCRIPT
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016 # what stands in single quotes is for another shell
set -euo pipefail
tool=$(realpath -e "${1:?usage: look.sh PROGRAM SLEEPER GDB_SCRIPT}")
sleeper=$(realpath -e "$2")
script=$(realpath -e "$3")
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tools/tests/expect.sh
. "$here/expect.sh"
export TERM=dumb

for library in default hardened fast; do
    start sleep -q -l "$library"
    expect 0 "^process $process: 5.* live in .* blocks" "stats of a process ($library)" "$tool" stats "$process"
    expect 0 '^  208 .* 7[3-8][0-9] ' "about 750 of 1000 blocks are live ($library)" "$tool" stats "$process"
    expect 0 "^$address +208 live small 13$" "walk has a block ($library)" "$tool" walk --live "$process"
    expect 0 '^0x[0-9a-f]+ +52[45][0-9]{4} live large$' "walk has the large block ($library)" "$tool" walk "$process"
    expect 0 'its heap is whole' "check of a whole heap ($library)" "$tool" check "$process"
    expect 0 'live in .*  [+]0 B$' "top as text ($library)" "$tool" top -n 2 -d 0.05 "$process"
    # The first cell has the blocks with red zones. In the hardened library, which hands out blocks in random order, a
    # part of the heap may be fuller than others.
    sparse='[+:]'
    [[ $library != hardened ]] || sparse='[+:#]'
    expect 0 "^  [[]#?$sparse{1,9}[.:+# ]{50,}[]]\$" "top has a map ($library)" "$tool" top -n 1 "$process"
    "$tool" stats --json "$process" |
        python3 -c 'import json, sys; assert json.load(sys.stdin)["live_bytes"] > 5 << 20' || failed=$((failed + 1))
    expect 0 "^$address +208 live small 13" "gdb: heap block ($library)" \
        gdb -batch -nx -p "$process" -ex "source $script" -ex "heap block $address+5" \
        -ex "generate-core-file $work/core.$library"
    expect 0 '^live +5[0-9]{6} bytes' "gdb: heap info of a process ($library)" \
        gdb -batch -nx -p "$process" -ex "source $script" -ex "heap info"
    kill "$process"
    expect 0 "^heapalloc was active in core file .*core.$library, of tools_sleeper, from /.*libheapalloc" \
        "check of a core file ($library)" "$tool" check "$work/core.$library"
    expect 0 "it is the $library build, build ID [0-9a-f]{40}$" "the build in it ($library)" \
        "$tool" check "$work/core.$library"
    expect 0 "core.$library: 5.* live in" "stats of a core file ($library)" "$tool" stats "$work/core.$library"
    expect 0 "^$address +208 live small 13$" "walk of a core file ($library)" "$tool" walk "$work/core.$library"
    expect 0 '^live +5[0-9]{6} bytes' "gdb: heap info of a core file ($library)" \
        gdb -batch -nx "$sleeper" "$work/core.$library" -ex "source $script" -ex "heap info" -ex "heap bins"
    expect 0 "^$address +208 live" "gdb: heap walk of a core file ($library)" \
        gdb -batch -nx "$sleeper" "$work/core.$library" -ex "source $script" -ex "heap walk live"
    expect 0 '^heap 0 at 0x' "gdb: heap bins of a core file ($library)" \
        gdb -batch -nx "$sleeper" "$work/core.$library" -ex "source $script" -ex "heap bins"
done

# A process's first blocks, which have red zones, are shown as their caller has them.
start first -q
expect 0 "^$address +200 live medium$" "walk has a first block" "$tool" walk --live "$process"
expect 0 "^$address +200 live medium$" "gdb: a first block" gdb -batch -nx -p "$process" -ex "source $script" \
    -ex "heap block $address+5"
kill "$process"

# gdb loads the script that lies next to the library by itself; lost blocks are found in processes and core files.
mkdir "$work/lib"
cp "$(dirname "$tool")/libheapalloc.so" "$work/lib/libheapalloc.so.0.1.0"
cp "$script" "$work/lib/libheapalloc.so.0.1.0-gdb.py"
export HEAPALLOC_LIBRARY=$work/lib/libheapalloc.so.0.1.0
start lose -q
unset HEAPALLOC_LIBRARY
loads=(gdb -batch -nx -iex "add-auto-load-safe-path $work/lib")
expect 0 "^$address +208 live small 13" "gdb loads its commands by itself" \
    "${loads[@]}" -p "$process" -ex "heap block $address"
expect 0 'leaks: 4[0-9]{5} bytes in 300 blocks that nothing' "gdb: heap leaks of a process" \
    "${loads[@]}" -p "$process" -ex "generate-core-file $work/core.lose" -ex "heap leaks"
kill "$process"
expect 0 'leaks: 4[0-9]{5} bytes in 300 blocks that nothing' "gdb: heap leaks of a core file" \
    "${loads[@]}" "$sleeper" "$work/core.lose" -ex "heap leaks"
expect 0 'no leaks: all of 7[0-9]{2} live' "gdb: heap leaks of a heap that lost nothing" \
    gdb -batch -nx "$sleeper" "$work/core.default" -ex "source $script" -ex "heap leaks"

# A process with other files than ours, as in a container: functions have the names of the file that it sees.
if unshare -m true 2>/dev/null; then
    mkdir "$work/inside"
    : >"$work/address"
    # shellcheck disable=SC2016 # its own arguments
    unshare -m bash -c 'mount --bind "$1" "$2" && exec "$3" run -q -o profile=/dev/null,profile_bytes=1 "$4" lose' \
        bash "$(dirname "$sleeper")" "$work/inside" "$tool" "$work/inside/$(basename "$sleeper")" >"$work/address" &
    process=$!
    processes+=("$process")
    for ((i = 0; i < 600; i++)); do
        grep -q 0x "$work/address" && break
        sleep 0.1
    done
    expect 1 '^ +450000 bytes in 300 blocks by main' "names in another mount namespace" "$tool" leaks -p "$process"
    kill "$process"
fi

# Files that are not core files, or truncated ones: a sentence and exit code 2.
size=$(stat -c %s "$work/core.default")
for part in 0 3 64 1000 $((size / 2)) $((size * 3 / 4)); do
    head -c "$part" "$work/core.default" >"$work/cut"
    for verb in stats walk check; do
        expect 2 "^heapalloc $verb: .*(is no core file|is cut short)" "$verb of a core file of $part bytes" \
            "$tool" "$verb" "$work/cut"
    done
done
expect 2 'is no core file' "a text" "$tool" walk /etc/passwd
expect 2 'but no core file' "a program" "$tool" walk /bin/true
expect 2 'cannot be read: No such file' "no file" "$tool" stats "$work/nothing"
expect 2 'neither a process nor a file' "a folder" "$tool" stats "$work"

# A core file that the kernel writes when a program crashes, if it writes one: it lacks the contents of mapped files.
if [[ $(cat /proc/sys/kernel/core_pattern) == core && $(cat /proc/sys/kernel/core_uses_pid) == 0 ]]; then
    (cd "$work" && ulimit -c unlimited && "$tool" run -q "$sleeper" crash >address 2>/dev/null) || true
    address=$(cat "$work/address")
    if [[ -s $work/core ]]; then
        expect 0 "^$address +208 live small 13$" "walk of a core file of the kernel's" "$tool" walk "$work/core"
        expect 0 "^$address +208 live" "gdb: heap block of a core file of the kernel's" \
            gdb -batch -nx "$sleeper" "$work/core" -ex "source $script" -ex "heap block $address"
    fi
fi

start damage -q
expect 1 'damaged: 0x[0-9a-f]+ is a free block that was written to' "check of a damaged heap" "$tool" check "$process"
gdb -batch -nx -p "$process" -ex "generate-core-file $work/core.damage" >/dev/null 2>&1
expect 1 'damaged: 0x[0-9a-f]+ is a free block that was written to' "check of its core file" \
    "$tool" check "$work/core.damage"
kill "$process"

sleep 100 &
processes+=($!)
expect 1 "no heap of heapalloc's" "a process without" "$tool" stats $!
gdb -batch -nx -p $! -ex "generate-core-file $work/core.without" >/dev/null 2>&1
expect 1 'heapalloc is not in core file .*, of sleep' "check of a core file without" "$tool" check "$work/core.without"
expect 2 'there is none' "no process" "$tool" stats 99999999
expect 2 'is no process' "a number that is none" "$tool" top 99999999999999
expect 2 'name a process' "nothing" "$tool" walk
expect 2 'no option' "a wrong option" "$tool" walk --dead 1
expect 2 'name one process' "top with a wrong number" "$tool" top -d x 1
expect 2 'is a core file' "top of a core file" "$tool" top "$work/core.default"
expect 1 'not in this program' "gdb without heapalloc" \
    bash -c 'gdb -batch -nx -p "$1" -ex "source $2" -ex "heap info" 2>&1; exit 1' bash $! "$script"
if [[ -x /usr/bin/time ]]; then
    expect 0 '^5 rounds in turn' "compare" "$tool" compare -- /bin/echo alike
    expect 1 'ends with|prints' "compare of what differs" "$tool" compare bash -c 'echo "$LD_PRELOAD"'
fi
expect 127 'no program nosuch' "compare of nothing" "$tool" compare nosuch
expect 2 'no program to compare' "compare without a program" "$tool" compare
expect 2 'no such option' "compare with too few rounds" "$tool" compare -r 2 ls
for verb in stats walk top compare; do expect 0 "^usage: heapalloc $verb" "$verb --help" "$tool" "$verb" --help; done
expect 2 'did you mean .stats.' "a wrong command" "$tool" stat 1
((failed == 0))
