#!/usr/bin/env bash
# Tests the scripts of this folder: help, wrong arguments, verdicts, results that survive an interrupted run.
#
#   ci/scripts_test.sh
#
# Prints a line "ok - NAME" or "not ok - NAME" for each test.
# SPDX-License-Identifier: MIT
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$here")
# shellcheck source=ci/answers.sh
. "$here/answers.sh"
no_arguments "$@"
cd "$root"
exec </dev/null
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
wrong=0

check() {
    local name=$1 said
    shift
    if said=$(set -e; "$@" 2>&1); then
        echo "ok - $name"
    else
        echo "not ok - $name"
        head -n 40 <<<"$said" | sed 's/^/#   /'
        wrong=$((wrong + 1))
    fi
}

fail() {
    echo "$*"
    exit 1
}

# refuses WORDS SCRIPT ARGUMENTS...: exit status 2, one line, with WORDS in it, nothing on stdout, nothing installed.
refuses() {
    local words=$1 rc=0
    shift
    PATH="$work/bin:$PATH" timeout 20 "$@" >"$work/out" 2>"$work/err" </dev/null || rc=$?
    ((rc == 2)) || fail "'$*' ends with $rc: $(cat "$work/out" "$work/err")"
    [[ ! -s $work/out && $(wc -l <"$work/err") == 1 ]] ||
        fail "'$*' says more than a line: $(cat "$work/out" "$work/err")"
    [[ $(<"$work/err") == *"$words"* ]] || fail "'$*' does not say '$words' but: $(cat "$work/err")"
    [[ ! -e $work/acted ]] || fail "'$*' has already begun: $(cat "$work/acted")"
}

# Made-up tools, which show that a script has begun to work.
mkdir "$work/bin"
for tool in dpkg-query apt-get cmake ctest; do
    # shellcheck disable=SC2016 # the made-up tool expands it
    printf '#!/bin/sh\necho "$0" >>%s/acted\n' "$work" >"$work/bin/$tool"
