"""The expected console output: complete TAP reports, panics, memory maps."""
# SPDX-License-Identifier: MIT
import itertools
import re

from boot import HANG, Wrong

PREFIX = "heapalloc-kernel: "


def tail(outcome):
    return "\n".join(["    | " + line for line in outcome.lines[-12:]])


def demand(holds, what, outcome):
    if not holds:
        raise Wrong(f"{what} (exit code {outcome.code})\n{tail(outcome)}")


def passes(outcome):
    """A complete report: the plan, every number once and in order, the last line, and code 0."""
    demand(outcome.code != HANG, "hung", outcome)
    for line in outcome.lines:
        demand(not line.startswith("not ok"), "a test failed", outcome)
        demand("ignored" not in line, "a boot argument was not understood", outcome)
    plans = [int(line[3:]) for line in outcome.lines if re.fullmatch(r"1\.\.\d+", line)]
    demand(len(plans) == 1 and plans[0] > 0, "no plan", outcome)
    numbers = [int(found[1]) for found in
               (re.match(r"ok (\d+) \w+\.\w+$", line) for line in outcome.lines) if found]
    demand(numbers == list(range(1, plans[0] + 1)), "tests are missing", outcome)
    demand(outcome.lines[-1] == f"{PREFIX}PASS {plans[0]} tests", "no PASS at the end", outcome)
    demand(outcome.code == 0, "exit code is not 0", outcome)
    return plans[0]


def says_tests(outcome, prefix, count):
    """As many tests with this prefix were run: none was left out of the image."""
    names = [line.split()[2] for line in outcome.lines if re.match(r"ok \d+ ", line)]
    demand(sum(name.startswith(prefix) for name in names) == count,
           f"{count} tests {prefix}* wanted", outcome)


def ends(outcome, code, *patterns):
    """The exit code, and console lines that match the patterns in this order."""
    demand(outcome.code == code, f"exit code {code} wanted", outcome)
    lines = iter(outcome.lines)
    for pattern in patterns:
        demand(any(re.search(pattern, line) for line in lines), f"`{pattern}` is not said", outcome)
    demand(not any("PASS" in line for line in outcome.lines), "PASS is said", outcome)


def says(outcome, pattern):
    demand(any(re.search(pattern, line) for line in outcome.lines), f"`{pattern}` is not said", outcome)


def is_one_line(outcome):
    demand(len(outcome.lines) == 1, "one line wanted", outcome)


def memory_map(outcome, name):
    """The ranges the kernel prints under a name, as a list of (start, end)."""
    found = (re.fullmatch(rf"  {name} +(\w+) \.\. (\w+) +\d+ KiB", line) for line in outcome.lines)
    return [(int(match[1], 16), int(match[2], 16)) for match in found if match]


def free_is_ram_without(outcome, *taken):
    """Computes page by page that free memory is RAM that is not taken."""
    page = 4096
    def pages(ranges):
        return {number for start, end in ranges for number in range(start // page, -(-end // page))}
    def whole_pages(ranges):
        return {number for start, end in ranges for number in range(-(-start // page), end // page)}
    taken = [*taken, *memory_map(outcome, "image"), *memory_map(outcome, "tree"),
             *memory_map(outcome, "initrd")]
    wanted = whole_pages(memory_map(outcome, "ram")) - pages(taken)
    demand(wanted and pages(memory_map(outcome, "free")) == wanted, "free memory is wrong", outcome)


def rendered(line):
    """The line as a terminal shows it: a backspace moves back, the next letter overwrites."""
    letters, at = [], 0
    for letter in line:
        if letter == "\b":
            at -= 1
        else:
            letters[at:at + 1] = [letter]
            at += 1
    return "".join(letters).rstrip()


def holds_session(outcome, expected, code):
    """The console's answers from the first prompt on, and how it ended."""
    start = next((i for i, line in enumerate(outcome.lines) if line.startswith("heap>")), 0)
    said = [rendered(line) for line in outcome.lines[start:]]
    for number, (line, wanted) in enumerate(itertools.zip_longest(said, expected), 1):
        demand(line == wanted, f"line {number} is `{line}`, not `{wanted}`", outcome)
    demand(outcome.code == code, f"exit code {code} wanted", outcome)
