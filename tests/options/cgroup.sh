#!/usr/bin/env bash
# Tests which memory limit is read from made-up files of control groups.
#
#   tests/options/cgroup.sh PROGRAM      PROGRAM: tests/options/cgroup.c
# SPDX-License-Identifier: MIT
set -euo pipefail
program=$(realpath -e "${1:?usage: cgroup.sh PROGRAM}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

# Begins a root with the contents of /proc/self/cgroup.
begin() {
    rm -rf "$work/root"
    mkdir -p "$work/root/proc/self"
    printf '%b' "$1" >"$work/root/proc/self/cgroup"
}

# Writes a file below /sys/fs/cgroup.
file() {
    mkdir -p "$(dirname "$work/root/sys/fs/cgroup/$1")"
    printf '%b' "$2" >"$work/root/sys/fs/cgroup/$1"
}

expect() {
    local said
    said=$("$program" "$work/root")
    if [[ $said == "$1 1" ]]; then
        echo "ok - $2"
    else
        echo "not ok - $2: $said, expected $1"
        failed=$((failed + 1))
    fi
}

begin ""
rm -r "$work/root/proc"
expect 0 "no file at all"
begin ""
expect 0 "an empty file"
begin "0::/\n"
expect 0 "version 2, the root group, no limit"
file memory.max "268435456\n"
expect 268435456 "version 2, the root of a container"
begin "0::/a/b/c\n"
file a/b/c/memory.max "max\n"
expect 0 "version 2, max is none"
file a/b/memory.max "5000000\n"
expect 5000000 "version 2, the group around it has a limit"
file a/b/c/memory.max "9000000\n"
expect 5000000 "version 2, the smaller of both applies"
file a/b/c/memory.max "400000\n"
expect 400000 "version 2, the inner one is less"
file a/memory.max "300000\n"
expect 300000 "version 2, three deep"
begin "0::/not/to/be/seen/here\n"
file memory.max "77000000"
expect 77000000 "version 2, a path as from outside; no new line at the end"
begin "12:cpu,cpuacct:/x\n5:memory:/docker/1234\n1:name=systemd:/y\n"
file memory/docker/1234/memory.limit_in_bytes "100000000\n"
expect 100000000 "version 1, the group's file"
file memory/memory.limit_in_bytes "9223372036854771712\n"
expect 100000000 "version 1, the root's is none"
begin "5:memory:/docker/1234\n"
file memory/memory.limit_in_bytes "50000000\n"
expect 50000000 "version 1, in a container"
begin "5:memory:/docker/1234\n"
file memory/memory.limit_in_bytes "9223372036854771712\n"
expect 0 "version 1, no limit"
begin "4:hugetlb,memory,pids:/g\n0::/g\n"
file memory/g/memory.limit_in_bytes "60000000\n"
file unified/g/memory.max "50000000\n"
expect 50000000 "both versions, the smallest applies"
begin "4:memoryless:/g\n"
file memory/g/memory.limit_in_bytes "60000000\n"
expect 0 "another controller's name"
begin "0:/broken\nrubbish\n::\n0::\n"
file memory.max "123456789\n"
expect 123456789 "broken lines are ignored"
begin "0::/a\n"
file a/memory.max "-5\n"
expect 0 "no number"
file a/memory.max "99999999999999999999999999\n"
expect 0 "too large a number"
file a/memory.max ""
expect 0 "an empty limit"
begin "0::$(printf '/%0250d' 1 2 3 4 5 6 7 8 9 10 11 12)\n"
file memory.max "1048576\n"
expect 1048576 "a path too long for anything"

# The defaults for a heap of so many MiB: KiB that may stay dirty (0: as without a limit), whether the limit is
# near, and KiB that may stay mapped (0: as where memory may be overcommitted).
defaults() {
    local said
    said=$("$program" "$work/root" $(($1 << 20)))
    if [[ $said == "$2" ]]; then
        echo "ok - $3"
    else
        echo "not ok - $3: $said, expected $2"
        failed=$((failed + 1))
    fi
}

begin "0::/\n"
defaults 100 "0 0 0" "without a limit the usual defaults"
file memory.max "$((128 << 20))\n"
defaults 64 "16384 0 0" "an eighth of 128 MiB may stay dirty"
defaults 111 "16384 0 0" "less than seven eighths are in use"
defaults 112 "16384 1 0" "seven eighths are in use"
file memory.max "$((8 << 20))\n"
defaults 64 "4096 1 0" "at least 4 MiB may stay dirty"
file memory.max "$((4 << 30))\n"
defaults 64 "0 0 0" "a large limit changes nothing"
mkdir -p "$work/root/proc/sys/vm"
echo 1 >"$work/root/proc/sys/vm/overcommit_memory"
defaults 64 "0 0 0" "overcommitting always changes nothing"
echo 2 >"$work/root/proc/sys/vm/overcommit_memory"
defaults 64 "0 0 4096" "under strict overcommit little stays mapped"
rm -r "$work/root/proc"
defaults 100 "0 0 0" "no file at all: the usual defaults"
exit $((failed > 0))
