# shellcheck shell=bash disable=SC2034
# A program that runs with another user's rights must not load the library, and works as usual.
# SPDX-License-Identifier: MIT
packages="gcc libc6-dev util-linux"

prepare() {
    gcc -O1 -Wall -Wextra -Werror "$SOURCES/whose.c" -o whose
    cp whose whose_setuid
    local as_root=()
    ((EUID == 0)) || as_root=(sudo -n)
    "${as_root[@]}" chown 0:0 whose_setuid ||
        { echo "a setuid program is made by root, or by sudo without a password"; exit 1; }
    "${as_root[@]}" chmod 4755 whose_setuid
}

# Root has no rights to gain: become another user first.
as_somebody() {
    if ((EUID == 0)); then
        setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
    else
        "$@"
    fi
}

processes_ours="whose"
spared_ours="whose_setuid"
program_ours() {
    # The plain copy shows that the library would have been loaded, the setuid one that it was not.
    as_somebody "$INPUT/whose" | sed 's/by .*//'
    as_somebody "$INPUT/whose_setuid"
}

processes_systems="bash"
spared_systems="su mount passwd"
program_systems() {
    as_somebody su --version
    as_somebody mount --version
    as_somebody passwd --help
}
