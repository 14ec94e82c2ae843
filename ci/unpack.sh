#!/usr/bin/env bash
# Unpacks Debian's packages of another processor into a folder; installs none of them.
#
#   ci/unpack.sh ARCHITECTURE FOLDER SET...    sets of ci/packages.sh; their dependencies must be among them
#
# apt runs with lists, a cache and a state of its own beside the folder, with this system's sources. So dpkg's
# architectures and what is installed here stay as they are, and nobody has to be root. Prints to stderr, and only if
# the folder lacks a package; a second call finds all of them and needs no network. HEAPALLOC_INSTALL=no forbids the
# download; then, as without network, it fails.
# SPDX-License-Identifier: MIT
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=ci/packages.sh
. "$here/packages.sh"
# shellcheck source=ci/answers.sh
. "$here/answers.sh"

case ${1-} in
    -h | --help) print_help ;;
    -*) wrong_argument "there is no option $1" ;;
esac
(($# >= 3)) || wrong_argument "name an architecture, a folder and a set"
architecture=$1
folder=$2
shift 2
list=$(packages_of "$@") || wrong_argument "$list"
mapfile -t packages <<<"$list"

say() { printf 'unpack: %s\n' "$*" >&2; }

# What the folder has is written beside it once all of it is there.
listed=$folder.packages
[[ ! -d $folder || ! -e $listed || $(<"$listed") != "$list" ]] || exit 0
if [[ ${HEAPALLOC_INSTALL:-yes} == no ]]; then
    say "$folder lacks packages of $architecture, and HEAPALLOC_INSTALL=no forbids to fetch them: ${packages[*]}"
    exit 1
fi
command -v apt-get dpkg >/dev/null ||
    { say "no apt-get and dpkg here (not Debian); packages of $architecture cannot be fetched"; exit 1; }

mkdir -p "$(dirname "$folder")"
state=$(realpath -m "$folder").apt
rm -rf "$state" "$folder" "$listed"
trap 'rm -rf "$state"' EXIT
mkdir -p "$state/lists/partial" "$state/archives/partial" "$state/debs"
: >"$state/status"
cat >"$state/apt.conf" <<CONF
APT::Architecture "$architecture";
APT::Architectures { "$architecture"; };
APT::Sandbox::User "root";
Acquire::Retries "2";
Dir::State "$state";
Dir::State::lists "$state/lists";
Dir::State::status "$state/status";
Dir::Cache "$state";
Dir::Cache::archives "$state/archives";
CONF

# Runs apt-get under that configuration; its output is shown if it fails.
fetch() {
    (cd "$state/debs" && APT_CONFIG=$state/apt.conf apt-get -q "$@") </dev/null >"$state/log" 2>&1 && return
    tail -n 15 "$state/log" >&2
    say "the packages of $architecture could not be fetched (apt-get $1); is there a network?"
    exit 1
}

say "fetching ${#packages[@]} packages of $architecture into $folder: ${packages[*]}"
fetch update
fetch download "${packages[@]}"
for package in "$state"/debs/*.deb; do dpkg -x "$package" "$folder"; done
echo "$list" >"$listed"
