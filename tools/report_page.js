/* The script of the page of `heapalloc report`: draws what is in the page's data. Texts are set as text, never as
   HTML. */
/* SPDX-License-Identifier: MIT */
const data = JSON.parse(document.getElementById("data").textContent);
const SHOWN_FRAMES = 8; /* of a stack in a table */
const LIVE_BLOCKS = 0, LIVE_BYTES = 1, ALL_BLOCKS = 2, ALL_BYTES = 3;
/* The profile that is shown first is the one with most live memory. */
const largestProfile = () => data.profiles.reduce((most, profile, index) =>
    profile.values[LIVE_BYTES] > data.profiles[most].values[LIVE_BYTES] ? index : most, 0);
const chosen = { profile: largestProfile(), value: LIVE_BYTES, text: "" };
const element = (id) => document.getElementById(id);

/* ---- texts ---- */

function size(bytes) {
    const units = ["B", "KiB", "MiB", "GiB", "TiB"];
    let unit = 0;
    const sign = bytes < 0 ? "-" : "";
    for (bytes = Math.abs(bytes); bytes >= 1024 && unit < 4; unit++) bytes /= 1024;
    return sign + (unit ? bytes.toFixed(1) : Math.round(bytes)) + " " + units[unit];
}

const isBytes = (value) => value === LIVE_BYTES || value === ALL_BYTES;
const count = (number) => Math.round(number).toLocaleString("en");
const blocks = (number) => count(number) + (number === 1 ? " block" : " blocks");
const quantity = (number, value) => isBytes(value) ? size(number) : blocks(number);
const change = (number, text) => (number > 0 ? "+" : "") + text;
const percent = (part, all) => all > 0 ? (100 * part / all).toFixed(1) + " %" : "0 %";
const isSought = (text) => chosen.text !== "" && text.toLowerCase().includes(chosen.text);

/* Without what is between the brackets of templates and calls: "std::vector<...>::resize()". */
function shorten(name) {
    let text = "", depth = 0;
    for (let i = 0; i < name.length; i++) {
        const letter = name[i];
        const opens = letter === "<" || letter === "(", closes = letter === ">" || letter === ")";
        const isPartOfName = name.startsWith("(anonymous", i) || name.startsWith("operator", i - 8);
        if (!isPartOfName && (opens || (closes && depth > 0))) {
            if (opens && depth++ === 0) text += letter === "<" ? "<\u2026>" : "()";
            if (closes) depth--;
        } else if (name.startsWith("(anonymous namespace)::", i)) {
            i += 22;
        } else if (depth === 0) {
            text += letter;
        }
    }
    return depth === 0 ? text : text + "\u2026";
}

/* The place in a stack of the function that a reader is likely to know: not one of the C++ library. */
function ownPlace(stack) {
    const place = stack.findIndex((frame) => !/\bstd::|__gnu_cxx|^operator new|^(malloc|calloc|realloc|strdup)\b/.test(
        shorten(data.names[frame]).replace(/^.* (?=[^ ]+ )/, "")));
    return place < 0 ? 0 : place;
}

/* Make an element with attributes and children, which are elements or texts. */
function make(name, attributes, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children);
    return made;
}

function draw(name, attributes, ...children) {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children);
    return made;
}

function show(id) {
    element(id).hidden = false;
}

/* ---- tables ---- */

/* Fill a table. A column is {name, cell: row => node or text, key: row => number to sort by, isStack}. */
function fillTable(table, columns, rows, sorted) {
    const body = make("tbody", {});
    function fill(column) {
        if (column.key) rows = [...rows].sort((one, other) => column.key(other) - column.key(one));
        body.replaceChildren(...rows.map((row) => make("tr", {}, ...columns.map((each) =>
            make("td", each.isStack ? { class: "stack" } : {}, each.cell(row))))));
        heads.forEach((head, index) =>
            head.setAttribute("aria-sort", columns[index] === column ? "descending" : "none"));
    }
    const heads = columns.map((column) => {
        const attributes = column.isStack ? { scope: "col", class: "stack" } : { scope: "col" };
        if (!column.key) return make("th", attributes, column.name);
        const button = make("button", { type: "button", title: "sort by this" }, column.name);
        button.addEventListener("click", () => fill(column));
        return make("th", attributes, button);
    });
    table.replaceChildren(make("thead", {}, make("tr", {}, ...heads)), body);
    fill(sorted || {});
}

