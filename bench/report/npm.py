"""Fetches uPlot once through npm into a cache outside the tree, and returns its text for the page."""
# SPDX-License-Identifier: MIT
import os
import shutil
import subprocess

PACKAGE, VERSION = "uplot", "1.6.32"


def cache_folder():
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return os.path.join(base, "heapalloc", "npm")


def _read(folder, name):
    with open(os.path.join(folder, "node_modules", PACKAGE, "dist", name), encoding="utf-8") as file:
        return file.read()


def _installed(folder):
    try:
        return {"script": _read(folder, "uPlot.iife.min.js"), "style": _read(folder, "uPlot.min.css")}
    except OSError:
        return None


def uplot(say):
    """{"script", "style"}; both empty if it is neither cached nor available, and the page does without it."""
    folder = os.path.join(cache_folder(), f"{PACKAGE}-{VERSION}")
    found = _installed(folder)
    if found:
        return found
    if not shutil.which("npm"):
        say("report: no npm here, so the curves are left out; their numbers are in the tables")
        return {"script": "", "style": ""}
    say(f"report: fetching {PACKAGE} {VERSION} by npm into {folder}")
    os.makedirs(folder, exist_ok=True)
    done = subprocess.run(["npm", "install", "--prefix", folder, "--no-audit", "--no-fund", "--silent",
                           "--ignore-scripts", f"{PACKAGE}@{VERSION}"],
                          capture_output=True, text=True, timeout=300, check=False)
    found = _installed(folder)
    if not found:
        say(f"report: npm failed ({done.stderr.strip()[-200:]}), so the curves are left out")
        return {"script": "", "style": ""}
    return found
