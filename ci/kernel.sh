#!/usr/bin/env bash
# Builds the bare-machine kernel; boots it under QEMU into its shell, or tests it.
#
#   ci/kernel.sh                     build and boot; leave with `exit` or Ctrl-A X
#   ci/kernel.sh ARGUMENTS           boot with these boot arguments: test=all, wcet, ...
#   ci/kernel.sh build               build only: build-kernel/heap.img and heap.elf
#   ci/kernel.sh test [RUN.PY ARGS]  host tests, then a representative part of the matrix (two minutes)
#   ci/kernel.sh test --all          host tests, then the whole matrix
#   ci/kernel.sh boards              small heap, example and explorer on Cortex-M, RISC-V and AArch64
#   ci/kernel.sh tables              rewrite the figures in kernel/README.md
#
# Each test prints a line "ok - NAME" or "not ok - NAME".
# KERNEL_BUILD=DIR builds in another folder than build-kernel.
# SPDX-License-Identifier: MIT
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=ci/answers.sh
. "$root/ci/answers.sh"
build=${KERNEL_BUILD:-$root/build-kernel}

build_quietly() {
    local log=$1/build.log
    cmake --build "$1" >"$log" 2>&1 || { tail -n 40 "$log" >&2; return 1; }
}

build_image() {
    local folder=$1
    shift
    (cd "$root" && cmake --preset kernel -B "$folder" "$@" >/dev/null)
    build_quietly "$folder"
}

# ctest's verdicts in our format; the output of failed tests is shown.
host_tests() {
    local log=$build-host/ctest.log rc=0
    cmake -S "$root/kernel/tests" -B "$build-host" -G Ninja >/dev/null
    build_quietly "$build-host"
    ctest --test-dir "$build-host" --output-on-failure --no-tests=error -j 2 --timeout 120 \
        >"$log" 2>&1 || rc=$?
    awk '$1 ~ /^[0-9]+\/[0-9]+$/ && $2 == "Test" {
        sub(/^.*Test +#[0-9]+: /, "")
        print (/ Passed +[0-9.]+ sec/ ? "ok - " : "not ok - ") $1 }' "$log"
    ((rc == 0)) || sed 's/^/#   /' "$log"
    return "$rc"
}

run_tests() {
    local rc=0
    "$root/ci/install.sh" --set build
    build_image "$build"
    build_image "$build-ubsan" -DKERNEL_UBSAN=ON
    host_tests || rc=1
    python3 -B "$root/kernel/tests/bound_test.py" || rc=1
    python3 -B "$root/kernel/tests/wcet.py" --image "$build" || rc=1
    python3 -B "$root/kernel/tests/size.py" || rc=1
    python3 -B "$root/kernel/tests/fill.py" || rc=1
    python3 -B "$root/kernel/tests/run.py" --image "$build" --ubsan "$build-ubsan" "$@" || rc=1
    return "$rc"
}

write_tables() {
    build_image "$build"
    python3 -B "$root/kernel/tests/wcet.py" --image "$build" --write
    python3 -B "$root/kernel/tests/size.py" --write
    python3 -B "$root/kernel/tests/fill.py" --write
}

boot() {
    build_image "$build"
    local serial=stdio
    [[ ! -t 0 ]] || serial=mon:stdio # Ctrl-C goes to the kernel, Ctrl-A X ends QEMU
    exec qemu-system-aarch64 -M virt,gic-version=3 -cpu cortex-a72 -smp 4 -m 128M -nodefaults \
        -display none -serial "$serial" -semihosting -kernel "$build/heap.img" -append "$*"
}

# The words that kernel/options.c knows, and the options of kernel/tests/run.py, are checked before anything is built.
check_arguments() {
    local word
    case ${1-} in
        -h | --help) print_help ;;
        build | tables) (($# == 1)) || wrong_argument "$1 takes no arguments, not '$2'" ;;
        test)
            shift
            while (($#)); do
                case $1 in
                    --all | --list) ;;
                    -k | -j) need_value "$@"; shift ;;
                    *) wrong_argument "test has no option '$1'" ;;
                esac
                shift
            done
            ;;
        *)
            for word; do
                case $word in
                    repl | wcet | wcet=* | test=* | seed=* | iters=* | hz=* | ram=* | cores=* | el=* | gic=*) ;;
                    patience=* | beyond=* | hole=* | callers=*) ;;
                    *) wrong_argument "no boot argument is named '$word'" ;;
                esac
            done
            ;;
    esac
}

if [[ ${1:-} == boards ]]; then
    "$root/ci/install.sh" --set boards
    exec python3 -B "$root/kernel/tests/boards.py"
fi
check_arguments "$@"
"$root/ci/install.sh" --set kernel
"$root/ci/install.sh" cmake ninja-build
case ${1:-} in
    build) build_image "$build" ;;
    test) shift && run_tests "$@" ;;
    tables) write_tables ;;
    *) boot "${@:-repl}" ;;
esac