/* A stack, innermost function first, with the one that a reader is likely to know in bold. Outer functions, which most
   stacks share, come when they are asked for; all of it is shown when it is pointed to. */
function stackCell(stack) {
    if (!stack.length) return "(no stack)";
    const cell = make("div", { title: stack.map((frame) => data.names[frame]).join("\n") });
    const own = ownPlace(stack);
    const shown = Math.max(own + 1, SHOWN_FRAMES) + 1 < stack.length ? Math.max(own + 1, SHOWN_FRAMES) : stack.length;
    function add(from, to) {
        for (let place = from; place < to; place++) {
            const name = shorten(data.names[stack[place]]);
            cell.append(place ? " < " : "", place === own ? make("strong", {}, name) : name);
        }
    }
    add(0, shown);
    if (shown === stack.length) return cell;
    const more = make("button", { type: "button" }, `< ${stack.length - shown} more`);
    more.addEventListener("click", () => {
        more.remove();
        add(shown, stack.length);
    });
    cell.append(" ", more);
    return cell;
}

const valueColumn = (name, value) => ({
    name, key: (row) => row.values[value],
    cell: (row) => isBytes(value) ? size(row.values[value]) : count(row.values[value]),
});

function fillSites() {
    const profile = data.profiles[chosen.profile];
    const all = profile.values[chosen.value];
    const rows = profile.sites.filter((site) => chosen.text === "" ||
        site.stack.some((frame) => isSought(data.names[frame])));
    const which = chosen.text ? "those with the text that is searched for" : "the largest";
    element("sites-say").textContent = `${count(rows.length)} of ${count(profile.stacks)} call stacks, ${which}. ` +
        "The innermost function is first.";
    const columns = [valueColumn("live", LIVE_BYTES), valueColumn("blocks", LIVE_BLOCKS),
        valueColumn("allocated", ALL_BYTES), valueColumn("blocks", ALL_BLOCKS),
        { name: "share", cell: (row) => percent(row.values[chosen.value], all) },
        { name: "by", isStack: true, cell: (row) => stackCell(row.stack) }];
    fillTable(element("sites"), columns, rows, columns[[1, 0, 3, 2][chosen.value]]); /* they are in another order */
}

/* ---- where the memory is ---- */

/* What is not live any more at a program's end is said too: that may be all. */
function fillAnswer() {
    const profile = data.profiles[chosen.profile], all = profile.values[LIVE_BYTES];
    const largest = (value) => [...profile.sites].sort((one, other) => other.values[value] - one.values[value])
        .slice(0, 3).filter((row) => row.values[value] > 0);
    const item = (row, value, says) => make("li", {}, `${size(row.values[value])}, ` +
        `${percent(row.values[value], profile.values[value])} of ${says}, in ${blocks(row.values[value - 1])}: `,
        stackCell(row.stack));
    element("answer").replaceChildren(...largest(LIVE_BYTES).map((row) => item(row, LIVE_BYTES, "what is live")),
        ...largest(ALL_BYTES).map((row) => item(row, ALL_BYTES, "all that was allocated")));
    element("answer-say").textContent = `${profile.name}: ${size(all)} are live, ` +
        `${size(profile.values[ALL_BYTES])} were allocated in all.`;
}

/* ---- growth, and the heap ---- */

function fillGrowth() {
    const grown = (row, value) => row.after[value] - row.before[value];
    const column = (name, value, text) => ({ name, key: (row) => grown(row, value),
        cell: (row) => change(grown(row, value), text(grown(row, value))) });
    fillTable(element("growth"), [column("live", LIVE_BYTES, size), column("blocks", LIVE_BLOCKS, count),
        { name: "from", cell: (row) => size(row.before[LIVE_BYTES]) },
        { name: "to", cell: (row) => size(row.after[LIVE_BYTES]) },
        { name: "by", isStack: true, cell: (row) => stackCell(row.stack) }], data.growth);
}

