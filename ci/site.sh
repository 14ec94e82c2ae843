#!/usr/bin/env bash
# Builds the documents as one static HTML site, and checks its links.
#
#   ci/site.sh [DIR]     into DIR, build/site by default; index.html there is the first page
#
# Installs mkdocs if it is missing. The pages load nothing from elsewhere; only the search field needs a server,
# `python3 -m http.server -d build/site` for instance.
# SPDX-License-Identifier: MIT
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=ci/answers.sh
. "$here/answers.sh"
case ${1-} in
    -h | --help) print_help ;;
    -*) wrong_argument "there is no option $1" ;;
esac
(($# <= 1)) || wrong_argument "wants one folder, not '$2' too"
out=${1:-$(dirname "$here")/build/site}
# The folder's contents are replaced, so it must be a site, or empty.
[[ ! -e $out || -f $out/index.html || (-d $out && -z $(ls -A "$out")) ]] ||
    wrong_argument "$out has other things in it"
"$here/install.sh" --set site
python3 -B "$here/site.py" "$out"
echo "site: the first page is $out/index.html" >&2
