#!/usr/bin/env bash
# Fuzzes the malloc family over the scripted world: random operations, a shadow of the live blocks, and the verifier;
# and what reads files in the program `heapalloc`: profiles, and core files that are changed at random.
#
#   ci/fuzz.sh MINUTES [default|hardened|profile|readers]...     each for so many minutes
#
# Needs clang with libFuzzer. Inputs are kept in build/fuzz/corpus-NAME; one that fails is build/fuzz/crash-*, and
# `build/fuzz/operations-BUILD build/fuzz/crash-...`, or `build/fuzz/profile ...`, runs it again. Exit 1 if one failed.
# SPDX-License-Identifier: MIT
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$here")
# shellcheck source=ci/answers.sh
. "$here/answers.sh"

minutes='' builds=()
for word; do
    case $word in
        -h | --help) print_help ;;
        default | hardened | profile | readers) builds+=("$word") ;;
        [1-9] | [1-9][0-9] | [1-9][0-9][0-9]) minutes=$word ;;
        *) wrong_argument "neither minutes (1 to 999) nor a target (default, hardened, profile, readers): '$word'" ;;
    esac
done
[[ $minutes ]] || wrong_argument "for how many minutes?"
((${#builds[@]})) || builds=(default hardened profile readers)
command -v clang >/dev/null || { echo "fuzz: clang is not installed" >&2 && exit 1; }

cd "$root"
out=$root/build/fuzz
mkdir -p "$out"
mapfile -t core < <(find lib -name '*.c' ! -path 'lib/shell/*' | sort)
family=(malloc free calloc realloc malloc_usable_size posix_memalign aligned_alloc memalign valloc pvalloc free_sized
    free_aligned_sized cfree __libc_malloc __libc_free __libc_calloc __libc_realloc __libc_memalign __libc_valloc
    __libc_pvalloc __posix_memalign)
renamed=()
for name in "${family[@]}"; do renamed+=("-D$name=t_$name"); done

# Runs a target for so long; what it said is in its log.
fuzz() {
    local name=$1 program=$2
    shift 2
    "$out/$program" -max_total_time=$((minutes * 60)) -max_len=3000 -timeout=60 -print_final_stats=1 \
        -artifact_prefix="$out/crash-" "$out/corpus-$name" "$@" 2>"$out/$name.log" || bad=1
    grep -E '^stat::(number_of_executed_units|average)|^fuzz:|heapalloc|ERROR' "$out/$name.log" |
        sed "s/^/$name: /" || true
}

fuzz_profile() {
    local sources=(tests/fuzz/profile.c)
    for name in call_tree export_collapsed export_formats export_massif export_pprof export_speedscope heap_profile \
        heap_profile_parse heap_profile_pprof heap_profile_text json_numbers json_text names number_map \
        pprof_tables profile_file symbols_none unzip wire; do
        sources+=("tools/$name.c")
    done
    mkdir -p "$out/corpus-profile"
    clang -std=gnu11 -O1 -g -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined \
        -Iinclude -Ilib -Itools -DHEAPALLOC_ZLIB "${sources[@]}" -lm -lz -o "$out/profile"
    fuzz profile profile tests/fuzz/profiles
}

bad=0
for build in "${builds[@]}"; do
    if [[ $build == profile ]]; then
        fuzz_profile
        continue
    fi
    safety=1
    [[ $build == hardened ]] && safety=2
    flags=(-std=gnu11 -O1 -g -fsanitize=fuzzer-no-link -fno-builtin "-DHEAPALLOC_SAFETY=$safety" -DHEAPALLOC_DEBUG=1
        -DHEAPALLOC_ASIDE=0 -Ilib -Iinclude -Ishim -Itests)
    objects=$out/$build
    rm -rf "$objects" && mkdir -p "$objects" "$out/corpus-$build"
    program=(tests/fuzz/operations.c)
    fuzzer=-fsanitize=fuzzer
    if [[ $build == readers ]]; then
        program=(tests/tools/fuzz_core.c tools/core.c tools/process.c tools/survey.c tools/target_open.c)
        flags+=(-I. "-fsanitize=address,undefined" -fno-sanitize-recover=all)
        fuzzer=-fsanitize=fuzzer,address,undefined
    fi
    for file in "${core[@]}" tests/fake/memory.c tests/fake/world.c "${program[@]}"; do
        clang "${flags[@]}" -c "$file" -o "$objects/${file//\//_}.o"
    done
    for file in shim/malloc.c shim/aligned.c; do
        clang "${flags[@]}" "${renamed[@]}" -c "$file" -o "$objects/${file//\//_}.o"
    done
    clang "$fuzzer" -pthread "$objects"/*.o -o "$out/operations-$build"
    fuzz "$build" "operations-$build"
done
exit "$bad"
