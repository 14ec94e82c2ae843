/* Curves, drawn by uPlot: memory over time, and cost against the size of the heap. */
'use strict';

const HAVE_CURVES = typeof uPlot === 'function';

function axis(options) {
  const line = { stroke: cssValue('--line'), width: 1 };
  return { stroke: cssValue('--soft'), grid: line, ticks: line, font: '12px system-ui, sans-serif', ...options };
}

function curve(place, options, data) {
  requestAnimationFrame(() => {
    const width = place.clientWidth || 320;
    const settings = { width, legend: { show: options.legend === true }, cursor: { points: { size: 6 } }, ...options };
    new uPlot(settings, data, place);
  });
  return place;
}

function washed(name) {
  return name.startsWith('#') ? name + '22' : name;
}

/* One small chart for each allocator: live data as an area, resident memory as a line. */
function serverChart(name, server, top) {
  const soft = cssValue('--soft');
  const data = [0, 1, 2].map(i => server.samples.map(s => i ? s[i] / 1024 : s[0]));
  const place = element('div', {});
  const at = i => `${name} at ${data[0][i].toFixed(1)} s\nresident ${number(data[2][i])} MiB\n` +
    `live ${number(data[1][i])} MiB`;
  return curve(place, {
    height: 170,
    scales: { x: { time: false, range: [0, data[0][data[0].length - 1]] }, y: { range: [0, top] } },
    axes: [axis({ values: (u, ticks) => ticks.map(t => `${t} s`), size: 30 }), axis({ size: 44 })],
    series: [{ label: 's' },
      { label: 'live MiB', stroke: soft, width: 1, fill: cssValue('--band') },
      { label: 'resident MiB', stroke: plainColour(name), width: 2.2 }],
    hooks: { setCursor: [u => tipOfCursor(u, at)] },
  }, data);
}

function tipOfCursor(u, text) {
  const i = u.cursor.idx;
  if (i === null || i === undefined || u.cursor.left < 0) return hideTip();
  const box = u.over.getBoundingClientRect();
  showTip({ clientX: box.left + u.cursor.left, clientY: box.top + u.cursor.top }, text(i));
}

function serverCharts(servers) {
  return drawn(() => {
    const names = visible(Object.keys(servers));
    const top = 1.08 * Math.max(...names.flatMap(n => servers[n].samples.map(s => s[2] / 1024)));
    const place = element('div', { class: 'multiples' });
    for (const name of names) {
      place.append(element('div', {},
        element('h4', {}, dot(name), element('span', {}, name),
          element('span', {}, `${servers[name].mean_ratio.toFixed(2)} x live on average`)),
        HAVE_CURVES ? serverChart(name, servers[name], top) : ''));
    }
    return place;
  });
}

/* 1, 2, 5, 10 and so on, as far as they lie in the range. */
function roundSteps(low, high) {
  const steps = [];
  for (let power = 1; power <= high; power *= 10) steps.push(...[1, 2, 5].map(n => n * power));
  return steps.filter(s => s >= low && s <= high);
}

/* One chart with a line for each allocator, both scales logarithmic. curves: {allocator: {x: y}}. */
function growthChart(curves, unit, label) {
  return drawn(() => {
    const names = visible(Object.keys(curves));
    const xs = [...new Set(names.flatMap(n => Object.keys(curves[n]).map(Number)))].sort((a, b) => a - b);
    const data = [xs, ...names.map(n => xs.map(x => curves[n][x] ?? null))];
    const place = element('div', {});
    if (!HAVE_CURVES || !names.length) return place;
    const all = data.slice(1).flat().filter(v => v !== null);
    const range = [Math.min(...all) * 0.8, Math.max(...all) * 1.25];
    const values = (u, ticks) => ticks.map(t => t.toLocaleString('en'));
    const points = { show: true, size: 6 };
    return curve(place, {
      height: 260,
      scales: { x: { time: false, distr: 3 }, y: { distr: 3, range } },
      padding: [10, 40, 0, 0],
      axes: [axis({ splits: () => xs, values, size: 32 }),
        axis({ size: 58, splits: u => roundSteps(u.scales.y.min, u.scales.y.max), values })],
      series: [{ label }, ...names.map(n => ({ label: n, stroke: plainColour(n), points,
        width: n.startsWith('heapalloc') ? 3 : 1.8 }))],
      hooks: { setCursor: [u => tipOfCursor(u, i => `${xs[i].toLocaleString('en')} live blocks\n` + names
        .filter(n => curves[n][xs[i]] !== undefined).sort((a, b) => curves[a][xs[i]] - curves[b][xs[i]])
        .map(n => `${n}  ${number(curves[n][xs[i]])} ${unit}`).join('\n'))] },
    }, data);
  });
}
