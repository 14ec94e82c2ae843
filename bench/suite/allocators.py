"""Finds the allocators on this machine, and checks that each can be preloaded."""
# SPDX-License-Identifier: MIT
import dataclasses
import glob
import os
import platform
import subprocess

OURS = ("heapalloc", "heapalloc-fast")
# The report assigns colours by order, so the order is fixed: ours, the system's, the peers.
PEERS = (
    ("jemalloc", ("libjemalloc.so.2",)),
    ("mimalloc", ("libmimalloc.so.2.0", "libmimalloc.so.2", "libmimalloc.so.3")),
    ("tcmalloc", ("libtcmalloc_minimal.so.4",)),
    ("scudo", ("libclang_rt.scudo_standalone-{machine}.so",)),
)
FOLDERS = (
    "/usr/lib/{machine}-linux-gnu",
    "/usr/local/lib",
    "/usr/lib64",
    "/usr/lib",
    "/usr/lib/llvm-*/lib/clang/*/lib/linux",
    "/usr/lib/clang/*/lib/linux",
)


@dataclasses.dataclass(frozen=True)
class Allocator:
    name: str
    path: str  # "" is the system's own, with nothing preloaded
    version: str
    ours: bool = False
    packaged: bool = False  # one of the peers above, as the distribution ships it

    def environment(self):
        """The environment of a program that is to run under this allocator."""
        env = {key: value for key, value in os.environ.items() if key != "LD_PRELOAD"}
        if self.path:
            env["LD_PRELOAD"] = self.path
        return env


def _output(*command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _package_version(path):
    """The Debian package's version, empty if dpkg does not know the file."""
    for name in (path, os.path.realpath(path), path.replace("/usr/lib/", "/lib/")):
        package = _output("dpkg-query", "-S", name).split(": ")[0].split(",")[0]
        if package:
            return _output("dpkg-query", "-W", "-f=${Version}", package)
    return ""


def _find_file(names):
    machine = platform.machine()
    for folder in FOLDERS:
        for name in names:
            found = sorted(glob.glob(f"{folder}/{name}".format(machine=machine)))
            if found:
                return os.path.realpath(found[-1])
    return None


def _refusal(path):
    """Why `path` cannot be preloaded, or empty. ld.so only warns, and the program would silently run under glibc."""
    env = dict(os.environ, LD_PRELOAD=path)
    try:
        done = subprocess.run(["/bin/true"], env=env, capture_output=True, text=True, timeout=30,
                              check=False)
    except subprocess.TimeoutExpired:
        return "a program that does nothing did not end"
    if done.returncode != 0 or done.stderr:
        return (done.stderr.strip() or f"a program that does nothing ended with {done.returncode}")
    return ""


def _system():
    version = _output("getconf", "GNU_LIBC_VERSION").replace("glibc ", "")
    package = _output("dpkg-query", "-W", "-f=${Version}", "libc6").splitlines()
    return Allocator("glibc", "", package[0] if package else version)


def _candidates(build_folder, extra):
    for name in OURS:
        path = os.path.join(build_folder, f"lib{name}.so")
        if os.path.exists(path):
            yield Allocator(name, os.path.realpath(path), "this tree", ours=True)
    for name, files in PEERS:
        path = _find_file(files)
        if path:
            yield Allocator(name, path, _package_version(path), packaged=True)
    for name, path in extra:
        yield Allocator(name, os.path.realpath(path), _package_version(path) or "given by --with")


def find(build_folder, extra=()):
    """Returns (allocators, warnings): ours if built, glibc always, then the peers and `extra` pairs (name, path)."""
    found, warnings = [], []
    for allocator in _candidates(build_folder, extra):
        reason = _refusal(allocator.path)
        if reason:
            warnings.append(f"{allocator.name} is left out: {reason}")
        else:
            found.append(allocator)
    ours = [a for a in found if a.ours]
    return ours + [_system()] + [a for a in found if not a.ours], warnings