done
chmod +x "$work"/bin/*

runnable_scripts() {
    find ci \( -name '*.sh' -o -name '*.py' \) -executable
}

every_script_helps() {
    local script flag said
    while read -r script; do
        for flag in --help -h; do
            said=$(PATH="$work/bin:$PATH" "$script" "$flag" </dev/null) || fail "$script $flag ends with $?"
            [[ $said == *"$script"* ]] || fail "$script $flag does not show how to call it"
        done
        [[ ! -e $work/acted ]] || fail "$script --help does something"
    done < <(runnable_scripts)
}

every_script_names_a_wrong_argument() {
    local script
    while read -r script; do
        refuses "--no-such-option" "$script" --no-such-option
    done < <(runnable_scripts)
}

wrong_words_are_named() {
    refuses "no preset is named 'relase'; there are: release debug" ci/build.sh relase
    refuses "-t wants a value" ci/build.sh -t
    refuses "no stage is named 'relase'; there are: release" ci/test.sh house relase
    refuses "either --quick or stages" ci/test.sh --quick house
    refuses "no part is named 'count'; there are: counts startup" ci/bench.sh --only count
    refuses "no allocator is named 'jmalloc'; known are: heapalloc" ci/bench.sh --allocator jmalloc
    refuses "NAME=PATH of a library that exists, not 'mine=/nowhere'" ci/bench.sh --with mine=/nowhere
    refuses "results cannot be written to $work/bin/cmake/results" ci/bench.sh --out "$work/bin/cmake/results"
    refuses "a number from 5 on, not '4'" ci/try.sh --compare --rounds 4 true
    refuses "--rounds is for --compare" ci/try.sh --rounds 7 true
    refuses "there is no library /nowhere" ci/compare.sh /nowhere
    refuses "no boot argument is named 'tset=all'" ci/kernel.sh tset=all
    refuses "test has no option '--al'" ci/kernel.sh test --al
    refuses "no set is named 'tests'" ci/install.sh --set tests
    refuses "name a package" ci/install.sh
    refuses "there is no folder /nowhere" ci/layers.sh /nowhere
}

# figures FILE LINE...
figures() {
    printf '%s\n' "${@:2}" >"$work/$1"
}

# says ROW WORDS: expects a row of the comparison of the two files of figures.
says() {
    local said
    said=$(awk -v title=program -v name=ours -f ci/compare.awk "$work/glibc" "$work/ours")
    grep -F -- "$1" <<<"$said" | grep -qF -- "$2" || fail "not '$2' of '$1' but: $said"
}

# Columns: CPU time, wall time, peak memory in KiB, faults.
differences_are_told() {
    figures glibc "1.00 2 1024 100" "1.02 2 1024 100" "1.01 3 1024 100" "1.30 9 1024 100" "1.00 2 1024 100"
    figures ours "0.95 2 1024 150" "0.96 2 1025 150" "0.95 3 1024 150" "1.25 2 1024 150" "0.94 4 1023 150"
    says "CPU time in s" "5.9 % less CPU time" # in every round, though the rounds spread by 30 %
    says "CPU time in s" "1.010 (1.000 to 1.300)"
    says "wall time" "within 1 %"
    says "peak memory in MiB" "within 1 %"
    says "page faults" "50 % more page faults"
    says "=>" "ours: 5.9 % less CPU time, 50 % more page faults."
    figures ours "0.95 2 1024 100" "0.96 2 1024 100" "0.95 3 1024 100" "1.31 2 1024 100" "0.94 2 1024 100"
    says "CPU time in s" "5.9 % less CPU time in 4 of 5 rounds: not certain"
    says "=>" "no clear difference"
    figures glibc "0.004 1 1 0" "0.004 1 1 0" "0.004 1 1 0" "0.004 1 1 0" "0.004 1 1 0"
    figures ours "0.008 1 1 0" "0.008 1 1 0" "0.008 1 1 0" "0.008 1 1 0" "0.008 1 1 0"
    says "CPU time in s" "too short a run to tell"
    says "page faults" "none on either"
}

# Any library will do: libc itself is preloaded here.
libc() {
    ldd /bin/sh | awk '$1 ~ /^libc\.so/ { print $3 }'
}

programs_are_compared() {
    local said rc=0
    said=$(seq 100 | ci/compare.sh "$(libc)" sort -rn) || fail "it ends with $?: $said"
    [[ $said == *"5 rounds in turn"* && $said == *"Every run printed the same"* ]] || fail "it says: $said"
    said=$(ci/compare.sh "$(libc)" sh -c 'exit 3') || fail "it ends with $?"
    [[ $said == *"exit status 3"* ]] || fail "it says: $said"
    # shellcheck disable=SC2016 # the shell that is compared expands it
    said=$(ci/compare.sh "$(libc)" sh -c 'test -z "$LD_PRELOAD" || { echo lost; exit 9; } >&2' 2>&1) || rc=$?
    [[ $rc == 1 && $said == *"does not end alike"*"0 9"*"lost"* ]] || fail "it ends with $rc and says: $said"
}

# bench/run.py with a made-up part instead of measurements.
run_bench() {
    python3 -B - "$@" <<'PY'
import signal, sys, time, types
signal.signal(signal.SIGINT, signal.default_int_handler) # a shell's background jobs ignore it
sys.path.insert(0, "bench")
import run
def measure(context):
    with open(context.file("startup.csv"), "w") as file:
        file.write("new\n")
    print("measuring", flush=True)
    time.sleep(30 if run.waits else 0)
    return {}
part = types.ModuleType("startup.part")
part.run = measure
sys.modules["startup.part"] = part
run.waits = sys.argv.pop(1) == "wait"
sys.argv[0] = "run.py"
build = types.ModuleType("report.build")
build.write_all = lambda document, folder, say: "summary"
sys.modules["report.build"] = build
sys.exit(run.main())
PY
}

older_results_survive() {
    local out=$work/results pid rc=0 signal
    mkdir "$out"
    echo old >"$out/startup.csv"
    for signal in TERM INT; do
        run_bench wait --build "$work" --out "$out" --only startup >"$work/said" 2>&1 &
        pid=$!
        while ! grep -q measuring "$work/said" 2>/dev/null; do sleep 0.05; kill -0 "$pid" 2>/dev/null || break; done
        pkill -"$signal" -P "$pid" python3 || true
        rc=0
        wait "$pid" || rc=$?
        ((rc != 0)) || fail "an interrupted run ends with 0"
        [[ $signal == TERM || $(<"$work/said") == *interrupted* ]] || fail "it says: $(cat "$work/said")"
        [[ $(ls -A "$out") == startup.csv && $(<"$out/startup.csv") == old ]] || fail "after $signal: $(ls -A "$out")"
        rm -f "$work/said"
    done
}

results_come_whole() {
    local out=$work/fresh
    run_bench go --build "$work" --out "$out" --only startup
    [[ $(<"$out/startup.csv") == new && -s $out/results.json ]] || fail "$(ls -lA "$out")"
    [[ -z $(find "$out" -name '.*' -mindepth 1) ]] || fail "a temporary folder is left"
}

absent_allocators_are_named() {
    local rc=0 said
    said=$(run_bench go --build "$work" --out "$work/none" --only startup --allocator heapalloc 2>&1) || rc=$?
    [[ $rc == 2 && $said == *"no allocator named heapalloc is here; found: glibc"* ]] || fail "$rc: $said"
    [[ ! -e $work/none ]] || fail "it left its folder behind"
}

# Run as a user who may not write to the build folder.
foreign_builds_are_explained() {
    local said rc=0 as_user=()
    ((EUID != 0)) || as_user=(setpriv --reuid=65534 --regid=65534 --clear-groups)
    mkdir -p "$work/tree/build"
    cp -r ci CMakePresets.json "$work/tree"
    chmod 755 "$work" "$work/tree"
    chmod 555 "$work/tree/build"
    said=$("${as_user[@]}" env HEAPALLOC_INSTALL=no "$work/tree/ci/build.sh" 2>&1) || rc=$?
    [[ $rc == 1 && $said == *"cannot write to $work/tree/build as"* ]] || fail "$rc: $said"
    rc=0
    said=$("${as_user[@]}" env HEAPALLOC_INSTALL=no "$work/tree/ci/test.sh" house 2>&1) || rc=$?
    [[ $rc == 1 && $said == *"cannot write to $work/tree/build/logs as"* ]] || fail "$rc: $said"
}

# apt-get is made up: it answers as WITH says, "fails" or "works"; dpkg unpacks nothing.
unpack() {
    mkdir -p "$work/apt"
    cat >"$work/apt/apt-get" <<'FAKE'
#!/bin/sh
[ "$WITH" = works ] || { echo 'E: no network'; exit 100; }
echo "$*" >>"$CALLS"
case $2 in download) touch made_up.deb ;; esac
FAKE
    cat >"$work/apt/dpkg" <<'FAKE'
#!/bin/sh
mkdir -p "$3"
FAKE
    chmod +x "$work/apt/apt-get" "$work/apt/dpkg"
    CALLS=$work/apt/calls PATH=$work/apt:$PATH ci/unpack.sh arm64 "$work/other/system" musl
}

packages_are_unpacked_once_or_missed() {
    local said rc=0
    said=$(WITH=fails unpack 2>&1) || rc=$?
    [[ $rc == 1 && $said == *"no network"*"could not be fetched (apt-get update)"* ]] || fail "$rc: $said"
    rc=0
    said=$(HEAPALLOC_INSTALL=no WITH=works unpack 2>&1) || rc=$?
    [[ $rc == 1 && $said == *"lacks packages of arm64"*"musl-tools"* ]] || fail "$rc: $said"
    said=$(unset HEAPALLOC_INSTALL && WITH=works unpack 2>&1) || fail "it ends with $?: $said"
    [[ $said == *"fetching 1 packages of arm64"*"musl-tools"* ]] || fail "it says: $said"
    [[ $(paste -sd, "$work/apt/calls") == "-q update,-q download musl-tools" ]] || fail "$(cat "$work/apt/calls")"
    said=$(WITH=fails unpack 2>&1) || fail "it does not see that all is there: $said"
    [[ -z $said ]] || fail "it speaks when nothing is missing: $said"
    [[ $(find "$work/other" -mindepth 1 | wc -l) == 2 ]] || fail "left: $(ls -A "$work/other")"
}

check every_script_helps every_script_helps
check every_script_names_a_wrong_argument every_script_names_a_wrong_argument
check wrong_words_are_named wrong_words_are_named
check differences_are_told differences_are_told
check programs_are_compared programs_are_compared
check older_results_survive older_results_survive
check results_come_whole results_come_whole
check absent_allocators_are_named absent_allocators_are_named
check packages_are_unpacked_once_or_missed packages_are_unpacked_once_or_missed
check foreign_builds_are_explained foreign_builds_are_explained
((wrong == 0))
