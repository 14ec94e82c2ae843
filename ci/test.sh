#!/usr/bin/env bash
# Installs the packages that the tests need, builds, runs the stages of ci/stages.txt and counts the tests.
#
#   ci/test.sh            everything: less than thirty minutes on two cores
#   ci/test.sh --quick    the tests that a change breaks first: less than four minutes
#   ci/test.sh STAGE...   these stages
#
# A failing stage does not stop the next. The last line is 'N passed, N failed', where a failed build, a stage that is
# stopped at its limit and a stage without tests count as failed tests. Exit 1 if anything failed. Each stage's log is
# build/logs/STAGE.log.
# SPDX-License-Identifier: MIT
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$here")
# shellcheck source=ci/answers.sh
. "$here/answers.sh"

# The stages of the list, a line each.
stages() {
    sed -e ':join' -e '/\\$/ { N; s/\\\n *//; b join' -e '}' "$here/stages.txt" | grep -v '^#\|^$'
}
known=$(stages | awk '{ print $1 }' | paste -sd' ')
kind=full
wanted=()
for word; do
    case $word in
        -h | --help) print_help ;;
        --quick) kind=quick ;;
        -*) wrong_argument "there is no option $word" ;;
        *)
            [[ " $known " == *" $word "* ]] || wrong_argument "no stage is named '$word'; there are: $known"
            wanted+=("$word")
            ;;
    esac
done
[[ $kind == full || ${#wanted[@]} == 0 ]] || wrong_argument "either --quick or stages"

# Whether the stage of this name, which runs at this time, is selected.
is_wanted() {
    ((${#wanted[@]})) || [[ $2 == both || $2 == "$kind" ]] || return 1
    ((${#wanted[@]} == 0)) || [[ " ${wanted[*]} " == *" $1 "* ]]
}

cd "$root"
exec </dev/null
# The caller's settings may not reach the programs under test.
unset LD_PRELOAD LD_LIBRARY_PATH HEAPALLOC MALLOC_ARENA_MAX MALLOC_PERTURB_ GLIBC_TUNABLES
unset CMAKE_GENERATOR CFLAGS CXXFLAGS LDFLAGS CTEST_PARALLEL_LEVEL
export LC_ALL=C.UTF-8

# Tests that wait leave a processor idle: one more runs at a time where that decides how long one waits for the answer.
jobs=$(nproc)
[[ $kind == full ]] || jobs=$((jobs + 1))

logs=$root/build/logs
if ! mkdir -p "$logs" 2>/dev/null || [[ ! -w $logs ]]; then
    echo "test: cannot write to $logs as $(id -un); built as root before?" \
        "Then remove build/, or run this as root again" >&2
    exit 1
fi
passed=0
failed=0
failures=() # each STAGE:TEST

add_failure() {
    failed=$((failed + 1))
    failures+=("$1:$2")
}

# Prints "ok NAME" or "not NAME" for each result line of ctest, or of a script that prints its own.
results_of() {
    local kind=$1 log=$2
    if [[ $kind == - ]]; then
        sed -nE 's/^(ok|not) (ok )?- ([^ :]+).*/\1 \3/p' "$log"
    else
        awk '$1 ~ /^[0-9]+\/[0-9]+$/ && $2 == "Test" {
            sub(/^.*Test +#[0-9]+: /, "")
            print (/ Passed +[0-9.]+ sec/ ? "ok " : "not ") $1 }' "$log"
    fi
}

# Runs one stage; its output goes to the log.
run_stage() {
    local preset=$1 limit=$2
    shift 2
    if [[ $preset == - ]]; then
        timeout -k 10 "$limit" "$@"
        return
    fi
    local folder=build-${preset%%:*}
    [[ $preset != release ]] || folder=build
    timeout -k 10 "$limit" ctest --test-dir "$folder" --output-on-failure --no-tests=error \
        -j "$jobs" "$@"
}

# Counts the results in the stage's log; a failure outside the counted tests counts too.
count_stage() {
    local name=$1 preset=$2 rc=$3 verdict test stage_passed=0 before=$failed
    while read -r verdict test; do
        if [[ $verdict == ok ]]; then
            stage_passed=$((stage_passed + 1))
        else
            add_failure "$name" "$test"
        fi
    done < <(results_of "$preset" "$logs/$name.log")
    passed=$((passed + stage_passed))
    if ((rc == 124 || rc == 137)); then
        add_failure "$name" "(stopped at its limit)"
    elif ((rc != 0 && failed == before)) || ((stage_passed == 0 && failed == before)); then
        add_failure "$name" "(exit status $rc, $stage_passed tests)"
    fi
    stage_failed=$((failed - before))
}

stage() {
    local name=$1 preset=$2 started=$SECONDS rc=0 target targets=()
    printf '%-12s ' "$name"
    if [[ $preset == *:* ]]; then
        for target in ${preset//[:,]/ }; do targets+=(-t "$target"); done
        targets=("${targets[@]:2}") # the first word is the preset
    fi
    if [[ $preset != - ]] &&
        ! "$here/build.sh" -q ${targets[@]+"${targets[@]}"} "${preset%%:*}" >"$logs/$name.log" 2>&1; then
        add_failure "$name" "(build)"
        echo "the build failed, $((SECONDS - started)) s"
        return
    fi
    local built=$((SECONDS - started))
    run_stage "${@:2}" >"$logs/$name.log" 2>&1 || rc=$?
    local before=$passed
    count_stage "$name" "$preset" "$rc"
    echo "$((passed - before)) passed, $stage_failed failed," \
        "$((SECONDS - started)) s ($built s of it the build)"
}

# The end of one failed test's output: after its result line in a ctest log, else the log's end.
tail_of() {
    local log=$logs/$1.log test=$2
    if [[ $test == \(* ]]; then
        tail -n 40 "$log"
    elif grep -q "^not ok - $test" "$log"; then
        grep -A 15 "^not ok - $test" "$log"
    else
        awk -v test="$test" '
            / Test +#[0-9]+: / { within = index($0, ": " test " ") > 0 }
            /^ +Start +[0-9]+: / { within = 0 }
            within' "$log" | tail -n 40
    fi
}

# Every failed test by name; the first few of each stage with their output.
report_failures() {
    local failure stage
    declare -A shown=()
    for failure in "${failures[@]}"; do
        stage=${failure%%:*}
        echo "FAILED $stage: ${failure#*:}"
        shown[$stage]=$((${shown[$stage]:-0} + 1))
        ((shown[$stage] <= 6)) || continue
        tail_of "$stage" "${failure#*:}" | cut -c 1-300 | sed 's/^/    /'
        echo
    done
}

# The scripts install packages too; a single call up front is quicker and fails in one place.
sets=(build test programs musl riscv64)
[[ $kind == full ]] || sets=(build quick)
if ! "$here/install.sh" --set "${sets[@]}"; then
    add_failure install packages
    : >"$logs/install.log"
fi

while read -r name preset limit when what; do
    is_wanted "$name" "$when" || continue
    read -ra words <<<"$what"
    stage "$name" "$preset" "$limit" "${words[@]}" </dev/null # not this list
done < <(stages)

echo
((failed == 0)) || report_failures
echo "$SECONDS s in all"
echo "$passed passed, $failed failed"
((failed == 0 && passed > 0))
