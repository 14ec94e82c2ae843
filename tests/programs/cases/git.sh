# shellcheck shell=bash disable=SC2034,SC2164
# git: a repository made on the spot, cloned, packed by threads, collected and checked.
# SPDX-License-Identifier: MIT
packages="git"
processes="git"
export GIT_CONFIG_NOSYSTEM=1 GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@localhost \
    GIT_COMMITTER_NAME=c GIT_COMMITTER_EMAIL=c@localhost

prepare() {
    git -c init.defaultBranch=main init -q repo
    cd repo
    for commit in {1..12}; do
        mkdir -p "d$((commit % 4))"
        awk -v c="$commit" 'BEGIN { for (f = 0; f < 40; f++) for (i = 0; i < 120; i++)
            print f * i * c % 977, "line", i > ("d" c % 4 "/f" f) }'
        git add .
        GIT_AUTHOR_DATE="@$((1700000000 + commit)) +0000" \
            GIT_COMMITTER_DATE="@$((1700000000 + commit)) +0000" git commit -qm "commit $commit"
    done
}

program_history() {
    git clone -q "$INPUT/repo" copy
    cd copy
    git log --stat --format='%H %s' | sha256sum
    git log -p | sha256sum
    git blame d1/f7 | sha256sum
    git grep -c '976 line' | tail -n 3
    git diff HEAD~5 --stat | tail -n 1
}

program_gc() {
    git clone -q --no-local "$INPUT/repo" copy
    cd copy
    git -c pack.threads=4 repack -adfq
    git -c pack.threads=4 gc -q --aggressive --prune=now
    git fsck --full --strict
    git count-objects -v | sed -n 's/^in-pack: //p'
    git rev-list --objects --all | sha256sum
}

program_commit() {
    git clone -q "$INPUT/repo" copy
    cd copy
    export GIT_AUTHOR_DATE="@1800000000 +0000" GIT_COMMITTER_DATE="@1800000000 +0000"
    git checkout -qb side HEAD~4
    seq 1 5000 >new
    git add new
    git commit -qm side
    git -c merge.renames=true merge -q -m merge main
    git rebase -q main
    git rev-parse HEAD "HEAD^{tree}"
}
