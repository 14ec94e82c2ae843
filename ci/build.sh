#!/usr/bin/env bash
# Builds CMake presets (release if none is named) after installing the packages that a build needs.
#
#   ci/build.sh [-q] [-j JOBS] [-t TARGET] [PRESET...]
#     -q          print nothing unless something was built or failed
#     -j JOBS     so many compilers at a time, else one for each processor
#     -t TARGET   build this target only (may be repeated)
#
# Prints to stderr. The compiler's output stays in BUILD_DIR/build.log and is shown if the build fails.
# SPDX-License-Identifier: MIT
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$here")
# shellcheck source=ci/answers.sh
. "$here/answers.sh"

say() { printf 'build: %s\n' "$*" >&2; }

known=$(sed -n 's/.*"name": "\([a-z0-9]*\)", "displayName".*/\1/p' "$root/CMakePresets.json" | paste -sd' ')
quiet=no
jobs=$(nproc)
targets=()
presets=()
while (($#)); do
    case $1 in
        -h | --help) print_help ;;
        -q) quiet=yes ;;
        -j) need_number 1 "$@"; jobs=$2; shift ;;
        -t) need_value "$@"; targets+=("$2"); shift ;;
        -*) wrong_argument "there is no option $1" ;;
        *)
            [[ " $known " == *" $1 "* ]] || wrong_argument "no preset is named '$1'; there are: $known"
            presets+=("$1")
            ;;
    esac
    shift
done
((${#presets[@]})) || presets=(release)
"$here/install.sh" --set build

dir_of() {
    case $1 in
        release) echo "$root/build" ;;
        *) echo "$root/build-$1" ;;
    esac
}

# Runs one step of a build with its output in the log; shows the log's end if the step fails.
step() {
    local what=$1 log=$2
    shift 2
    if ! "$@" </dev/null >>"$log" 2>&1; then
        say "$what failed; the end of $log:"
        tail -n 60 "$log" >&2
        return 1
    fi
}

configure() {
    local preset=$1 dir=$2 log=$3
    # Without a build file it was never completely configured. CMake itself redoes a stale one. A build that was
    # configured by hand may lack the tests, which the presets have.
    if [[ -e $dir/build.ninja || -e $dir/Makefile ]] &&
        grep -qs '^HEAPALLOC_TESTS:.*=ON\|^KERNEL_UBSAN:' "$dir/CMakeCache.txt"; then
        return
    fi
    say "configuring $preset"
    (cd "$root" && step "configuring $preset" "$log" cmake --preset "$preset")
}

build() {
    local preset=$1 dir log
    dir=$(dir_of "$preset")
    log=$dir/build.log
    if ! mkdir -p "$dir" 2>/dev/null || [[ ! -w $dir || (-e $log && ! -w $log) ]]; then
        say "cannot write to $dir as $(id -un); built as root before? Then remove it, or run this as root again"
        return 1
    fi
    : >"$log"
    configure "$preset" "$dir" "$log"
    [[ $quiet == yes ]] || say "building $preset"
    step "building $preset" "$log" cmake --build "$dir" --parallel "$jobs" \
        ${targets[@]+--target "${targets[@]}"}
    # Something was built, for which the user of a quiet caller had to wait, so say so.
    if [[ $quiet == yes ]] && grep -qE '(Building|Linking) ' "$log"; then
        say "built $preset"
    fi
}

for preset in "${presets[@]}"; do
    build "$preset"
done
