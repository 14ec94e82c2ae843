#!/usr/bin/env python3
"""Writes report.html, summary.txt and summary.svg of a run; by hand, build.py RESULTS_FOLDER rebuilds them."""
# SPDX-License-Identifier: MIT
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
from report import goals, npm, svg, view, words  # noqa: E402

SCRIPTS = ("base.js", "dots.js", "lines.js", "tables.js", "page.js")


def _text(name):
    with open(os.path.join(HERE, name), encoding="utf-8") as file:
        return file.read()


def _trim(document):
    """The document without data that the page does not draw, which would only make it slow."""
    parts = {name: dict(part) for name, part in document["parts"].items()}
    for part, keys in (("programs", ("runs",)), ("micro", ("ns", "memory_kib"))):
        for key in keys:
            parts.get(part, {}).pop(key, None)
    return dict(document, parts=parts)


def _headline(document, cards, kept, total):
    ours = view.ours_of(document)
    if not ours:
        return "The allocators of this machine, measured"
    better = sum(c["state"] == "win" for c in cards)
    worse = sum(c["state"] == "loss" for c in cards)
    if cards and better == len(cards):
        return f"{ours} is ahead on every question that matters here."
    if not cards:
        return f"{ours} keeps {kept} of {total} promises here." if total else f"{ours}, measured"
    return f"{ours} is ahead on {better} of {len(cards)} questions, behind on {worse}; {kept} of {total} promises kept."


def _page(document, cards, judged, parts):
    kept = sum(g["kept"] is True for g in judged)
    data = dict(_trim(document), view=view.build(document), cards=cards, goals=judged,
                headline=_headline(document, cards, kept, len(judged)))
    # A closing tag in a string would end the script.
    numbers = json.dumps(data, separators=(",", ":")).replace("</", "<\\/")
    page = _text("template.html")
    for mark, content in (("/*UPLOT_STYLE*/", parts["style"]), ("/*STYLE*/", _text("style.css")),
                          ("/*UPLOT_SCRIPT*/", parts["script"].replace("</script", "<\\/script")),
                          ("/*DATA*/null", numbers),
                          ("/*SCRIPTS*/", "\n".join(_text(name) for name in SCRIPTS))):
        page = page.replace(mark, content, 1)
    return page


def _write(folder, name, text):
    with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
        file.write(text)


def write_all(document, folder, say):
    """Returns the text summary."""
    judged, cards = goals.judge(document), words.verdict(document)
    summary = words.summary(document, judged, cards)
    _write(folder, "report.html", _page(document, cards, judged, npm.uplot(say)))
    _write(folder, "summary.txt", summary)
    if "programs" in document["parts"]:
        _write(folder, "summary.svg", svg.programs(document))
    return summary


def main():
    folder = sys.argv[1]
    with open(os.path.join(folder, "results.json"), encoding="utf-8") as file:
        document = json.load(file)
    print(write_all(document, folder, lambda text: print(text, file=sys.stderr)))


if __name__ == "__main__":
    main()
