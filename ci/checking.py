"""Shared by the Python checks of this folder: their arguments, and their self-tests."""
# SPDX-License-Identifier: MIT
import pathlib
import subprocess
import sys
import tempfile

NAME = pathlib.Path(sys.argv[0]).name


def files_of(root):
    """Every file that git has or would add, as paths relative to the root; outside of a checkout, every file."""
    done = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=root, capture_output=True, text=True,
                          check=False)
    if done.returncode == 0 and done.stdout:
        return [pathlib.Path(line) for line in done.stdout.splitlines() if (root / line).is_file()]
    return [path.relative_to(root) for path in sorted(root.rglob("*")) if path.is_file()]


def begin(doc, words, self_test):
    """Handles --help and --self-test, and then ends the program."""
    if words in (["-h"], ["--help"]):
        print(doc.strip())
        sys.exit(0)
    if words == ["--self-test"] and self_test:
        sys.exit(self_test())


def refuse(what):
    """Ends the program because of a wrong argument."""
    print(f"{NAME}: {what}; --help tells more", file=sys.stderr)
    sys.exit(2)


def refuse_options(words, *known):
    """Refuses each option that is not among the known ones."""
    for word in words:
        if word.startswith("-") and word not in known:
            refuse(f"there is no option {word}")


def end(faults):
    """Prints the faults and ends the program: 1 when there are any."""
    faults = list(faults)
    print(*faults, sep="\n", end="\n" if faults else "")
    sys.exit(bool(faults))


def judge_tree(doc, words, self_test, judge):
    """A check of one tree, by default this one: judge(root) lists what is wrong."""
    begin(doc, words, self_test)
    refuse_options(words)
    if len(words) > 1:
        refuse(f"one folder at a time, not {words[1]} too")
    if words and not pathlib.Path(words[0]).is_dir():
        refuse(f"there is no folder {words[0]}")
    end(judge(pathlib.Path(words[0]) if words else pathlib.Path(__file__).resolve().parent.parent))


def try_plants(good, plants, judge):
    """Applies each plant, (changed files, expected fault or None), to the good tree and judges the result."""
    wrong = 0
    for changed, expected in plants:
        with tempfile.TemporaryDirectory() as name:
            root = pathlib.Path(name)
            for file, text in {**good, **changed}.items():
                (root / file).parent.mkdir(parents=True, exist_ok=True)
                (root / file).write_text(text)
            faults = list(judge(root))
        if bool(faults) != bool(expected) or (expected and not any(expected in fault for fault in faults)):
            print(f"{NAME}: expected {expected}, found {faults}")
            wrong = 1
    return wrong
