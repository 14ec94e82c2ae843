"""The suite's part `counts`: the table of instructions per operation, for every allocator found."""
# SPDX-License-Identifier: MIT
import csv

from counts.count import DEFAULT_COLUMN, FAST_COLUMN, ROWS, Counter


def run(context):
    libraries = {a.name: a.path for a in context.allocators}
    context.progress.begin("counts", len(libraries) * len(ROWS))
    counter = Counter(context.tool("ops"), context.tool("step"), context.progress.step)
    counts = counter.count(libraries, quick=context.quick)
    rows = [{"operation": row[0], "title": row[1], "best_published": row[2],
             "budget": row[DEFAULT_COLUMN], "budget_fast": row[FAST_COLUMN]} for row in ROWS]
    _write_csv(context.file("counts.csv"), libraries, counts)
    for name, entry in counts.items():
        if entry["by"] != "callgrind":
            context.warn(f"{name}'s instructions: {entry['by']}")
    return {"rows": rows, "counts": counts}


def _write_csv(path, names, counts):
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["operation", *names])
        for row in ROWS:
            writer.writerow([row[0], *(counts[n]["values"].get(row[0], "") for n in names)])
