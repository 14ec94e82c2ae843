#!/usr/bin/env bash
# Builds the Debian packages, checks them, and installs, uses and upgrades them in a clean Debian.
#
#   ci/package.sh          does all of it; the packages are in build/packages/
#   ci/package.sh build    build only
#
# Prints a line "ok - NAME" or "not ok - NAME" for each check. The clean Debian is made by debootstrap, once a week, in
# the user's cache. If that is impossible (no root, no network) its checks are skipped, and a sentence says so.
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2317 # check calls the functions
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$here")
# shellcheck source=ci/answers.sh
. "$here/answers.sh"
only=all
case ${1-} in
    -h | --help) print_help ;;
    build) only=build ;;
    '') ;;
    *) wrong_argument "there is no '$1'" ;;
esac
(($# <= 1)) || wrong_argument "one argument at most"

out=$root/build/packages
wrong=0
mkdir -p "$out"
clean=$(mktemp -d)
trap 'rm -rf "$clean"' EXIT

# Says why a check fails, as its last word.
because() {
    echo "$*"
    return 1
}

check() {
    local name=$1
    shift
    if "$@" >"$out/$name.log" 2>&1 </dev/null; then
        echo "ok - $name"
    else
        echo "not ok - $name"
        tail -n 40 "$out/$name.log" | sed 's/^/#   /'
        wrong=$((wrong + 1))
        return 1
    fi
}

# A copy of the files that git has or would add, so that no other file of the working folder gets into a package.
copy_sources() {
    rm -rf "$out/source"
    mkdir -p "$out/source"
    git -C "$root" ls-files -z --cached --others --exclude-standard -- ':!bench/results' |
        (cd "$root" && xargs -0 ls -d 2>/dev/null) | tar -C "$root" -T - -cf - | tar -C "$out/source" -xf -
}

# build_version FOLDER [OPTIONS]: the packages of $out/source.
build_version() {
    local folder=$out/$1
    shift
    rm -rf "$folder"
    mkdir "$folder"
    (cd "$out/source" &&
        DEB_BUILD_OPTIONS="parallel=$(nproc) $DEB_BUILD_OPTIONS" dpkg-buildpackage -b -us -uc "$@") || return
    mv "$out"/*.deb "$out"/*.changes "$out"/*.buildinfo "$folder/"
}

# A later version of the same, which differs in every name that contains the version.
raise_version() {
    local patch
    patch=$(sed -nE 's/^#define HEAPALLOC_VERSION_PATCH ([0-9]+)$/\1/p' "$out/source/include/heapalloc/heapalloc.h")
    sed -i "s/^\(#define HEAPALLOC_VERSION_PATCH\) .*/\1 $((patch + 1))/" "$out/source/include/heapalloc/heapalloc.h"
    {
        echo "heapalloc ($(version_of "$out/source")) unstable; urgency=medium"
        printf '\n  * A version to upgrade to.\n\n'
        sed -n '/^ -- /{p;q}' "$root/debian/changelog"
        echo
        cat "$root/debian/changelog"
    } >"$out/source/debian/changelog"
    rm -f "$out/source/debian/debhelper-build-stamp" # debhelper skips what it has done
    build_version second -nc
}

same_version_everywhere() {
    local header changelog next
    header=$(version_of "$root")
    changelog=$(sed -nE '1s/.*\((.*)\).*/\1/p' "$root/debian/changelog")
    next=$(awk -F. '{ print $1 "." $2 + 1 }' <<<"$header")
    [[ $changelog == "$header" ]] || because "debian/changelog is of $changelog, the header of $header" || return
    grep -q "^Version: *$header\$" "$root/tools/packaging/rpm/heapalloc.spec" ||
        because "the RPM spec is not of $header" || return
    grep -q "^pkgver=$header\$" "$root/tools/packaging/alpine/APKBUILD" ||
        because "the APKBUILD is not of $header" || return
    # A 0.x promises its interface only up to the next minor version.
    grep -q "(<< $next~)" "$root/debian/libheapalloc0.symbols" || because "the symbols file does not end at $next"
}

# Lines that dpkg-gensymbols would add or remove.
symbols_are_recorded() {
    ! grep -A 60 'dpkg-gensymbols: warning' "$out/packages_build.log" || because "ci/abi.sh --record writes them"
}

lintian_is_content() {
    (cd "$out/first" && lintian --allow-root --info --fail-on error,warning,info ./*.changes)
}

rpm_spec_is_understood() {
    rpmspec --define "_topdir $clean/rpm" -P "$root/tools/packaging/rpm/heapalloc.spec" >/dev/null
    # A build root is not named any more, and there is no place on the web to fetch the sources from.
    rpmlint "$root/tools/packaging/rpm/heapalloc.spec" |
        sed '/no-buildroot-tag/d; /invalid-url Source0/d' >"$clean/rpmlint"
    ! grep -E ': [EW]: ' "$clean/rpmlint"
}

# An APKBUILD is a shell script whose variables and functions abuild reads.
apkbuild_is_understood() {
    # shellcheck disable=SC2016 # for the inner shell
    sh -eu -c '. "$1"
        : "$pkgname" "$pkgver" "$pkgrel" "$pkgdesc" "$url" "$arch" "$license" "$source" "$subpackages"
        for name in build check package; do
            command -v "$name" >/dev/null || { echo "no function $name"; exit 1; }
        done' sh "$root/tools/packaging/alpine/APKBUILD"
}

# ---- the snippets of docs/preload.md

# snippet LANGUAGE: the document's block in that language.
snippet() {
    sed -n "/^\`\`\`$1\$/,/^\`\`\`\$/{//!p}" "$root/docs/preload.md"
}

systemd_takes_the_lines() {
    local units=$clean/units said
    mkdir -p "$units/words.service.d"
    printf '[Unit]\nDescription=Words\n\n[Service]\nExecStart=/bin/true\n' >"$units/words.service"
    snippet ini >"$units/words.service.d/heapalloc.conf"
    grep -q '^Environment=LD_PRELOAD=/.*libheapalloc.so' "$units/words.service.d/heapalloc.conf"
    # It ends well also when it does not know a line, and says so.
    said=$(SYSTEMD_UNIT_PATH=$units: systemd-analyze verify "$units/words.service" 2>&1) || { echo "$said"; return 1; }
    ! grep -F "$units" <<<"$said"
}

# What the lines of systemd's file set leads to a library, where make install puts it, and to an option that there is.
systemd_lines_preload() {
    local library variables
    mapfile -t variables < <(snippet ini | sed -n 's/^Environment=//p')
    library=$(printf '%s\n' "${variables[@]}" | sed -n 's/^LD_PRELOAD=//p')
    inside mkdir -p "${library%/*}"
    # shellcheck disable=SC2016 # for the inner shell
    inside sh -c 'cp /usr/lib/*/libheapalloc.so.0 "$1"' sh "$library"
    # shellcheck disable=SC2016
    said=$(inside env "${variables[@]}" sh -c 'HEAPALLOC=$HEAPALLOC,verbose exec ls /' 2>&1)
    inside rm "$library"
    grep -q "^heapalloc.*from $library" <<<"$said" || { echo "it says: $said"; return 1; }
    ! grep -q 'there is no option' <<<"$said" || { echo "$said"; return 1; }
}

# COPY from a folder that has the library, then ENV, as a builder of images does it.
dockerfile_lines_preload() {
    local word from to variable=
    while read -r word from to; do
        # shellcheck disable=SC2016 # for the inner shell
        case $word in
            COPY) inside mkdir -p "$to" && inside sh -c 'cp /usr/lib/*/"$1" "$2"' sh "$from" "$to" ;;
            ENV) variable=$from ;;
            *) echo "a line begins with $word"; return 1 ;;
        esac
    done < <(snippet dockerfile)
    said=$(inside env "$variable" HEAPALLOC=verbose ls / 2>&1)
    inside rm "${variable#*=}"
    grep -q "^heapalloc.*from ${variable#*=}" <<<"$said" || { echo "it says: $said"; return 1; }
}

