/* Rows of dots on a ratio scale: each allocator against the system's, left is better. */
'use strict';

const DOT_LEFT = 190, DOT_ROW = 26, DOT_RIGHT = 26, DOT_TOP = 24;

function ratioScale(rows, width, most) {
  const values = rows.flatMap(r => visible(Object.keys(r.cells)).map(n => r.cells[n].mid));
  const low = Math.min(0.95, ...values) * 0.97;
  const high = Math.min(most, Math.max(1.05, ...values) * 1.05);
  const span = Math.log(high / low);
  const x = v => DOT_LEFT + (width - DOT_LEFT - DOT_RIGHT) * Math.log(Math.min(high, Math.max(low, v)) / low) / span;
  const wanted = [0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.1, 1.2, 1.35, 1.5, 1.75, 2, 2.5,
    3, 4, 5, 7, 10, 20, 50];
  const ticks = [];
  const isApart = t => (!ticks.length || x(t) - x(ticks[ticks.length - 1]) > 44) && Math.abs(x(t) - x(1)) > 44;
  for (const t of wanted.filter(t => t >= low && t <= high)) {
    if (t === 1 || isApart(t)) ticks.push(t);
  }
  return { x, ticks, high };
}

function dotMark(name, x, y, cell, beyond) {
  const fill = colour(name);
  if (beyond) return element('path', { d: `M${x - 5},${y - 5} L${x + 4},${y} L${x - 5},${y + 5} Z`, fill });
  const ours = name.startsWith('heapalloc');
  return element('circle', { cx: x, cy: y, r: ours ? 6 : 4.6, fill, 'fill-opacity': cell.verdict === 0 ? 0.55 : 1,
    stroke: ours ? 'var(--card)' : 'none', 'stroke-width': 1.5 });
}

function dotRow(row, index, scale, width, strong) {
  const y = DOT_TOP + index * DOT_ROW + DOT_ROW / 2;
  const names = visible(Object.keys(row.cells));
  const text = `${row.name}${row.does ? ': ' + row.does : ''}\n` + names.slice()
    .sort((a, b) => row.cells[a].mid - row.cells[b].mid).map(n => `${n}  ${ratioText(row.cells[n])}`).join('\n');
  const group = element('g', { class: 'row', onmousemove: e => showTip(e, text), onmouseleave: hideTip });
  group.append(element('rect', { class: 'hover', x: 0, y: y - DOT_ROW / 2, width, height: DOT_ROW, rx: 6 }));
  if (row.noise) {
    const from = scale.x(1 - row.noise), to = scale.x(1 + row.noise);
    group.append(element('rect', { class: 'noise', x: from, y: y - DOT_ROW / 2 + 3, width: Math.max(1, to - from),
      height: DOT_ROW - 6, rx: 3 }));
  }
  group.append(element('text', { x: 0, y: y + 4, 'font-weight': strong ? 700 : 400 }, row.name.replace(/_/g, ' ')));
  group.append(element('line', { class: 'grid', x1: DOT_LEFT, x2: width - DOT_RIGHT, y1: y, y2: y }));
  /* Ours is drawn last, on top. */
  for (const n of names.slice().reverse()) {
    const cell = row.cells[n];
    group.append(dotMark(n, scale.x(cell.mid), y, cell, cell.mid > scale.high));
  }
  return group;
}

/* rows: [{name, does, noise, cells: {allocator: {low, mid, high, verdict}}}]; the first `strong` rows are sums. */
function dotPlot(rows, options) {
  const settings = { strong: 0, most: 4, ...options };
  return drawn(() => {
    const width = Math.max(520, Math.min(1040, document.querySelector('main').clientWidth) - 86);
    const scale = ratioScale(rows, width, settings.most);
    const height = DOT_TOP + rows.length * DOT_ROW + 22;
    const svg = element('svg', { viewBox: `0 0 ${width} ${height}`, width: '100%', role: 'img' });
    for (const t of scale.ticks) {
      const x = scale.x(t);
      svg.append(element('line', { class: t === 1 ? 'one' : 'grid', x1: x, x2: x, y1: DOT_TOP - 4, y2: height - 22 }));
      svg.append(element('text', { class: 'soft', x, y: 12, 'text-anchor': 'middle' },
        t === 1 && settings.one ? settings.one : `${t}`));
    }
    rows.forEach((row, i) => svg.append(dotRow(row, i, scale, width, i < settings.strong)));
    svg.append(element('text', { class: 'soft', x: DOT_LEFT, y: height - 4 }, settings.left || '← less'));
    svg.append(element('text', { class: 'soft', x: width - DOT_RIGHT, y: height - 4, 'text-anchor': 'end' },
      settings.right || 'more →'));
    return element('div', { class: 'scroll' }, svg);
  });
}
