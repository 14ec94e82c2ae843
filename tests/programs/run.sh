#!/usr/bin/env bash
# Runs real programs on glibc's malloc and on a preloaded allocator and compares what they print.
#
#   tests/programs/run.sh [-k] LIB [NAME...]    NAME is a case file or a program of it, FILE.PROGRAM
#   tests/programs/run.sh -l                    lists the programs
#     -k   keep the folders of failed programs and name them
#
# A case file in cases/, or in heavy/ for programs that take long to install or run, sets `packages` and `processes` and
# defines functions program_NAME; each is run twice in a folder of its own, under `bash -eu`, everything it starts
# included. Optional:
#   prepare            makes inputs once, on glibc's malloc, in the folder $INPUT
#   packages_NAME      packages without which this program is skipped, with a word
#   processes_NAME     patterns of executables that must have run on LIB, instead of `processes`
#   spared_NAME        patterns of executables that must not have LIB (setuid)
#   own_malloc_NAME    a pattern of executables that bring a malloc of their own
#   judge_NAME         judges the two runs itself, in place of "the same output and exit status"
# It is checked that LIB served malloc: a second preloaded library (src/witness.c) records in each process whose malloc
# it is; a program passes only if every process on that list ran on LIB. emulated.sh runs the same cases with another
# processor's programs: EMULATED_FOLDER and EMULATED_PAGES are its settings.
# SPDX-License-Identifier: MIT
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
limit_seconds=120

# The path of a case file.
path_of() { find "$here/cases" "$here/heavy" -name "$1.sh"; }

# The programs of one case file, in the file's order.
programs_of() { sed -n 's/^program_\([a-z0-9_]*\)().*/\1/p' "$(path_of "$1")"; }

case_files() { find "$here/cases" "$here/heavy" -name '*.sh' -printf '%f\n' | sed 's/\.sh$//' | sort; }

list_all() {
    local file
    for file in $(case_files); do
        programs_of "$file" | sed "s/^/$file./"
    done
}

keep=no
while getopts kl option; do
    case $option in
        k) keep=yes ;;
        l) list_all && exit ;;
        *) exit 2 ;;
    esac
done
shift $((OPTIND - 1))
lib=$(realpath -e "${1:?usage: run.sh [-k] LIB [NAME...]}")
shift

# The programs see the same environment except for the preload.
unset LD_PRELOAD LD_LIBRARY_PATH HEAPALLOC MALLOC_ARENA_MAX MALLOC_PERTURB_ GLIBC_TUNABLES
export LC_ALL=C.UTF-8 TZ=UTC0
work=$(mktemp -d "${TMPDIR:-/tmp}/programs.XXXXXX")
chmod 755 "$work" # the setuid case is entered by another user
[[ $keep == yes ]] || trap 'rm -rf "$work"' EXIT
passed=0
failed=0

# Runs one function of the case file in a shell of its own, after the words in front of its name.
in_case() {
    local function=$1
    shift
    # shellcheck disable=SC2016 # the inner shell expands
    INPUT=$work/input SOURCES=$here/src "$@" \
        bash -eu -o pipefail -c '. "$1"; "$2"' case "$case_file" "$function" </dev/null
}

# Runs one program of the sourced case file under a preload; its folder has the same path each time.
run_under() {
    local who=$1 preload=$2 program=$3 rc=0
    mkdir "$work/run"
    : >"$work/witness" && chmod 666 "$work/witness"
    (
        cd "$work/run"
        export HOME=$work/run WITNESS_FILE=$work/witness
        in_case "program_$program" timeout -k 5 "$limit_seconds" env "PATH=$programs_path" "$preload_by=$preload"
    ) >"$work/out.$who" 2>"$work/err.$who" || rc=$?
    echo "$rc" >"$work/rc.$who"
    sort -u "$work/witness" >"$work/witness.$who"
    mv "$work/run" "$work/folder.$who"
}

# Prints what is wrong with the list of processes, or nothing.
judge_witness() {
    local wanted=$1 spared=$2 own=$3 executable pages object pattern found
    local - # the patterns are not names of files here
    set -f
    while read -r executable pages object; do
        [[ $pages == "${EMULATED_PAGES:-$pages}" ]] || echo "$executable had pages of $pages bytes"
    done <"$work/witness.heapalloc"
    if grep -qF " $lib" "$work/witness.glibc"; then
        echo "the reference run had the library too"
    fi
    while read -r executable _ object; do
        # shellcheck disable=SC2053 # a pattern is meant
        [[ $object == "$lib" || -n $own && $executable == $own ]] ||
            echo "$executable ran on the malloc of $object"
        for pattern in $spared; do
            # shellcheck disable=SC2053 # a pattern is meant
            [[ $executable != $pattern ]] || echo "$executable should have ignored the library"
        done
    done <"$work/witness.heapalloc"
    for pattern in $wanted; do
        found=no
        while read -r executable _ object; do
            # shellcheck disable=SC2053 # a pattern is meant
            [[ $executable != $pattern ]] || found=yes
        done <"$work/witness.heapalloc"
        [[ $found == yes ]] || echo "no process $pattern ran on the library"
    done
}

