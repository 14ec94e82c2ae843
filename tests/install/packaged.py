#!/usr/bin/env python3
"""Compares what is installed with what the packages say that they have: each file in one of them, no line for nothing.

    packaged.py PREFIX
"""
# SPDX-License-Identifier: MIT
import fnmatch
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
MACROS = {"_libdir": "lib", "_includedir": "include", "_bindir": "bin", "_libexecdir": "libexec", "_datadir": "share",
          "_mandir": "share/man"}


def debian():
    """{package: patterns}, below the prefix."""
    return {path.stem: [re.sub(r"^usr/(?:lib/\*/)?", lambda m: "lib/" if "*" in m.group() else "", line)
                        for line in path.read_text().split()]
            for path in sorted((ROOT / "debian").glob("*.install"))}


def rpm():
    packages, name = {}, None
    for line in (ROOT / "tools/packaging/rpm/heapalloc.spec").read_text().splitlines():
        if line.startswith("%"):
            word = line.split()[0]
            if word == "%files":
                name = " ".join(line.split())
                packages[name] = []
            elif word in ("%changelog", "%package"):
                name = None
            elif name and word not in ("%license", "%doc"):
                packages[name].append(re.sub(r"%\{(\w+)\}", lambda m: MACROS[m.group(1)], word).rstrip("/"))
    return packages


def is_of(pattern, file):
    return any(fnmatch.fnmatchcase(part, pattern) for part in [file, *map(str, Path(file).parents)])


def faults(kind, packages, files):
    for file in files:
        holders = [name for name, patterns in packages.items() if any(is_of(pattern, file) for pattern in patterns)]
        if len(holders) != 1:
            yield f"{kind}: {file} is in {', '.join(holders) or 'no package'}"
    for name, patterns in packages.items():
        for pattern in patterns:
            if not any(is_of(pattern, file) for file in files):
                yield f"{kind}: {pattern} of {name} is not installed"


def main(prefix):
    files = sorted(str(path.relative_to(prefix)) for path in prefix.rglob("*") if not path.is_dir())
    if len(files) < 10:
        sys.exit(f"{prefix} has {len(files)} files")
    wrong = [fault for kind, packages in (("debian", debian()), ("rpm", rpm()))
             for fault in faults(kind, packages, files)]
    print(*wrong or ["ok"], sep="\n")
    sys.exit(bool(wrong))


main(Path(sys.argv[1]))
