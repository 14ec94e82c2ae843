#!/usr/bin/env bash
# Runs real programs of Debian's arm64 packages in the emulator, without and with the library built for AArch64.
#
#   tests/programs/emulated.sh --prepare FOLDER            fetches them once, into FOLDER/system
#   tests/programs/emulated.sh FOLDER PAGES LIB NAME...    NAME as for run.sh; pages of so many bytes
#
# The cases are run.sh's; everything that they start is emulated, for FOLDER/bin has a relay (src/relay.c) for each
# program. run.sh checks the malloc of each process, and its size of pages.
# SPDX-License-Identifier: MIT
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ci=$here/../../ci

# A relay for each program of the processor in these folders; scripts among them have no need of one.
link_programs() {
    local folder=$1 program name
    rm -rf "${folder:?}"/{bin,programs}
    mkdir "$folder/bin" "$folder/programs"
    for program in "$folder"/system/{bin,usr/bin,usr/lib/gcc/*/*}/*; do
        name=$(basename "$program")
        [[ -f $program && -x $program && $(head -c 4 "$program" | tr -d '\0') == $'\x7fELF' ]] || continue
        ln -sf "$program" "$folder/programs/$name"
        ln -sf ../relay "$folder/bin/$name"
    done
}

is_ready() {
    local source
    for source in "$1/system.packages" "$here"/src/{relay.c,whole_pages.py} "${BASH_SOURCE[0]}"; do
        [[ $1/ready -nt $source ]] || return 1
    done
}

prepare() {
    local folder=$1 loader
    "$ci/install.sh" gcc libc6-dev python3 qemu-user
    "$ci/unpack.sh" arm64 "$folder/system" arm64
    is_ready "$folder" && return
    loader=$(realpath -e "$folder/system/lib/ld-linux-aarch64.so.1")
    python3 -B "$here/src/whole_pages.py" "$loader"
    : >"$folder/system/etc/ld.so.cache" # else the loader reads this machine's
    ln -sf python3.11 "$folder/system/usr/bin/python3"
    ln -sf mawk "$folder/system/usr/bin/awk"
    ln -sf redis-check-rdb "$folder/system/usr/bin/redis-server"
    gcc -O2 -static "$here/src/relay.c" -o "$folder/relay"
    link_programs "$folder"
    touch "$folder/ready"
}

if [[ ${1-} == --prepare ]]; then
    mkdir -p "${2:?usage: emulated.sh --prepare FOLDER}"
    prepare "$(realpath "$2")"
    exit
fi
EMULATED_FOLDER=$(realpath -e "${1:?usage: emulated.sh FOLDER PAGES LIB NAME...}")
EMULATED_PAGES=${2:?}
[[ -e $EMULATED_FOLDER/ready ]] || { echo "no programs in $EMULATED_FOLDER; first: $0 --prepare $1" >&2; exit 1; }
export EMULATED_FOLDER EMULATED_PAGES GIT_EXEC_PATH=$EMULATED_FOLDER/bin
exec "$here/run.sh" "${@:3}"