# ---- the clean Debian

# shellcheck source=/dev/null
suite=$(. /etc/os-release && echo "${VERSION_CODENAME:-stable}")
includes=python3-minimal,libdw1,libedit2,libncurses6,gcc,libc6-dev,pkgconf
base=${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/heapalloc/debian-$suite-$(cksum <<<"$includes" | cut -d' ' -f1).tar

# Prints why there is none, or nothing.
why_no_chroot() {
    ((EUID == 0)) || { echo "this is not root"; return; }
    command -v debootstrap >/dev/null || { echo "debootstrap is not installed"; return; }
    unshare --mount true 2>/dev/null || { echo "no mount name space may be made here"; return; }
    [[ -z $(find "$base" -mtime -7 2>/dev/null) ]] || return 0
    mkdir -p "$(dirname "$base")"
    debootstrap --variant=minbase --include="$includes" "$suite" "$clean/made" \
        >"$out/debootstrap.log" 2>&1 || { echo "debootstrap failed: $(tail -n 1 "$out/debootstrap.log")"; return; }
    rm -rf "$clean"/made/var/cache/apt/archives/*.deb "$clean"/made/var/lib/apt/lists/*
    tar -C "$clean/made" -cf "$base.new" . && mv "$base.new" "$base" || echo "$base cannot be written"
    rm -rf "$clean/made"
}

# Runs a command in the clean Debian, which has its own /proc meanwhile.
inside() {
    # shellcheck disable=SC2016 # for the inner shell
    unshare --mount sh -c 'root=$1; shift; mount -t proc proc "$root/proc" && exec chroot "$root" env -i \
        PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 "$@"' sh "$clean/debian" "$@"
}

unpack_debian() {
    mkdir "$clean/debian"
    tar -C "$clean/debian" -xf "$base"
    mkdir "$clean/debian/packages"
    cp -r "$out/first" "$out/second" "$root/debian/tests" "$root/tools/packaging/tests/upgrade.sh" \
        "$clean/debian/packages/"
    rm -f "$clean/debian"/packages/*/*dbgsym*
}

# autopkgtest NAME: a test of debian/tests/control, as autopkgtest runs it: with what it depends on, as it says, and
# with output on stderr only if it says so.
autopkgtest() {
    local stanza packages
    stanza=$(awk -v RS= -v name="$1" '$0 ~ "^Tests: *" name "(\n|$)"' "$root/debian/tests/control")
    packages=$(sed -n 's/^Depends: *//p' <<<"$stanza" | tr ',' ' ')
    [[ -n $packages && -x $clean/debian/packages/tests/$1 ]] ||
        because "it depends on nothing, or is no program" || return
    # shellcheck disable=SC2016,SC2086 # for dpkg-query, and a list of words
    inside dpkg-query -W -f '${db:Status-Status} ${Package}\n' $packages >"$clean/found" || return 1
    ! grep -v '^installed ' "$clean/found" || return 1
    inside "/packages/tests/$1" 2>"$clean/stderr" || { cat "$clean/stderr"; return 1; }
    [[ ! -s $clean/stderr || $stanza == *allow-stderr* ]] || because "it writes to stderr: $(cat "$clean/stderr")"
}

everything_is_removed() {
    inside dpkg --purge heapalloc-tools libheapalloc-dev libheapalloc0
    local left
    left=$(find "$clean/debian/usr" "$clean/debian/etc" -name '*heapalloc*')
    [[ -z $left ]] || { echo "left behind: $left"; return 1; }
}

every_program_by_ld_so_preload() {
    inside sh -euc 'echo libheapalloc.so.0 >/etc/ld.so.preload
        grep -q libheapalloc.so.0 /proc/self/maps
        env -i HEAPALLOC=verbose ls / 2>&1 | grep -q "^heapalloc"
        rm /etc/ld.so.preload'
}

"$here/install.sh" --set build package
export DEB_BUILD_OPTIONS=${DEB_BUILD_OPTIONS-}
[[ ! -d /usr/lib/ccache ]] || export PATH=/usr/lib/ccache:$PATH
check packages_versions same_version_everywhere || true
check packages_source copy_sources || exit 1
check packages_build build_version first || exit 1
[[ $only == all ]] || exit "$wrong"
check packages_symbols symbols_are_recorded || true
check packages_lintian lintian_is_content || true
check packages_rpm_spec rpm_spec_is_understood || true
check packages_apkbuild apkbuild_is_understood || true
check packages_systemd systemd_takes_the_lines || true
why=$(why_no_chroot)
if [[ -n $why ]]; then
    echo "package: not installed in a clean Debian, because $why"
    exit "$((wrong > 0))"
fi
check packages_second raise_version || exit 1
check packages_clean_debian unpack_debian || exit 1
check packages_install inside sh -c 'dpkg -i /packages/first/*.deb' || exit 1
mapfile -t tests < <(sed -n 's/^Tests: *//p' "$root/debian/tests/control")
((${#tests[@]} > 0)) || { echo "not ok - packages_autopkgtest: debian/tests/control names no test"; wrong=1; }
for test in "${tests[@]}"; do
    check "packages_$test" autopkgtest "$test" || true
done
check packages_ld_so_preload every_program_by_ld_so_preload || true
check packages_systemd_preload systemd_lines_preload || true
check packages_dockerfile dockerfile_lines_preload || true
check packages_upgrade inside sh /packages/upgrade.sh "$(version_of "$root")" "$(version_of "$out/source")" || true
check packages_removed everything_is_removed || true
exit "$((wrong > 0))"
