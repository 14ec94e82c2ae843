# shellcheck shell=bash
# Names the sets of Debian packages that the scripts of this folder install: `packages_of SET...`.
# SPDX-License-Identifier: MIT

# One set for each purpose, so that a first try does not install what only the tests need.
declare -A package_sets=(
    [build]="gcc g++ libc6-dev cmake make ninja-build libcmocka-dev libedit-dev libncurses-dev libdw-dev zlib1g-dev
        valgrind systemtap-sdt-dev"
    [try]="time python3 sqlite3"
    [quick]="pkg-config shellcheck python3 strace time clang-format"
    [test]="clang clang-format time libclang-rt-14-dev pkg-config shellcheck python3 strace spin tcc
        gcc-aarch64-linux-gnu g++-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user gdb mkdocs google-perftools
        heaptrack"
    [programs]="bash coreutils util-linux python3 perl git g++ clang binutils sqlite3 redis-tools
        nodejs lua5.4 ruby jq libxml2-utils gawk openjdk-17-jre-headless xz-utils gdb openssl
        stress-ng php-cli php-curl php-gd php-intl php-mbstring php-sqlite3 php-xml strace"
    [bench]="gcc g++ cmake make libbenchmark-dev valgrind python3 strace util-linux
        libjemalloc2 libmimalloc2.0 libtcmalloc-minimal4 libclang-rt-14-dev libgc-dev"
    [bench-programs]="perl lua5.4 ruby php-cli gawk nodejs clang cppcheck z3 sqlite3 jq
        libxml2-utils git redis-server redis-tools postgresql postgresql-contrib"
    [kernel]="cmake ninja-build gcc-aarch64-linux-gnu binutils-aarch64-linux-gnu qemu-system-arm
        device-tree-compiler python3"
    [package]="dpkg-dev debhelper fakeroot git lintian scdoc debootstrap rpm rpmlint systemd"
    [abi]="abigail-tools binutils"
    [musl]="musl-tools"
    [riscv64]="gcc-riscv64-linux-gnu g++-riscv64-linux-gnu libc6-dev-riscv64-cross qemu-user"
    # Unpacked by ci/unpack.sh, never installed; with what they depend on.
    [arm64]="libc6 libgcc-s1 libstdc++6 libcrypt1 zlib1g libtinfo6 libreadline8 libgmp10 libmpfr6 libselinux1
        libpcre2-8-0 libacl1 libattr1 libssl3 libexpat1 libbz2-1.0 liblzma5 libzstd1 liblz4-1 libsystemd0 libcap2
        libgcrypt20 libgpg-error0 libisl23 libmpc3 bash dash coreutils sed grep mawk gawk libsigsegv2 perl-base
        python3.11-minimal libpython3.11-minimal libpython3.11-stdlib sqlite3 libsqlite3-0 git jq libjq1 libonig5
        xz-utils zstd bzip2 lua5.4 tcl8.6 libtcl8.6 bc openssl cpp-12 diffutils redis-tools libatomic1 libhiredis0.14
        liblzf1 liblua5.1-0 lua-cjson lua-bitop libjemalloc2"
    [site]="mkdocs"
    [documents]="mkdocs man-db scdoc zsh fish"
    [boards]="gcc-arm-none-eabi gcc-riscv64-unknown-elf gcc-aarch64-linux-gnu qemu-system-arm
        qemu-system-misc python3"
)

# Prints the packages of the named sets, one a line, each once; or prints what is wrong, and fails.
packages_of() {
    local set
    for set in "$@"; do
        [[ -n ${package_sets[$set]:-} ]] && continue
        echo "no set is named '$set'; there are: ${!package_sets[*]}"
        return 1
    done
    for set in "$@"; do
        # shellcheck disable=SC2086 # a set is a list of words
        printf '%s\n' ${package_sets[$set]}
    done | sort -u
}
