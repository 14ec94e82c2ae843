#!/usr/bin/env bash
# Runs real programs on glibc's malloc and on a preloaded one in turn; prints a table of both.
#
#   ci/compare.sh LIB [ROUNDS]
#
# Each round runs every program on both, the order changing from round to round, so that a machine
# that gets slower meanwhile is unjust to neither. Medians are shown. A difference is called a tie
# when it is less than 1 % or less than half the range of either side's rounds.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
lib=$(realpath -e "${1:?usage: compare.sh LIB [ROUNDS]}")
rounds=${2:-5}
name=$(basename "$lib")
name=${name#lib}
name=${name%%.so*}

"$here/install.sh" --set try
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unset LD_PRELOAD
export LC_ALL=C.UTF-8 PYTHONHASHSEED=0

declare -A titles=(
    [python]="python3: JSON, dicts"
    [sqlite]="sqlite3: 300,000 rows"
    [gxx]="g++ -O1: 60 classes"
)
programs=(python sqlite gxx)

# Every object on malloc: python's own pools would hide most of them from both allocators.
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
run_python() { "$@" PYTHONMALLOC=malloc python3 "$work/python.py"; }

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
run_sqlite() { "$@" sqlite3 :memory: ".read $work/sqlite.sql"; }

make_gxx() { python3 "$here/../tests/programs/src/large.py" 60 >"$work/large.cpp"; }
run_gxx() { "$@" g++ -std=c++17 -O1 -S -o - "$work/large.cpp"; }

# One run: its figures go to a file, a line a round; its output is remembered by its checksum.
run_once() {
    local program=$1 who=$2 preload=()
    [[ $who == glibc ]] || preload=("LD_PRELOAD=$lib")
    if ! "run_$program" /usr/bin/time -o "$work/time" -f '%e %M %R' env "${preload[@]}" \
        </dev/null >"$work/output" 2>"$work/errors"; then
        echo "compare: $program failed under $who:" >&2
        tail -n 20 "$work/errors" >&2
        exit 1
    fi
    cat "$work/time" >>"$work/$program.$who"
    sha256sum <"$work/output" >>"$work/$program.outputs"
}

progress() {
    [[ ! -t 2 ]] || printf '\r%s' "$1" >&2
}

run_rounds() {
    local round program
    for ((round = 1; round <= rounds; round++)); do
        for program in "${programs[@]}"; do
            progress "round $round of $rounds: ${titles[$program]}          "
            if ((round % 2)); then
                run_once "$program" glibc
                run_once "$program" preloaded
            else
                run_once "$program" preloaded
                run_once "$program" glibc
            fi
        done
    done
    progress "$(printf '%60s' '')"
    progress ""
}

# Two files of figures in, one row of the table and its verdict out.
print_row() {
    awk -v title="$2" -v name="$name" '
    function sort_column(side, column,    i, k, swap) {
        for (i = 1; i <= count[side]; i++) sorted[i] = value[side, column, i]
        for (i = 2; i <= count[side]; i++)
            for (k = i; k > 1 && sorted[k - 1] > sorted[k]; k--) {
                swap = sorted[k]; sorted[k] = sorted[k - 1]; sorted[k - 1] = swap
            }
        median[side, column] = sorted[int((count[side] + 1) / 2)]
        noise[side, column] = (sorted[count[side]] - sorted[1]) / 2
    }
    function verdict(what, column,    was, is, gap) {
        was = median[1, column]; is = median[2, column]; gap = is - was
        if (gap < 0) gap = -gap
        if (gap <= noise[1, column] || gap <= noise[2, column] || gap <= was / 100)
            return what ": tie"
        return sprintf("%s: %.0f %% %s", what, 100 * gap / was, is < was ? "less" : "more")
    }
    FNR == 1 { side++ }
    { count[side]++; for (c = 1; c <= 3; c++) value[side, c, count[side]] = $c + 0 }
    END {
        for (s = 1; s <= 2; s++) for (c = 1; c <= 3; c++) sort_column(s, c)
        printf "%-22s %7.2f s %7.2f s %9.1f %10.1f %9d %9d\n", title, median[1, 1], median[2, 1],
            median[1, 2] / 1024, median[2, 2] / 1024, median[1, 3], median[2, 3]
        printf "    %s has  %s,  %s,  %s\n", name, verdict("time", 1), verdict("RSS", 2),
            verdict("faults", 3)
    }' "$work/$1.glibc" "$work/$1.preloaded"
}

print_table() {
    local program
    printf '%-22s %19s %20s %19s\n' '' 'time' 'peak RSS in MiB' 'page faults'
    printf '%-22s %9s %9s %9s %10s %9s %9s\n' "median of $rounds rounds" \
        glibc "$name" glibc "$name" glibc "$name"
    for program in "${programs[@]}"; do
        print_row "$program" "${titles[$program]}"
    done
}

for program in "${programs[@]}"; do
    "make_$program"
done
run_rounds
print_table
for program in "${programs[@]}"; do
    if (($(sort -u "$work/$program.outputs" | wc -l) != 1)); then
        echo "$program does not print the same under both" >&2
        exit 1
    fi
done
echo "Every run of a program printed the same, on glibc's malloc and on $name."
