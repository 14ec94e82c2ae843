#!/usr/bin/env bash
# Builds CMake presets (release when none is named) after installing what a build needs.
#
#   ci/build.sh [-q] [-t TARGET] [PRESET...]
#     -q          say nothing unless something was built or failed
#     -t TARGET   build this target only (may be repeated)
#
# Speaks on stderr. The compiler's output stays in BUILD_DIR/build.log and is shown when it fails.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$here")

say() { printf 'build: %s\n' "$*" >&2; }

quiet=no
targets=()
while getopts qt: option; do
    case $option in
        q) quiet=yes ;;
        t) targets+=("$OPTARG") ;;
        *) exit 2 ;;
    esac
done
shift $((OPTIND - 1))
(($#)) || set -- release
"$here/install.sh" --set build

dir_of() {
    case $1 in
        release) echo "$root/build" ;;
        *) echo "$root/build-$1" ;;
    esac
}

# Runs one step of a build, its output to the log; shows the log's end when the step fails.
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
    # No build file: never configured, or not to the end. CMake itself redoes a stale one. A build that was configured
    # by hand has no tests, which the presets have.
    if [[ -e $dir/build.ninja || -e $dir/Makefile ]] && grep -qs '^HEAPALLOC_TESTS:.*=ON\|^KERNEL_UBSAN:' "$dir/CMakeCache.txt"; then
        return
    fi
    say "configuring $preset"
    (cd "$root" && step "configuring $preset" "$log" cmake --preset "$preset")
}

build() {
    local preset=$1 dir log
    dir=$(dir_of "$preset")
    log=$dir/build.log
    mkdir -p "$dir"
    : >"$log"
    configure "$preset" "$dir" "$log"
    [[ $quiet == yes ]] || say "building $preset"
    step "building $preset" "$log" cmake --build "$dir" --parallel "$(nproc)" \
        ${targets[@]+--target "${targets[@]}"}
    # Something was made: a quiet caller's user waited for it, so tell why.
    if [[ $quiet == yes ]] && grep -qE '(Building|Linking) ' "$log"; then
        say "built $preset"
    fi
}

for preset in "$@"; do
    build "$preset"
done
