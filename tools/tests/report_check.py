#!/usr/bin/env python3
"""Checks a page of `heapalloc report`.

  report_check.py PAGE [growth] [heap] [pins] [evil]   its form, its data, and what else it must have
  report_check.py --named PATTERN PAGE          that one of the three sites with most live memory is named so
  report_check.py --holder PAGE                 who holds what is free in the slabs of pinner.c
  report_check.py --make FILE                   makes a profile whose names are markup
  report_check.py --browse BROWSER PAGE         opens it in Chromium, types, clicks, and looks at what is drawn
"""
# SPDX-License-Identifier: MIT
import html.parser
import json
import pathlib
import re
import subprocess
import sys
import tempfile

EVIL = '</script><img src=x onerror="document.title=1">&amp;\'"<b>\\u003c \u2028\x01'
EMPTY = ("meta", "link", "br", "img", "input", "hr")
# Does what a reader does, and writes what is then in the page into its title.
TRIAL = """<script>
window.addEventListener("load", () => {
    const key = (id, key) => element(id).dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
    const says = {};
    try {
        says.rects = document.querySelectorAll("#flame rect").length;
        says.sites = document.querySelectorAll("#sites tbody tr").length;
        says.sizes = document.querySelectorAll("#sizes rect").length;
        says.dots = document.querySelectorAll("#time circle").length;
        says.cells = document.querySelectorAll("#map i b").length;
        says.images = document.querySelectorAll("img, iframe, link").length;
        const stack = stackCell(Array(20).fill(data.profiles[0].sites[0].stack[0]));
        says.folded = stack.textContent;
        stack.querySelector("button").click();
        says.unfolded = stack.textContent;
        key("flame", "ArrowDown");
        says.chosen = element("flame-says").textContent;
        key("flame", "Enter");
        says.zoomed = flame.top;
        key("flame", "Escape");
        says.whole = flame.top;
        element("search").value = "nothing is named so";
        element("search").dispatchEvent(new Event("input"));
        says.none = document.querySelectorAll("#sites tbody tr").length;
        says.nothing = element("found").textContent;
        element("search").value = flame.nodes[1].name.split("\\n")[0].slice(0, 12);
        element("search").dispatchEvent(new Event("input"));
        says.found = document.querySelectorAll("#flame rect.found").length;
        element("value").value = "3";
        element("value").dispatchEvent(new Event("change"));
        says.allocated = element("flame-says").textContent;
        if (data.heap) {
            const before = element("map-says").textContent;
            key("map", "ArrowRight");
            says.moved = element("map-says").textContent !== before;
        }
        if (data.profiles.length > 1) {
            element("which").value = "0";
            element("which").dispatchEvent(new Event("input"));
            says.profile = chosen.profile;
        }
    } catch (fault) {
        says.fault = String(fault);
    }
    const out = document.createElement("pre");
    out.id = "says";
    out.textContent = JSON.stringify(says);
    document.body.append(out);
});
</script>
"""


def check(holds, what):
    if not holds:
        sys.exit(f"wrong: {what}")


class Form(html.parser.HTMLParser):
    """That elements are closed in the order in which they were opened, and that no ID is there twice."""

    def __init__(self):
        super().__init__()
        self.open, self.ids, self.texts, self.attributes = [], set(), {}, []

    def handle_starttag(self, tag, attributes):
        identity = dict(attributes).get("id")
        check(identity is None or identity not in self.ids, f"the ID {identity} is there twice")
        self.ids.add(identity)
        self.attributes += [value for name, value in attributes if name in ("src", "href")]
        if tag not in EMPTY:
            self.open.append((tag, identity))

    def handle_endtag(self, tag):
        check(self.open and self.open[-1][0] == tag, f"</{tag}> closes {self.open[-1:]}")
        self.open.pop()

    def handle_data(self, text):
        if self.open:
            self.texts[self.open[-1]] = self.texts.get(self.open[-1], "") + text


def check_profile(profile, names):
    nodes, values = profile["nodes"], profile["values"]
    check(nodes[0][:2] == [-1, -1] and nodes[0][2:] == values, "the root's sums are not the profile's")
    below = [[0] * 4 for _ in nodes]
    for index, (name, parent, *sums) in enumerate(nodes[1:], 1):
        check(0 <= name < len(names) and 0 <= parent < index, "a node without a name, or before its parent")
        below[parent] = [one + other for one, other in zip(below[parent], sums)]
    # Each number is rounded by itself.
    check(all(more <= all_ + len(nodes) for node, sums in zip(nodes, below) for all_, more in zip(node[2:], sums)),
          "children are larger than their parent")
    tops = [names[node[0]] for node in nodes[1:] if node[1] == 0]
    for site in profile["sites"]:
        if 0 < len(site["stack"]) < 40 and site["values"][1] * 100 > values[1]:
            check(any(names[site["stack"][-1]].startswith(top) for top in tops), "the outermost function is not on top")
        check(len(site["values"]) == 4 and all(0 <= name < len(names) for name in site["stack"]), "a site's stack")
    check(sum(site["values"][1] for site in profile["sites"]) <= values[1] + len(profile["sites"]), "sums of sites")
    check(profile["sizes"] == sorted(profile["sizes"]), "the order of sizes")


def check_heap(heap):
    live = sum(cell[0] for region in heap["regions"] for cell in region["cells"])
    check(abs(live - heap["live"][1]) * 20 <= heap["live"][1], "the map's live bytes are not the heap's")
    check(sum(row[2] for row in heap["sizes"]) == heap["live"][1], "the sizes' live bytes are not the heap's")
    check(all(sum(cell[:3]) <= region["cell_bytes"] for region in heap["regions"] for cell in region["cells"]),
          "a cell has more than fits")
    check(heap["classes"] and all(row[3] == row[0] * row[2] for row in heap["classes"]), "rows of classes")
    return f", {heap['live'][1] / (1 << 20):.1f} MiB live"


