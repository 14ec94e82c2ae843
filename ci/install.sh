#!/usr/bin/env bash
# Installs those of the named Debian packages that are missing.
#
#   ci/install.sh PKG...          packages by name
#   ci/install.sh --set SET...    the sets of ci/packages.sh
#
# Prints to stderr, and only if something is missing. With HEAPALLOC_INSTALL=no it installs nothing: it names the
# missing packages, and the caller goes on with what the machine has.
# SPDX-License-Identifier: MIT
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=ci/packages.sh
. "$here/packages.sh"
# shellcheck source=ci/answers.sh
. "$here/answers.sh"

say() { printf 'install: %s\n' "$*" >&2; }

missing_of() {
    local package
    for package in "$@"; do
        [[ $(dpkg-query -W -f='${db:Status-Abbrev}' "$package" 2>/dev/null) == ?i* ]] ||
            echo "$package"
    done
}

# The package lists are fetched at most once a day. A stamp of our own records it, because apt gives the lists the
# server's dates.
lists=${APT_LISTS:-/var/lib/apt/lists}
stamp=${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/heapalloc/apt-update

lists_are_fresh() {
    [[ -n $(find "$stamp" -mtime -1 2>/dev/null) ]] &&
        [[ -n $(find "$lists" -name '*Packages*' -print -quit 2>/dev/null) ]]
}

update_lists() {
    "${as_root[@]}" apt-get -q -o DPkg::Lock::Timeout=300 update >"$log" 2>&1 || return 1
    mkdir -p "$(dirname "$stamp")" && touch "$stamp"
}

# RUNLEVEL=1 prevents packages from starting their services: only their programs are needed.
install_packages() {
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
        apt-get -q -y --no-install-recommends -o DPkg::Lock::Timeout=300 install "$@" >"$log" 2>&1
}

fail() {
    say "$*"
    [[ ! -s $log ]] || tail -n 15 "$log" >&2
    exit 1
}

packages=("$@")
case ${1-} in
    -h | --help) print_help ;;
    --set)
        need_value "$@"
        shift
        list=$(packages_of "$@") || wrong_argument "$list"
        mapfile -t packages <<<"$list"
        ;;
    -*) wrong_argument "there is no option $1" ;;
    '') wrong_argument "name a package, or --set SET" ;;
esac

mapfile -t missing < <(missing_of "${packages[@]}")
((${#missing[@]})) || exit 0
if [[ ${HEAPALLOC_INSTALL:-yes} == no ]]; then
    say "missing, and left so because HEAPALLOC_INSTALL=no: ${missing[*]}"
    exit 0
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
command -v apt-get >/dev/null ||
    fail "no apt-get here (not Debian); install by hand what gives: ${missing[*]};" \
        "then set HEAPALLOC_INSTALL=no to skip this step"
as_root=()
if ((EUID != 0)); then
    by_hand="apt-get install ${missing[*]}"
    as_root=(sudo -n)
    command -v sudo >/dev/null || fail "not root, and no sudo; ask an administrator for: $by_hand"
    if ! sudo -n true 2>/dev/null; then
        [[ -t 2 ]] || fail "sudo wants a password and no terminal is here; run: sudo $by_hand"
        as_root=(sudo)
        sudo -v || fail "sudo was refused; ask an administrator for: $by_hand"
    fi
fi

say "installing ${missing[*]}"
fresh=no
if ! lists_are_fresh; then
    update_lists || fail "apt-get update failed:"
    fresh=yes
fi
if ! install_packages "${missing[@]}" </dev/null; then
    # An old list may name versions that the mirror has replaced since.
    if [[ $fresh == yes ]] || ! update_lists || ! install_packages "${missing[@]}" </dev/null; then
        fail "apt-get install failed:"
    fi
fi
mapfile -t missing < <(missing_of "${packages[@]}")
((${#missing[@]} == 0)) || fail "still missing after apt-get install: ${missing[*]}"
