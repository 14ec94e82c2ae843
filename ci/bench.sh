#!/usr/bin/env bash
# Installs what the benchmark suite needs, builds it, and measures heapalloc against every allocator on this machine.
#
#   ci/bench.sh [--quick] [--only PART]... [--with NAME=PATH]... [--allocator NAME]...
#               [--program NAME]... [--rounds N] [--out DIR] [--title TEXT]
#     --quick      under 3 minutes and coarser; otherwise about 50
#     --only       counts, startup, programs, server, runtime, arenas, latency or micro
#     --with       another allocator's library
#     --allocator  only these allocators (and glibc)
#     --program    only these of the whole programs, --rounds N: so many rounds of them
#     --out        where results go, bench/results/latest by default
#
# Results: report.html (one file, works offline), summary.txt, summary.svg, results.json and a CSV file for each part.
# They replace older ones when everything is measured; an interrupted run leaves those unchanged.
# SPDX-License-Identifier: MIT
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$here")
# shellcheck source=ci/answers.sh
. "$here/answers.sh"

say() { printf 'bench: %s\n' "$*" >&2; }

known_parts=$(sed -n 's/^    "\([a-z]*\)": (".*/\1/p' "$root/bench/run.py" | paste -sd' ')
known_allocators=" heapalloc heapalloc-fast glibc jemalloc mimalloc tcmalloc scudo "
out=$root/bench/results/latest
parts=()
wanted=()
options=("$@")
while (($#)); do
    case $1 in
        -h | --help) print_help ;;
        --quick) ;;
        --only | --with | --allocator | --program | --rounds | --out | --title)
            need_value "$@"
            case $1 in
                --only) parts+=("$2") ;;
                --with) [[ $2 == ?*=* && -f ${2#*=} ]] ||
                    wrong_argument "--with wants NAME=PATH of a library that exists, not '$2'"
                    known_allocators+="${2%%=*} " ;;
                --allocator) wanted+=("$2") ;;
                --out) out=$2 ;;
            esac
            shift
            ;;
        *) wrong_argument "there is no option $1" ;;
    esac
    shift
done
for part in ${parts[@]+"${parts[@]}"}; do
    [[ " $known_parts " == *" $part "* ]] || wrong_argument "no part is named '$part'; there are: $known_parts"
done
for name in ${wanted[@]+"${wanted[@]}"}; do
    [[ $known_allocators == *" $name "* ]] ||
        wrong_argument "no allocator is named '$name'; known are:$known_allocators"
done
# The nearest existing folder must be writable.
there=$(realpath -m -- "$out")
while [[ ! -e $there ]]; do there=$(dirname "$there"); done
[[ -d $there && -w $there ]] || wrong_argument "results cannot be written to $out: $there is not a folder to write to"

sets=(bench)
# The real programs that are measured; python3, g++ and others are there already.
if ((${#parts[@]} == 0)) || [[ " ${parts[*]} " == *" programs "* ]]; then
    sets+=(bench-programs)
fi
"$here/install.sh" --set "${sets[@]}"

# The release build with the allocator if there is one, else the suite alone, which then compares the others.
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
# The last --out wins, so the default comes first.
exec "$python" "$root/bench/run.py" --build "$build" --out "$out" ${options[@]+"${options[@]}"}
