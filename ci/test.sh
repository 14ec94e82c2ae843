#!/usr/bin/env bash
# Installs the packages that the tests need, builds, runs the stages of ci/stages.txt and counts the tests.
#
#   ci/test.sh            everything: less than thirty minutes on two cores
#   ci/test.sh --quick    the tests that a change breaks first: less than four minutes, once built
#   ci/test.sh STAGE...   these stages
#
# Two stages run at a time, the second with fewer tests at once than the first, so that no processor waits for the end
# of one, nor for a test that sleeps. A failing stage does not stop the next. The last line is 'N passed, N failed',
# where a failed build, a stage that is stopped at its limit and a stage without tests count as failed tests. Exit 1 if
# anything failed. Each stage's log is build/logs/STAGE.log.
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

logs=$root/build/logs
if ! mkdir -p "$logs" 2>/dev/null || [[ ! -w $logs ]]; then
    echo "test: cannot write to $logs as $(id -un); built as root before?" \
        "Then remove build/, or run this as root again" >&2
    exit 1
fi
passed=0
failed=0
failures=() # each STAGE:TEST
stage_failed=0

add_failure() {
    failed=$((failed + 1))
    failures+=("$1:$2")
}

# Prints "ok NAME" or "not NAME" for each result line of ctest, or of a script that prints its own.
results_of() {
    local kind=$1 log=$2
    if [[ $kind == -* ]]; then
        sed -nE 's/^(ok|not) (ok )?- ([^ :]+).*/\1 \3/p' "$log"
    else
        awk '$1 ~ /^[0-9]+\/[0-9]+$/ && $2 == "Test" {
            sub(/^.*Test +#[0-9]+: /, "")
            print (/ Passed +[0-9.]+ sec/ ? "ok " : "not ") $1 }' "$log"
    fi
}

# The folder that the stage of this preset builds in; - if it has its own.
folder_of() {
    local preset=${1#-:}
    case ${preset%%:*} in
        -) echo - ;;
        release) echo build ;;
        *) echo "build-${preset%%:*}" ;;
    esac
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

# Builds what the preset names: PRESET or PRESET:TARGET,...
build_stage() {
    local jobs=$1 preset=$2 target targets=()
    if [[ $preset == *:* ]]; then
        for target in ${preset//[:,]/ }; do targets+=(-t "$target"); done
        targets=("${targets[@]:2}") # the first word is the preset
    fi
    timeout -k 10 3600 "$here/build.sh" -q -j "$jobs" ${targets[@]+"${targets[@]}"} "${preset%%:*}"
}

# Builds and runs one stage, JOBS tests at a time. Its output goes to the log, and to LOG.end: the exit status (or
# "build"), the seconds, and how many of them the build took.
run_stage() {
    local jobs=$1 name=$2 preset=$3 limit=$4 started=$SECONDS built=0 rc=0 command=("${@:5}")
    local log=$logs/$name.log
    rm -f "$log.end"
    if [[ $preset != -* ]]; then
        build_stage "$jobs" "$preset" >"$log" 2>&1 || rc=build
        built=$((SECONDS - started))
        command=(ctest --test-dir "$(folder_of "$preset")" --output-on-failure --no-tests=error -j "$jobs" "${@:5}")
    fi
    [[ $rc == build ]] || timeout -k 10 "$limit" "${command[@]}" >"$log" 2>&1 || rc=$?
    echo "$rc $((SECONDS - started)) $built" >"$log.end"
}

# Counts a stage that has ended, and prints its line.
end_stage() {
    local name=$1 preset=$2 rc=137 seconds=0 built=0 before=$passed
    [[ ! -s $logs/$name.log.end ]] || read -r rc seconds built <"$logs/$name.log.end" # else it was killed
    rm -f "$logs/$name.log.end"
    if [[ $rc == build ]]; then
        add_failure "$name" "(build)"
        printf '%-12s the build failed, %s s\n' "$name" "$seconds"
        return
    fi
    count_stage "$name" "$preset" "$rc"
    printf '%-12s %s passed, %s failed, %s s (%s s of it the build)\n' "$name" "$((passed - before))" "$stage_failed" \
        "$seconds" "$built"
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

# The scripts install packages too; a single call up front is quicker, fails in one place, and changes nothing while
# tests run.
sets=(build test programs musl riscv64 kernel boards abi documents)
[[ $kind == full ]] || sets=(build quick)
if ! "$here/install.sh" --set "${sets[@]}"; then
    add_failure install packages
    : >"$logs/install.log"
fi

# The stages that wait, a line each, and of each lane the running stage and its process.
waiting=()
while read -r name preset limit when what; do
    ! is_wanted "$name" "$when" || waiting+=("$name $preset $limit $what")
done < <(stages)
declare -A running=() pids=()
lane_jobs=("$(nproc)" $((($(nproc) + 1) / 2)))

# Whether a running stage uses this folder: two stages of one preset never run at once.
is_used() {
    local stage preset
    [[ $1 != - ]] || return 1
    for stage in "${running[@]}"; do
        read -r _ preset _ <<<"$stage"
        [[ $(folder_of "$preset") != "$1" ]] || return 0
    done
    return 1
}

# Starts the first waiting stage whose folder is free.
start_in() {
    local lane=$1 i preset words
    for i in "${!waiting[@]}"; do
        read -r _ preset _ <<<"${waiting[i]}"
        ! is_used "$(folder_of "$preset")" || continue
        read -ra words <<<"${waiting[i]}"
        running[$lane]=${waiting[i]}
        unset "waiting[i]"
        run_stage "${lane_jobs[lane]}" "${words[@]}" &
        pids[$lane]=$!
        return
    done
}

# Counts the lane's stage if its process has ended.
end_in() {
    local lane=$1 name preset
    ! kill -0 "${pids[$lane]}" 2>/dev/null || return 0
    read -r name preset _ <<<"${running[$lane]}"
    unset "running[$lane]" "pids[$lane]"
    end_stage "$name" "$preset"
}

# An interrupted run leaves nothing behind: `timeout` passes the signal on to all that it has started.
stop_stages() {
    local pid
    for pid in "${pids[@]}"; do pkill -TERM -P "$pid" || true; done
}
trap stop_stages EXIT
trap 'exit 130' INT TERM

while true; do
    for lane in "${!lane_jobs[@]}"; do
        [[ -n ${pids[$lane]-} ]] || start_in "$lane"
    done
    ((${#pids[@]})) || break
    wait -n "${pids[@]}" || true
    for lane in "${!pids[@]}"; do end_in "$lane"; done
done

echo
((failed == 0)) || report_failures
echo "$SECONDS s in all"
echo "$passed passed, $failed failed"
((failed == 0 && passed > 0))
