#!/usr/bin/env bash
# Fuzzes the malloc family over the scripted world: random operations, a shadow of the live blocks, and the verifier;
# and each parser of the program `heapalloc` and of the library.
#
#   ci/fuzz.sh MINUTES [TARGET]...     each for so many minutes; without a target all, one after the other
#
#   default, hardened     the malloc family of these builds
#   readers, process      the heap of a core file, and of another process, with memory that is changed at random
#   notes                 the notes of a core file
#   profile, unzip        heap profiles in all formats, compressed files
#   statistics, options   statistics in JSON; HEAPALLOC=..., a program's options, a file of options
#
# Needs clang with libFuzzer. Inputs are kept in build/fuzz/corpus-TARGET; one that fails is build/fuzz/crash-*, and
# `build/fuzz/TARGET build/fuzz/crash-...` runs it again. Exit 1 if one failed.
# SPDX-License-Identifier: MIT
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$here")
# shellcheck source=ci/answers.sh
. "$here/answers.sh"

minutes='' targets=()
for word; do
    case $word in
        -h | --help) print_help ;;
        default | hardened | readers | process | notes | profile | unzip | statistics | options) targets+=("$word") ;;
        [1-9] | [1-9][0-9] | [1-9][0-9][0-9]) minutes=$word ;;
        *) wrong_argument "neither minutes (1 to 999) nor a target (--help lists them): '$word'" ;;
    esac
done
[[ $minutes ]] || wrong_argument "for how many minutes?"
((${#targets[@]})) || targets=(default hardened readers process notes profile unzip statistics options)
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

# Runs a target for so long, with these words for libFuzzer, such as folders of seeds; what it said is in its log.
fuzz() {
    local name=$1
    shift
    mkdir -p "$out/corpus-$name"
    "$out/$name" -max_total_time=$((minutes * 60)) -max_len=3000 -timeout=60 -print_final_stats=1 -close_fd_mask=1 \
        -artifact_prefix="$out/crash-$name-" "$out/corpus-$name" "$@" 2>"$out/$name.log" || bad=1
    grep -E '^stat::(number_of_executed_units|average)|^fuzz:|heapalloc|ERROR' "$out/$name.log" |
        sed "s/^/$name: /" || true
}

checked=("-fsanitize=address,undefined" -fno-sanitize-recover=all)

# build_plain TARGET SOURCE...: of files that need no heap.
build_plain() {
    local name=$1
    shift
    clang -std=gnu11 -O1 -g -fsanitize=fuzzer "${checked[@]}" -Iinclude -Ilib -Ishim -Itools -DHEAPALLOC_ZLIB \
        "$@" -lm -lz -ldl -o "$out/$name"
}

# Compile a file for the core's flags into a folder of objects.
compile() {
    local objects=$1 file=$2
    shift 2
    clang "${flags[@]}" "$@" -c "$file" -o "$objects/${file//\//_}.o"
}

# build_core TARGET KIND SOURCE...: over the core in the scripted world, with the flags in `flags`, which are those of
# the kind: the core is compiled once for each.
declare -A compiled
build_core() {
    local name=$1 objects=$out/objects-$2 own=$out/objects-of-$1 kind=$2 link=-fsanitize=fuzzer file
    shift 2
    if [[ ! ${compiled[$kind]-} ]]; then
        rm -rf "$objects" && mkdir -p "$objects"
        for file in "${core[@]}" tests/fake/memory.c tests/fake/world.c; do compile "$objects" "$file"; done
        for file in shim/malloc.c shim/aligned.c; do compile "$objects" "$file" "${renamed[@]}"; done
        compiled[$kind]=yes
    fi
    rm -rf "$own" && mkdir -p "$own"
    for file; do compile "$own" "$file"; done
    [[ $kind != checked ]] || link+=,address,undefined
    clang "$link" -pthread "$objects"/*.o "$own"/*.o -o "$out/$name"
}

profile=(tools/{call_tree,export_collapsed,export_formats,export_massif,export_pprof,export_speedscope}.c
    tools/{heap_profile,heap_profile_parse,heap_profile_pprof,heap_profile_text,json_numbers,json_text}.c
    tools/{function_text,names,number_map,pprof_tables,profile_file,symbols_none,unzip,wire}.c)
reader=(tests/tools/fuzzed_heap.c tools/{core,core_notes,number_map,process,survey,target_open,threads}.c
    tools/{json_text,named}.c)

bad=0
for name in "${targets[@]}"; do
    words=()
    flags=(-std=gnu11 -O1 -g -fsanitize=fuzzer-no-link -fno-builtin -DHEAPALLOC_SAFETY=1 -DHEAPALLOC_DEBUG=1
        -DHEAPALLOC_ASIDE=0 -DHEAPALLOC_SMALL_BELOW=0 -Ilib -Iinclude -Ishim -Itests -I.)
    case $name in
        default) build_core "$name" default tests/fuzz/operations.c ;;
        hardened)
            flags+=(-DHEAPALLOC_SAFETY=2)
            build_core "$name" hardened tests/fuzz/operations.c
            ;;
        readers | process | notes)
            flags+=("${checked[@]}")
            own=("tests/tools/fuzz_$name.c")
            [[ $name != process ]] || own+=(shim/map_note.c)
            build_core "$name" checked "${own[@]}" "${reader[@]}"
            ;;
        profile)
            words=(tests/fuzz/profiles)
            build_plain "$name" tests/fuzz/profile.c "${profile[@]}"
            ;;
        unzip) build_plain "$name" tests/fuzz/unzip.c tools/unzip.c ;;
        statistics)
            words=(tests/fuzz/profiles)
            build_plain "$name" tests/fuzz/statistics.c tools/diff_stats.c "${profile[@]}"
            ;;
        options)
            words=(-close_fd_mask=3) # it prints what is wrong with its options
            build_plain "$name" tests/fuzz/option_texts.c \
                shim/{adjust,cgroup,group,option_messages,option_table,option_values,report}.c
            ;;
    esac
    fuzz "$name" ${words[@]+"${words[@]}"}
done
exit "$bad"
