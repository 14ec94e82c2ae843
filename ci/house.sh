#!/usr/bin/env bash
# Checks the project's rules of layout and form; a line "ok" or "not ok" for each.
#
#   ci/house.sh
# SPDX-License-Identifier: MIT
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=ci/answers.sh
. "$here/answers.sh"
no_arguments "$@"
cd "$(dirname "$here")"
wrong=0

# Runs a check; its output is shown only if it fails.
check() {
    local name=$1 said
    shift
    if said=$("$@" 2>&1); then
        echo "ok - $name"
    else
        echo "not ok - $name"
        head -n 40 <<<"$said" | sed 's/^/#   /'
        wrong=$((wrong + 1))
    fi
}

scripts() {
    find . -name '.?*' -prune -o -name 'build*' -type d -prune -o -name '*.sh' -type f -print
    echo .ci/run
}

shell_scripts_are_clean() {
    local list
    mapfile -t list < <(scripts)
    shellcheck -x "${list[@]}"
}

# A file has about 150 lines, at most 400.
files_are_short() {
    local long
    long=$(find include lib shim kernel tools -regex '.*\.[chS]' -exec wc -l {} + 2>/dev/null |
        awk '$2 != "total" && $1 > 400 { print $2 " has " $1 " lines" }')
    echo "$long"
    [[ -z $long ]]
}

# A header includes all that its own declarations need.
headers_compile_alone() {
    local header rc=0
    while read -r header; do
        gcc -std=gnu11 -Wall -Wextra -Werror -fsyntax-only -Iinclude -Ilib -x c \
            -include "$header" /dev/null || { echo "$header does not compile alone"; rc=1; }
    done < <(find include lib -name '*.h')
    return "$rc"
}

"$here/install.sh" gcc libc6-dev python3 shellcheck
check layers ci/layers.sh
check layers_self_test ci/layers.sh --self-test
check modules ci/modules.py
check modules_self_test ci/modules.py --self-test
check glossary ci/glossary.py
check glossary_self_test ci/glossary.py --self-test
check code ci/code.py
check code_self_test ci/code.py --self-test
check width ci/width.py
check width_self_test ci/width.py --self-test
check map ci/map.py --check
check map_self_test ci/map.py --self-test
check install_self_test ci/install_test.sh
check headers_compile_alone headers_compile_alone
check walks ci/walks.py
check walks_self_test ci/walks.py --self-test
check documents ci/documents.py
check documents_self_test ci/documents.py --self-test
check headers_document_all ci/headers.py
check headers_self_test ci/headers.py --self-test
check misuses_are_tried ci/misuses.py
check misuses_self_test ci/misuses.py --self-test
check examples_are_marked ci/examples.py --unmarked
check examples_self_test ci/examples.py --self-test
check site_self_test ci/site.py --self-test
check format ci/format.sh --check
check licenses ci/license.sh
check files_are_short files_are_short
check shell_scripts_are_clean shell_scripts_are_clean
((wrong == 0))
