#!/usr/bin/env bash
# Tests ci/install.sh on a made-up machine: its calls of apt-get, how often, and what it prints.
#
#   ci/install_test.sh
# SPDX-License-Identifier: MIT
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=ci/answers.sh
. "$here/answers.sh"
no_arguments "$@"
machine=$(mktemp -d)
trap 'rm -rf "$machine"' EXIT
export machine

# The machine: one file names the installed packages, another collects the calls of apt-get.
mkdir -p "$machine/bin" "$machine/lists"
touch "$machine/lists/main_Packages"
cat >"$machine/bin/dpkg-query" <<'FAKE'
#!/bin/sh
for package; do :; done
grep -qx "$package" "$machine/installed" && printf 'ii '
FAKE
cat >"$machine/bin/apt-get" <<'FAKE'
#!/bin/sh
[ -z "$broken" ] || { echo 'E: no network'; exit 100; }
for word; do
    case $word in
        update) verb=update ;;
        install) verb=install ;;
        -*|*=*) ;;
        *) [ "$verb" != install ] || names="$names $word" ;;
    esac
done
echo "$verb$names" >>"$machine/calls"
if [ "$verb" = install ]; then
    if [ -e "$machine/stale" ]; then rm "$machine/stale"; echo 'E: 404'; exit 100; fi
    for name in $names; do echo "$name" >>"$machine/installed"; done
fi
FAKE
cat >"$machine/bin/sudo" <<'FAKE'
#!/bin/sh
[ "$1" != -n ] || shift
exec "$@"
FAKE
chmod +x "$machine"/bin/*

# expect WHAT RC CALLS PACKAGE...: installs and compares the exit status and the calls of apt-get.
expect() {
    local what=$1 rc_wanted=$2 calls_wanted=$3 rc=0 calls
    shift 3
    : >"$machine/calls"
    env PATH="${path:-$machine/bin:$PATH}" XDG_CACHE_HOME="$machine/cache" \
        APT_LISTS="$machine/lists" broken="${broken:-}" bash "$here/install.sh" "$@" \
        >"$machine/out" 2>"$machine/err" </dev/null || rc=$?
    calls=$(paste -sd, "$machine/calls")
    if [[ $rc != "$rc_wanted" || $calls != "$calls_wanted" || -s $machine/out ]]; then
        echo "$what: exit $rc, not $rc_wanted, or calls '$calls', not '$calls_wanted'; it said:"
        cat "$machine/out" "$machine/err"
        exit 1
    fi
}

says() { grep -q -- "$1" "$machine/err" || { echo "it does not say '$1'"; exit 1; }; }

unset HEAPALLOC_INSTALL
printf 'here\n' >"$machine/installed"
expect "all installed" 0 "" here
[[ ! -s $machine/err ]] || { echo "it speaks when nothing is missing"; exit 1; }
expect "one missing" 0 "update,install one" here one
says "installing one$"
expect "the lists are of today" 0 "install two" here two one
touch -d '2 days ago' "$machine/cache/heapalloc/apt-update"
expect "the lists are old" 0 "update,install three" three
touch "$machine/stale"
expect "the mirror moved on" 0 "install four,update,install four" four
broken=yes expect "no network" 1 "" five
says "no network"
HEAPALLOC_INSTALL=no expect "told not to" 0 "" five
says "five"
mkdir "$machine/bare"
for tool in bash dirname mktemp rm tail env; do
    ln -s "$(type -P "$tool")" "$machine/bare/$tool"
done
ln -s "$machine/bin/dpkg-query" /"$machine"/bare/
ln -s "$(type -P grep)" "$(type -P sh)" "$machine/bare/"
path=$machine/bare expect "not Debian" 1 "" five
says "no apt-get"