function drawHeap(heap) {
    element("map-say").textContent = `${heap.name}: ${size(heap.live[1])} live in ${count(heap.live[0])} blocks, ` +
        `${size(heap.kept[1])} kept by threads for their next requests, ${size(heap.free[1])} free.`;
    const sample = (name, colour) => {
        const box = make("i", {});
        box.style.background = `var(--${colour})`;
        return [box, name];
    };
    element("map-legend").replaceChildren(
        ...sample("live", "live"), ...sample("kept by a thread", "kept"), ...sample("free", "free"));
    element("map").replaceChildren(...heap.regions.flatMap(drawRegion));
    element("map").addEventListener("keydown", mapKey);
    chooseCell(0);
    drawSizes(heap.sizes.map(sizesRow), "Live bytes by the size of blocks, as the heap has them.");
    const held = heap.classes.reduce((sum, row) => sum + row[4], 0);
    element("holes-say").textContent = `${size(held)} are free in slabs of small blocks that also have live ones: ` +
        "they cannot be used for blocks of other sizes. The fuller the slabs of a class, the less it holds.";
    const column = (name, index, text) => ({ name, key: (row) => row[index], cell: (row) => text(row[index]) });
    const columns = [column("block", 0, size), column("slabs", 1, count), column("live blocks", 2, count),
        column("live", 3, size), column("held free", 4, size),
        { name: "full", key: (row) => row[3] / (row[3] + row[4] || 1),
            cell: (row) => percent(row[3], row[3] + row[4]) },
        column("slabs at most half full", 5, count)];
    fillTable(element("holes"), columns, heap.classes, columns[4]);
}

function fillNamed(named) {
    const columns = [{ name: "in use", key: (row) => row.used_bytes, cell: (row) => size(row.used_bytes) },
        { name: "reserved", key: (row) => row.reserved_bytes, cell: (row) => size(row.reserved_bytes) },
        { name: "count", key: (row) => row.count, cell: (row) => count(row.count) },
        { name: "kind", cell: (row) => row.kind },
        { name: "name", isStack: true, cell: (row) => row.name }];
    fillTable(element("named"), columns, named, columns[1]);
    show("named-section");
}

function fillPins(pins) {
    const columns = [{ name: "held free", key: (row) => row.held, cell: (row) => size(row.held) },
        { name: "live", key: (row) => row.live, cell: (row) => size(row.live) },
        { name: "blocks", key: (row) => row.blocks, cell: (row) => count(row.blocks) },
        { name: "by", isStack: true, cell: (row) => stackCell(row.stack) }];
    element("pins-say").textContent = "Each live block has an equal share in what is free in its slab; a sampled " +
        "block stands for as many as it was sampled from.";
    fillTable(element("pins"), columns, pins, columns[0]);
    show("pins-part");
}

/* ---- the page ---- */

function drawProfile() {
    readNodes();
    fillAnswer();
    drawFlame();
    sayFound();
    fillSites();
    if (!data.heap) sizesOfProfile();
    if (data.profiles.length > 1) drawTime();
}

function chooseProfile(index) {
    chosen.profile = index;
    element("which").value = index;
    drawProfile();
}

function beginProfiles() {
    ["answer-section", "flame-section", "sites-section", "sizes-section"].forEach(show);
    if (data.profiles.length > 1) {
        show("time-section");
        element("which").max = data.profiles.length - 1;
        element("which").addEventListener("input", (event) => chooseProfile(Number(event.target.value)));
        element("which").value = chosen.profile;
        fillGrowth();
    }
    element("value").addEventListener("change", (event) => {
        chosen.value = Number(event.target.value);
        drawProfile();
    });
    element("search").addEventListener("input", (event) => {
        chosen.text = event.target.value.trim().toLowerCase();
        drawFlame();
        sayFound();
        fillSites();
    });
    element("whole").addEventListener("click", () => zoom(flame.nodes[0]));
    element("flame").addEventListener("keydown", flameKey);
    window.addEventListener("resize", drawFlame);
    drawProfile();
}

if (data.profiles.length) beginProfiles();
if (data.heap) {
    ["map-section", "holes-section", "sizes-section"].forEach(show);
    drawHeap(data.heap);
    if (data.heap.named.length) fillNamed(data.heap.named);
    if (data.pins.length) fillPins(data.pins);
}
