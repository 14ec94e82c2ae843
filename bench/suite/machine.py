"""Describes the machine: processor, memory, kernel, versions, and its other load during the run."""
# SPDX-License-Identifier: MIT
import datetime
import os
import platform
import subprocess


def _read(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read().strip()
    except OSError:
        return ""


def _field(text, name):
    for line in text.splitlines():
        if line.lower().startswith(name.lower()):
            return line.split(":", 1)[1].strip()
    return ""


def _first_line(*command):
    try:
        out = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False).stdout
    except OSError:
        return ""
    return out.splitlines()[0].strip() if out else ""


def _chosen(text):
    """The word in brackets, as /sys marks the setting in force."""
    return text.split("[")[1].split("]")[0] if "[" in text else text


def describe():
    """A dictionary of short texts, in the order in which the report shows them."""
    cpu = _read("/proc/cpuinfo")
    memory_kib = int((_field(_read("/proc/meminfo"), "MemTotal") or "0 kB").split()[0])
    return {
        "date": datetime.datetime.now().astimezone().strftime("%Y-%m-%d %H:%M %z"),
        "processor": _field(cpu, "model name") or platform.machine(),
        "cores": str(len(os.sched_getaffinity(0))),
        "memory": f"{memory_kib / 2**20:.1f} GiB",
        "machine": "virtual" if "hypervisor" in cpu else "bare",
        "kernel": platform.release(),
        "system": _field(_read("/etc/os-release").replace("=", ":"), "PRETTY_NAME").strip('"'),
        "huge pages": _chosen(_read("/sys/kernel/mm/transparent_hugepage/enabled")),
        "overcommit": _read("/proc/sys/vm/overcommit_memory"),
        "governor": _read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor") or "not shown",
        "compiler": _first_line("gcc", "--version"),
        "load at start": " ".join(_read("/proc/loadavg").split()[:3]),
    }


def load():
    """The one-minute load average, which shows afterwards whether something else ran."""
    return float((_read("/proc/loadavg") or "0").split()[0])


class StolenTime:
    """CPU time used by others while we measured: by other programs and by the hypervisor."""

    def __init__(self):
        self._start = self._ticks()

    @staticmethod
    def _ticks():
        values = [int(v) for v in _read("/proc/stat").splitlines()[0].split()[1:]]
        return {"steal": values[7] if len(values) > 7 else 0, "all": sum(values[:8])}

    def percent(self):
        now = self._ticks()
        passed = max(1, now["all"] - self._start["all"])
        return 100 * (now["steal"] - self._start["steal"]) / passed
