"""A small picture of the whole programs' means, for a README: CPU time and peak memory, each relative to glibc's."""
# SPDX-License-Identifier: MIT
import html

from report import view

COLOURS = {"heapalloc": "#e8590c", "heapalloc-fast": "#f2a33c", "glibc": "#78716c"}
OTHER = "#a8b3bd"
WIDTH, LEFT, ROW, TOP, GAP = 760, 120, 26, 46, 24


def _bars(programs, key, title, left, width):
    means = [(n, programs.mean(n, key)) for n in programs.names]
    longest = max(r["mid"] for _, r in means)
    room = width - 52
    yield f'<text x="{left}" y="24" class="t">{html.escape(title)}</text>'
    for i, (name, ratio) in enumerate(means):
        y = TOP + i * ROW
        long = room * ratio["mid"] / longest
        yield (f'<rect x="{left}" y="{y}" width="{long:.1f}" height="{ROW - 8}" rx="4" '
               f'fill="{COLOURS.get(name, OTHER)}"/>')
        tie = " =" if ratio["verdict"] == 0 and name != view.BASE else ""
        yield f'<text x="{left + long + 6:.1f}" y="{y + 13}">{ratio["mid"]:.2f}{tie}</text>'


def programs(document):
    """The picture's text. It has its own background, so that it is readable on light and dark pages."""
    found = view.Programs(document)
    height = TOP + ROW * len(found.names) + 34
    half = (WIDTH - LEFT - GAP) // 2
    lines = ['<svg xmlns="http://www.w3.org/2000/svg"'
             f' viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}">',
             "<style>text{font:13px system-ui,sans-serif;fill:#292524}"
             ".t{font-weight:600}.s{fill:#78716c;font-size:12px}</style>",
             f'<rect width="{WIDTH}" height="{height}" rx="12" fill="#fbfaf8"/>']
    if not found.complete:
        return "\n".join([*lines, "</svg>", ""])
    for i, name in enumerate(found.names):
        lines.append(f'<text x="{LEFT - 10}" y="{TOP + i * ROW + 13}" text-anchor="end">{html.escape(name)}</text>')
    lines += _bars(found, "cpu_s", "CPU time, glibc = 1", LEFT, half)
    lines += _bars(found, "rss_kib", "peak memory, glibc = 1", LEFT + half + GAP, half)
    lines.append(f'<text x="{LEFT}" y="{height - 12}" class="s">'
                 f'geometric means over {len(found.complete)} real programs, '
                 f'{html.escape(document["machine"]["date"][:10])}; shorter is better; = is a tie with glibc</text>')
    return "\n".join([*lines, "</svg>", ""])
