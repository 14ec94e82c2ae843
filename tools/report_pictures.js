/* The pictures of the page of `heapalloc report`: growth over time, flame graph, sizes, heap map. */
/* SPDX-License-Identifier: MIT */

/* ---- growth over time ---- */

function drawTime() {
    const width = 1000, height = 220, left = 90, bottom = 30, profiles = data.profiles;
    const first = profiles[0].ms, passed = Math.max(1, profiles[profiles.length - 1].ms - first);
    const most = Math.max(1, ...profiles.map((profile) => profile.values[LIVE_BYTES]));
    const x = (profile) => left + (width - left - 20) * (profile.ms - first) / passed;
    const y = (bytes) => 15 + (height - bottom - 15) * (1 - bytes / most);
    const svg = draw("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": "Live bytes over time" });
    const text = (x, y, anchor, says) =>
        svg.append(draw("text", { class: "axis-text", x, y, "text-anchor": anchor }, says));
    for (const part of [0, 0.5, 1]) {
        svg.append(draw("line", { class: "axis", x1: left, x2: width - 20, y1: y(most * part), y2: y(most * part) }));
        text(left - 8, y(most * part) + 4, "end", size(most * part));
        text(left + (width - left - 20) * part, height - 8, "middle",
            (passed * part / 1000).toFixed(passed < 10000 ? 2 : 0) + " s");
    }
    svg.append(draw("polyline", { class: "live-line",
        points: profiles.map((profile) => `${x(profile)},${y(profile.values[LIVE_BYTES])}`).join(" ") }));
    const title = (profile) => `${profile.name}: ${size(profile.values[LIVE_BYTES])} live`;
    profiles.forEach((profile, index) => {
        const dot = draw("circle", { class: index === chosen.profile ? "dot chosen" : "dot", r: 5, cx: x(profile),
            cy: y(profile.values[LIVE_BYTES]) }, draw("title", {}, title(profile)));
        dot.addEventListener("click", () => chooseProfile(index));
        svg.append(dot);
    });
    element("time").replaceChildren(svg);
    element("which-name").textContent = title(profiles[chosen.profile]);
}

/* ---- flame graph ---- */

/* A node is [name, parent, live blocks, live bytes, allocated blocks, allocated bytes]; a parent comes first. */
const flame = { nodes: [], top: 0, at: 0, rects: new Map() };
const ROW = 18;
const nodeValue = (node) => node.values[chosen.value];

function readNodes() {
    flame.nodes = data.profiles[chosen.profile].nodes.map((row, index) => ({ index, name: data.names[row[0]] || "all",
        parent: row[1], depth: 0, children: [], values: row.slice(2) }));
    for (const node of flame.nodes.slice(1)) {
        node.depth = flame.nodes[node.parent].depth + 1;
        flame.nodes[node.parent].children.push(node);
    }
    for (const node of flame.nodes) node.children.sort((one, other) => nodeValue(other) - nodeValue(one));
    flame.top = flame.at = 0;
}

function hue(name) {
    let hash = 0;
    for (let i = 0; i < name.length; i++) hash = (hash * 31 + name.charCodeAt(i)) % 100003;
    return 10 + hash % 50;
}

function describe(node) {
    const all = nodeValue(flame.nodes[0]);
    return `${node.name}: ${quantity(nodeValue(node), chosen.value)}, ${percent(nodeValue(node), all)} of all; ` +
        `live ${size(node.values[LIVE_BYTES])}, allocated ${size(node.values[ALL_BYTES])}`;
}

function choose(node) {
    flame.rects.get(flame.at)?.classList.remove("chosen");
    flame.at = node.index;
    flame.rects.get(flame.at)?.classList.add("chosen");
    element("flame-says").textContent = describe(node);
}

function placeNode(svg, node, x, width, depth) {
    const rect = draw("rect", { x, y: depth * ROW, width, height: ROW - 1 });
    rect.style.fill = `hsl(${hue(node.name)} 75% var(--flame-light))`;
    if (isSought(node.name)) rect.classList.add("found");
    rect.append(draw("title", {}, describe(node)));
    rect.addEventListener("click", () => zoom(node));
    rect.addEventListener("mouseenter", () => choose(node));
    flame.rects.set(node.index, rect);
    svg.append(rect);
    const letters = Math.floor((width - 6) / 7.3);
    if (letters < 3) return;
    const name = shorten(node.name);
    const text = name.length > letters ? name.slice(0, letters - 1) + "\u2026" : name;
    svg.append(draw("text", { x: x + 3, y: depth * ROW + 13 }, text));
}

/* Draw the node that was zoomed to, its callers above it, and what it called below. Slivers are left out. */
function drawFlame() {
    const top = flame.nodes[flame.top], width = element("flame").clientWidth || 1000;
    let depths = top.depth;
    const svg = draw("svg", {});
    flame.rects.clear();
    for (let node = top; node.index !== 0;) {
        node = flame.nodes[node.parent];
        placeNode(svg, node, 0, width, node.depth);
    }
    const todo = [[top, 0, width]];
    while (todo.length) {
        const [node, from, room] = todo.pop();
        placeNode(svg, node, from, room, node.depth);
        depths = Math.max(depths, node.depth);
        let x = from;
        for (const child of node.children) {
            const share = nodeValue(node) > 0 ? room * nodeValue(child) / nodeValue(node) : 0;
            if (share >= 0.7) todo.push([child, x, share]);
            x += share;
        }
    }
    svg.setAttribute("height", (depths + 1) * ROW);
    svg.setAttribute("viewBox", `0 0 ${width} ${(depths + 1) * ROW}`);
    svg.setAttribute("preserveAspectRatio", "none");
    element("flame").replaceChildren(svg);
    flame.rects.get(flame.at)?.classList.add("chosen");
}

