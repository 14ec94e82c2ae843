#!/usr/bin/env bash
# Installs what the benchmark suite needs, builds it, and measures heapalloc against every allocator on this machine.
#
#   ci/bench.sh [--quick] [--only PART]... [--with NAME=PATH]... [--allocator NAME]... [--out DIR] [--title TEXT]
#     --quick      under 3 minutes and coarser; otherwise under 30
#     --only       counts, startup, programs, server, runtime, latency or micro
#     --with       another allocator's library
#     --allocator  only these of the ones found (glibc always)
#     --out        where results go, bench/results/latest by default
#
# Results: report.html (one file, works offline), summary.txt, summary.svg, results.json and a CSV file for each part.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$here")

say() { printf 'bench: %s\n' "$*" >&2; }

out=$root/bench/results/latest
parts=()
options=("$@")
while (($#)); do
    case $1 in
        --only) parts+=("${2:-}") ;;
        -h | --help) sed -n '2,/^set -/{/^#/s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"; exit 0 ;;
    esac
    shift
done

sets=(bench)
# The real programs that are measured; python3, g++ and others are there already.
if ((${#parts[@]} == 0)) || [[ " ${parts[*]} " == *" programs "* ]]; then
    sets+=(bench-programs)
fi
"$here/install.sh" --set "${sets[@]}"

# The release build with the allocator when there is one, else the suite alone, which then compares the others.
build=$root/build
if [[ -f $root/CMakeLists.txt ]]; then
    "$here/build.sh" -q release
    cmake --build "$build" --target bench --parallel "$(nproc)" >"$build/bench.log" 2>&1 ||
        { tail -n 40 "$build/bench.log" >&2; say "building the suite failed"; exit 1; }
else
    cmake -S "$root/bench" -B "$build" >/dev/null && cmake --build "$build" --target bench >/dev/null
fi

python=$(PATH=/usr/bin:$PATH command -v python3)
export PYTHONDONTWRITEBYTECODE=1
# The last --out wins, so that the default can stand in front.
exec "$python" "$root/bench/run.py" --build "$build" --out "$out" ${options[@]+"${options[@]}"}