def check_page(path, *expected):
    text = pathlib.Path(path).read_text()
    form = Form()
    form.feed(text)
    form.close()
    check(not form.open, f"{form.open} stay open")
    check(not form.attributes and "@import" not in text and "url(" not in text, "the page loads something")
    links = set(re.findall(r"https?://[^\s\"'`<)]*", text)) - {"http://www.w3.org/2000/svg"}
    check(not links, f"the page names {links}")
    check(not re.search(r"@[A-Z]+@", text), "a mark is left")
    data = json.loads(form.texts[("script", "data")])
    for profile in data["profiles"]:
        check_profile(profile, data["names"])
    check(("growth" in expected) == bool(data["growth"]), "growth")
    check(("heap" in expected) == ("heap" in data), "the heap")
    check("pins" not in expected or data["pins"], "what holds memory in slabs")
    says = check_heap(data["heap"]) if "heap" in data else ""
    if "evil" in expected:
        check(any(name.startswith("</script><img") for name in data["names"]), "the name is there")
        check("<img" not in text.replace("\\u003cimg", ""), "a name became markup")
    print(f"fine: {len(data['profiles'])} profiles{says}")


def make_evil(path):
    def field(number, value):
        if isinstance(value, int):
            return bytes([number << 3, value])
        assert len(value) < 16384
        length = [len(value)] if len(value) < 128 else [len(value) & 127 | 128, len(value) >> 7]
        return bytes([number << 3 | 2, *length]) + value

    texts = ["", "inuse_objects", "inuse_space", EVIL, "/" + EVIL.replace("/", "|"), "other\n;name"]
    function = [field(5, field(1, 1) + field(2, 3) + field(4, 4)), field(5, field(1, 2) + field(2, 5))]
    place = [field(4, field(1, id) + field(3, 16 + id) + field(4, field(1, id) + field(2, 7))) for id in (1, 2)]
    pathlib.Path(path).write_bytes(b"".join(
        [field(6, text.encode()) for text in texts] + [field(1, field(1, 1)), field(1, field(1, 2))] +
        [field(3, field(1, 1) + field(2, 16) + field(3, 64) + field(5, 4))] + function + place +
        [field(2, field(1, bytes([1, 2])) + field(2, bytes([3, 100])))]))


def browse(browser, path):
    with tempfile.TemporaryDirectory() as folder:
        page = pathlib.Path(folder, "page.html")
        page.write_text(pathlib.Path(path).read_text().replace("</body>", TRIAL + "</body>"))
        done = subprocess.run([browser, "--headless=new", "--no-sandbox", "--disable-gpu",
                               f"--user-data-dir={folder}/user", "--window-size=1200,900",
                               "--virtual-time-budget=5000", "--dump-dom", page.as_uri()],
                              capture_output=True, text=True, timeout=90)
    found = re.search(r'<pre id="says">(.*?)</pre>', done.stdout, re.S)
    check(found, f"the page's script did not end: {done.stderr[-300:]}")
    says = json.loads(html.unescape(found[1]))
    check("fault" not in says, says.get("fault"))
    check(says["rects"] > 1 and says["sites"] > 0 and says["sizes"] > 0, f"too little is drawn: {says}")
    check(says["images"] == 0, "a name became an element")
    check(says["folded"].endswith("< 12 more") and says["unfolded"].count(" < ") == 19, f"a long stack: {says}")
    check("of all" in says["chosen"] and says["zoomed"] > 0 and says["whole"] == 0, f"keys: {says}")
    check(says["none"] == 0 and says["nothing"].startswith("0 B") and says["found"] > 0, f"the search: {says}")
    if "both" in path:
        check(says["cells"] > 100 and says["moved"], f"the map: {says}")
    if "evil" not in path:
        check(says["dots"] > 3 and says["profile"] == 0, f"the profiles: {says}")
    print("fine: drawn")


def check_holder(path):
    data = json.loads(re.search(r'id="data">(.*?)</script>', pathlib.Path(path).read_text(), re.S)[1])
    held, first = sum(row[4] for row in data["heap"]["classes"]), data["pins"][0]
    check(first["blocks"] == 4000 and first["live"] == 4000 * 250, f"the first holder: {first}")
    check(2 << 20 < first["held"] <= held, f"it holds {first['held']} of {held}")
    check(sum(row["held"] for row in data["pins"]) <= held + len(data["pins"]), "more is held than is free")
    print(f"fine: {data['names'][first['stack'][0]]} holds {first['held']} of {held}")


def check_named(pattern, path):
    text = pathlib.Path(path).read_text()
    data = json.loads(re.search(r'id="data">(.*?)</script>', text, re.S)[1])
    profile = max(data["profiles"], key=lambda profile: profile["values"][1])
    sites = sorted(profile["sites"], key=lambda site: -site["values"][1])[:3]
    names = [data["names"][name] for site in sites for name in site["stack"]]
    check(sites and sites[0]["values"][1] * 5 > profile["values"][1], "no site has a fifth of what is live")
    check(any(re.search(pattern, name) for name in names), f"none is named so: {names}")


if sys.argv[1] == "--named":
    check_named(*sys.argv[2:])
elif sys.argv[1] == "--holder":
    check_holder(sys.argv[2])
elif sys.argv[1] == "--make":
    make_evil(sys.argv[2])
elif sys.argv[1] == "--browse":
    browse(*sys.argv[2:])
else:
    check_page(*sys.argv[1:])