/* The sum of what has the text that is searched for in its stack, each counted once. */
function sayFound() {
    let sum = 0;
    const todo = [flame.nodes[0]];
    while (chosen.text && todo.length) {
        const node = todo.pop();
        if (node.index && isSought(node.name)) sum += nodeValue(node);
        else todo.push(...node.children);
    }
    const share = percent(sum, nodeValue(flame.nodes[0]));
    element("found").textContent = chosen.text ? `${quantity(sum, chosen.value)}, ${share} of all` : "";
}

function zoom(node) {
    flame.top = node.index;
    drawFlame();
    choose(node);
}

function moveInFlame(key) {
    const node = flame.nodes[flame.at], siblings = node.index ? flame.nodes[node.parent].children : [node];
    const place = siblings.indexOf(node);
    if (key === "ArrowDown") return node.children[0];
    if (key === "ArrowUp") return node.index ? flame.nodes[node.parent] : node;
    return siblings[place + (key === "ArrowRight" ? 1 : -1)];
}

function flameKey(event) {
    if (event.key === "Enter") zoom(flame.nodes[flame.at]);
    else if (event.key === "Escape") zoom(flame.nodes[0]);
    else if (event.key.startsWith("Arrow")) choose(moveInFlame(event.key) || flame.nodes[flame.at]);
    else return;
    event.preventDefault();
}

/* ---- sizes ---- */

/* Rows of {from, blocks, bytes}, each for sizes up to twice `from`. */
function drawSizes(rows, says) {
    const width = 1000, height = 22 * rows.length + 10, most = Math.max(1, ...rows.map((row) => row.bytes));
    const svg = draw("svg", { viewBox: `0 0 ${width} ${height}`, role: "img",
        "aria-label": "Live bytes by size of blocks" });
    rows.forEach((row, index) => {
        const y = 22 * index + 4;
        svg.append(draw("text", { x: 190, y: y + 13, "text-anchor": "end" }, row.name),
            draw("rect", { class: "bar", x: 200, y, width: Math.max(1, 500 * row.bytes / most), height: 17 }),
            draw("text", { x: 710, y: y + 13 }, `${size(row.bytes)} in ${blocks(row.blocks)}`));
    });
    element("sizes-say").textContent = says;
    element("sizes").replaceChildren(svg);
}

const sizesRow = ([from, blocks, bytes]) => ({ name: `${size(from)} to ${size(2 * from)}`, blocks, bytes });

function sizesOfProfile() {
    const rows = new Map();
    for (const row of data.profiles[chosen.profile].sizes) rows.set(row[0], sizesRow(row));
    drawSizes([...rows.values()], "Live bytes by the mean size of the blocks of each call stack.");
}

/* ---- heap map ---- */

const KINDS = ["small blocks", "medium blocks", "large blocks", "a pool", "an arena"];
const map = { cells: [], at: 0 };
const hex = (number) => "0x" + number.toString(16);

function chooseCell(index) {
    const cell = map.cells[index];
    if (!cell) return;
    map.cells[map.at].element.classList.remove("chosen");
    map.at = index;
    cell.element.classList.add("chosen");
    const [live, kept, free, kind] = cell.values;
    const holds = live + kept + free === 0 ? "nothing, or the allocator's tables"
        : `${size(live)} live, ${size(kept)} kept, ${size(free)} free, mostly ${KINDS[kind]}`;
    element("map-says").textContent = `+${hex(cell.offset)}, ${size(cell.bytes)}: ${holds}`;
}

function drawRegion(region, index) {
    const bytes = region.cells.length * region.cell_bytes;
    const head = make("h3", {}, `Region ${index + 1} at ${region.base}, ${size(bytes)}, a cell is ` +
        size(region.cell_bytes));
    return [head, ...region.cells.map((values, place) => {
        const [live, kept, free] = values, all = live + kept + free, cell = make("i", {});
        if (all === 0) cell.className = "gap";
        const high = Math.min(100, 100 * live / region.cell_bytes);
        const more = Math.min(100 - high, 100 * kept / region.cell_bytes);
        const part = make("b", {}), rest = make("u", {});
        part.style.height = high + "%";
        rest.style.bottom = high + "%";
        rest.style.height = more + "%";
        cell.append(part, rest);
        const number = map.cells.length;
        map.cells.push({ element: cell, values, offset: place * region.cell_bytes, bytes: region.cell_bytes });
        cell.addEventListener("mouseenter", () => chooseCell(number));
        cell.addEventListener("click", () => chooseCell(number));
        return cell;
    })];
}

function mapKey(event) {
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -64, ArrowDown: 64 };
    if (!(event.key in steps)) return;
    chooseCell(map.at + steps[event.key]);
    event.preventDefault();
}