# Prints where the two runs differ, or nothing.
judge_same() {
    local rc
    rc=$(<"$work/rc.glibc")
    if ((rc != 0)); then
        echo "exit status $rc on glibc's malloc already: the case is broken here"
        tail -n 5 "$work/out.glibc" "$work/err.glibc"
    fi
    if ! cmp -s "$work/rc.glibc" "$work/rc.heapalloc"; then
        echo "exit status $(<"$work/rc.heapalloc"), and $rc on glibc's malloc"
        tail -n 5 "$work/err.heapalloc"
    fi
    diff "$work/out.glibc" "$work/out.heapalloc" | head -n 10
    diff "$work/err.glibc" "$work/err.heapalloc" | head -n 10
}

judge() {
    local program=$1 wanted spared own
    wanted=processes_$program
    spared=spared_$program
    own=own_malloc_$program
    if declare -F "judge_$program" >/dev/null; then
        "judge_$program"
    else
        judge_same
    fi
    judge_witness "${!wanted-${processes:-}}" "${!spared-}" "${!own-}"
}

run_program() {
    local name=$1 program=$2 started=$SECONDS complaint
    rm -rf "$work"/*.glibc "$work"/*.heapalloc
    run_under glibc "$witness" "$program"
    run_under heapalloc "$preload:$witness" "$program"
    complaint=$(judge "$program" || true)
    if [[ -z $complaint ]]; then
        echo "ok - $name.$program ($((SECONDS - started)) s)"
        return
    fi
    echo "not ok - $name.$program"
    awk '{ print "#   " $0 }' <<<"$complaint"
    [[ $keep == no ]] || cp -r "$work" "$work.$name.$program"
    [[ $keep == no ]] || echo "#   kept in $work.$name.$program"
    return 1
}

# Whether the program's own packages are there, or could be installed; says what is missing.
has_packages() {
    local variable=packages_$2
    local list=${!variable-}
    [[ -n $list && -z ${EMULATED_FOLDER-} ]] || return 0
    # shellcheck disable=SC2086 # a list of words
    if "$here/../../ci/install.sh" $list >"$work/install" 2>&1 && dpkg-query -W $list >"$work/install" 2>&1; then
        return
    fi
    echo "skipped - $1.$2: not all of these can be installed: $list"
    return 1
}

# In a subshell, so that one case file's names are gone before the next.
run_file() {
    local name=$1 only=$2 program wrong=0
    # shellcheck disable=SC2034 # read by judge through its name
    local packages="" processes=""
    case_file=$(path_of "$name")
    [[ $case_file != */heavy/* ]] || limit_seconds=600
    # shellcheck source=/dev/null
    . "$case_file"
    # shellcheck disable=SC2086 # a list of words
    [[ -z $packages || -n ${EMULATED_FOLDER-} ]] || "$here/../../ci/install.sh" $packages
    rm -rf "$work/input" && mkdir "$work/input"
    if declare -F prepare >/dev/null &&
        ! (cd "$work/input" && in_case prepare timeout 120 env "PATH=$programs_path") >"$work/prepare" 2>&1; then
        echo "not ok - $name: its inputs could not be made"
        sed 's/^/#   /' "$work/prepare" | tail
        return 1
    fi
    for program in $(programs_of "$name"); do
        [[ -z $only || $only == "$program" ]] || continue
        has_packages "$name" "$program" || continue
        run_program "$name" "$program" || wrong=1
    done
    return "$wrong"
}

"$here/../../ci/install.sh" gcc libc6-dev
compiler=gcc
preload_by=LD_PRELOAD
programs_path=$PATH
preload=$lib
witness=$work/witness.so
# An emulated program has its preload from the relay that starts it. Each loader reads its processor's name for $LIB,
# so that a program of this machine, such as the /bin/sh of system(), finds libraries that do nothing.
if [[ -n ${EMULATED_FOLDER-} ]]; then
    compiler=aarch64-linux-gnu-gcc
    preload_by=EMULATED_PRELOAD
    programs_path=$EMULATED_FOLDER/bin:$PATH
    mkdir -p "$work"/lib/{aarch64,x86_64}-linux-gnu
    ln -s "$lib" "$work/lib/aarch64-linux-gnu/preload.so"
    ln -s "$witness" "$work/lib/aarch64-linux-gnu/witness.so"
    for name in preload witness; do
        gcc -shared -x c /dev/null -o "$work/lib/x86_64-linux-gnu/$name.so"
    done
    lib=$work/lib/aarch64-linux-gnu/preload.so
    preload=$work/\$LIB/preload.so
    witness=$work/\$LIB/witness.so
fi
"$compiler" -O1 -shared -fPIC -Wl,-z,now "$here/src/witness.c" -o "$work/witness.so"
known=$'\n'$(list_all)$'\n'
(($#)) || mapfile -t names < <(case_files)
(($# == 0)) || names=("$@")
for name in "${names[@]}"; do
    if [[ $known != *$'\n'"$name"[.$'\n']* ]]; then
        echo "not ok - $name: there is no such program"
        failed=$((failed + 1))
        continue
    fi
    only=
    [[ $name != *.* ]] || only=${name#*.}
    (run_file "${name%%.*}" "$only") | tee "$work/report" && rc=0 || rc=$?
    passed=$((passed + $(grep -c '^ok ' "$work/report" || true)))
    failed=$((failed + $(grep -c '^not ok ' "$work/report" || true)))
    if ((rc != 0)) && ! grep -q '^not ok ' "$work/report"; then
        echo "not ok - $name: the runner failed"
        failed=$((failed + 1))
    fi
done
echo "$passed passed, $failed failed"
((failed == 0 && passed > 0))
