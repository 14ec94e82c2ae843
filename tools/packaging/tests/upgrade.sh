#!/bin/sh
# Upgrades to the packages in /packages/second while programs run on those of /packages/first: a running one keeps its
# library and goes on, also through forks; one that starts later gets the new one. Then downgrades again. Usage:
# upgrade.sh VERSION NEW_VERSION
# SPDX-License-Identifier: MIT
set -eu
old=$1 new=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
library=libheapalloc.so.0

cat >"$work/server.py" <<'END'
# Allocates with two threads and forks until a file tells it to end; its last line names the version that it ran on.
import os, sys, threading
work = sys.argv[1]
def churn():
    while not os.path.exists(work + "/end"):
        kept = [bytearray(n % 9000) for n in range(3000)]
        kept.sort(key=len)
threads = [threading.Thread(target=churn) for _ in range(2)]
for thread in threads: thread.start()
open(work + "/started", "w").close()
forks = 0
while not os.path.exists(work + "/end"):
    child = os.fork()
    if child == 0:
        [bytearray(n) for n in range(2000)]
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    forks += 1
for thread in threads: thread.join()
lines = {line.split(None, 5)[5].strip() for line in open("/proc/self/maps") if "libheapalloc" in line}
assert forks > 0
print(" ".join(sorted(lines)))
END

version_of() {
    env -i LD_PRELOAD="$library" HEAPALLOC=verbose ls / 2>&1 | sed -n "/^heapalloc/p" |
        grep -o '[0-9]*\.[0-9]*\.[0-9]*' | head -n 1
}

# The program runs on version $1 while the packages of $2 are installed, which have version $3.
upgrade_under_program() {
    rm -f "$work/end" "$work/started"
    LD_PRELOAD=$library python3 "$work/server.py" "$work" >"$work/said" 2>&1 &
    program=$!
    while [ ! -e "$work/started" ]; do
        kill -0 "$program" 2>/dev/null || { cat "$work/said"; echo "it did not start"; exit 1; }
        sleep 0.1
    done
    dpkg -i "/packages/$2"/*.deb
    [ "$(version_of)" = "$3" ] || { echo "after installing $3, programs get $(version_of)"; touch "$work/end"; exit 1; }
    sleep 0.5
    touch "$work/end"
    wait "$program" || { echo "the program ended with $?"; cat "$work/said"; exit 1; }
    grep -q "libheapalloc.so.$1 (deleted)" "$work/said" || { echo "the program ran on: $(cat "$work/said")"; exit 1; }
}

[ "$(version_of)" = "$old" ] || { echo "$old is installed, and programs get $(version_of)"; exit 1; }
upgrade_under_program "$old" second "$new"
upgrade_under_program "$new" first "$old"
echo "all as it should be"
