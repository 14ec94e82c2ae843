#!/usr/bin/env bash
# Runs programs on glibc's malloc and on a preloaded library in turn; reports the costs, and which of them differ.
#
#   ci/compare.sh [--rounds N] LIB                  python3, sqlite3 and g++ with workloads of our own
#   ci/compare.sh [--rounds N] LIB PROGRAM ARGS...  PROGRAM; each run gets the same input and the caller's folder
#     --rounds N   at least 5, which is the default
#
# Each round runs a program on both, in alternating order, so that a machine that gets slower meanwhile favours neither.
# The median of the rounds, the least and the most are shown. Exit 1 if a program does not end in the same way on both.
# SPDX-License-Identifier: MIT
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=ci/answers.sh
. "$here/answers.sh"

rounds=5
while (($#)); do
    case $1 in
        -h | --help) print_help ;;
        --rounds)
            need_number 5 "$@"
            rounds=$((10#$2))
            shift 2
            ;;
        -*) wrong_argument "there is no option $1" ;;
        *) break ;;
    esac
done
(($#)) || wrong_argument "name the library to preload"
lib=$(realpath -e -- "$1" 2>/dev/null) || wrong_argument "there is no library $1"
shift
name=$(basename "$lib")
name=${name#lib}
name=${name%%.so*}

say() { printf 'compare: %s\n' "$*" >&2; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

declare -A titles=(
    [python]="python3: JSON, dicts"
    [sqlite]="sqlite3: 300000 rows"
    [gxx]="g++ -O1: 60 classes"
    [given]="${1-}"
)
programs=(python sqlite gxx)
program_input=/dev/null
(($# == 0)) || programs=(given)
arguments=("$@")

# shellcheck disable=SC2317 # make_PROGRAM and run_PROGRAM are called by name
# Every object comes from malloc: python's own pools would hide most of them from both allocators.
make_python() {
    cat >"$work/python.py" <<'PY'
import json
rows = [{"id": i, "name": f"row {i}" * (i % 7), "tags": [str(i * k) for k in range(i % 9)],
         "nested": {"x": i / 7, "y": [None, True, i]}} for i in range(60000)]
text = json.dumps(rows)
del rows
again = json.loads(text)
index = {}
for row in again:
    for tag in row["tags"]:
        index.setdefault(tag[:4], []).append(row["name"] + tag)
print(len(text), len(index), sum(len(names) for names in index.values()))
PY
}
# shellcheck disable=SC2317
run_python() { "$@" PYTHONMALLOC=malloc PYTHONHASHSEED=0 python3 "$work/python.py"; }

# shellcheck disable=SC2317
make_sqlite() {
    cat >"$work/sqlite.sql" <<'SQL'
CREATE TABLE t(k INTEGER PRIMARY KEY, a INTEGER, s TEXT);
WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM n WHERE i < 300000)
INSERT INTO t SELECT i, i * 7919 % 104729, printf('%x-%d', i * 31 % 65537, i % 13) FROM n;
CREATE INDEX t_s ON t(s);
SELECT s, count(*), group_concat(a) FROM t GROUP BY s ORDER BY 2 DESC, 1 LIMIT 3;
SELECT count(DISTINCT s || a), sum(length(replace(s, '-', a))) FROM t;
SQL
}
# shellcheck disable=SC2317
run_sqlite() { "$@" sqlite3 :memory: ".read $work/sqlite.sql"; }

# shellcheck disable=SC2317
make_gxx() { python3 "$here/../tests/programs/src/large.py" 60 >"$work/large.cpp"; }
# shellcheck disable=SC2317
run_gxx() { "$@" g++ -std=c++17 -O1 -S -o - "$work/large.cpp"; }

# Every run reads the same input: the caller's is saved, and a terminal is not read.
# shellcheck disable=SC2317
make_given() {
    [[ ! -t 0 ]] || return 0
    program_input=$work/input
    cat >"$program_input"
}
# shellcheck disable=SC2317
run_given() { "$@" "${arguments[@]}"; }

# One run: its figures become a line of $work/PROGRAM.WHO; of its output the checksum is kept. The shell counts CPU time
# in steps of 1 ms, /usr/bin/time in steps of 10, but it reports memory and faults. A status above 128 is a signal.
run_once() {
    local program=$1 who=$2 preload=${LD_PRELOAD-} rc=0
    [[ $who == glibc ]] || preload=$lib${preload:+:$preload}
    local TIMEFORMAT='%U %S %R'
    { time LD_PRELOAD='' "run_$program" /usr/bin/time -q -o "$work/time" -f '%M %R' \
        env -u LD_PRELOAD ${preload:+LD_PRELOAD="$preload"} <"$program_input" >"$work/output" 2>"$work/errors.$who"; } \
        2>"$work/clock" || rc=$?
    awk 'NR == 1 { cpu = $1 + $2; wall = $3 } END { print cpu, wall, $(NF - 1), $NF }' "$work/clock" "$work/time" \
        >>"$work/$program.$who"
    sha256sum <"$work/output" >>"$work/$program.$who.outputs"
    echo "$rc" >>"$work/$program.statuses"
    ((rc == 0)) || cp "$work/errors.$who" "$work/$program.$who.failed"
}

progress() {
    [[ ! -t 2 ]] || printf '\r%-70.70s' "$1" >&2
}

run_rounds() {
    local round program who
    for ((round = 1; round <= rounds; round++)); do
        for program in "${programs[@]}"; do
            progress "round $round of $rounds: ${titles[$program]}"
            for who in $( ((round % 2)) && echo glibc preloaded || echo preloaded glibc); do
                run_once "$program" "$who"
            done
            ends_alike "$program" || exit 1
        done
    done
    progress ""
    [[ ! -t 2 ]] || printf '\r' >&2
}

# A program that ends differently from run to run did different work: its figures cannot be compared.
ends_alike() {
    local program=$1 who
    [[ $program == given && $(sort -u "$work/$program.statuses" | wc -l) == 1 ]] && return
    [[ $program != given && $(sort -u "$work/$program.statuses") == 0 ]] && return
    say "${titles[$program]} does not end alike in every run; exit statuses in their order:" \
        "$(paste -sd' ' "$work/$program.statuses")"
    for who in glibc preloaded; do
        [[ -s $work/$program.$who.failed ]] || continue
        say "its last words on $who:"
        tail -n 5 "$work/$program.$who.failed" >&2
    done
    return 1
}

# Whether the runs printed the same, and how they ended.
print_outputs() {
    local program=$1 kinds status
    kinds=$(cat "$work/$program".{glibc,preloaded}.outputs | sort -u | wc -l)
    status=$(head -n 1 "$work/$program.statuses")
    ((status == 0)) || echo "  Every run ended with exit status $status."
    if ((kinds == 1)); then
        echo "  Every run printed the same."
    elif (($(sort -u "$work/$program.glibc.outputs" | wc -l) > 1)); then
        echo "  What it prints changes from run to run, on glibc's malloc too."
    else
        echo "  What it prints on $name is not what it prints on glibc's malloc."
        return 1
    fi
}

if (($# == 0)); then
    "$here/install.sh" --set build try
    unset LD_PRELOAD
    export LC_ALL=C.UTF-8
elif [[ -x $here/install.sh ]]; then # not where `heapalloc compare` is installed
    "$here/install.sh" time
fi
[[ -x /usr/bin/time ]] || { say "GNU time is missing: /usr/bin/time"; exit 1; }
for program in "${programs[@]}"; do
    "make_$program"
done
run_rounds
rc=0
echo "$rounds rounds in turn: median (least to most)"
for program in "${programs[@]}"; do
    echo
    awk -v title="${titles[$program]}" -v name="$name" -f "$here/compare.awk" \
        "$work/$program.glibc" "$work/$program.preloaded"
    print_outputs "$program" || rc=1
done
exit "$rc"
