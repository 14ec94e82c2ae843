/* Shared by all charts: the allocators' colours and visibility, elements, the tooltip, numbers. */
'use strict';

/* After Okabe and Ito's palette, which colour-blind readers can distinguish; ours is the warm colour. */
const COLOURS = { heapalloc: '#e8590c', 'heapalloc-fast': '#f2a33c', glibc: 'var(--system)', jemalloc: '#0077bb',
  mimalloc: '#0a9471', tcmalloc: '#c05a9a', scudo: '#4aa8dc' };
const MORE_COLOURS = ['#8b5cf6', '#a3a635', '#7c4a2d', '#e11d48'];
const ALLOCATORS = DATA.allocators.map(a => a.name);
const hidden = new Set();
const redraws = [];

function colour(name) {
  const others = ALLOCATORS.filter(n => !(n in COLOURS));
  return COLOURS[name] || MORE_COLOURS[others.indexOf(name) % MORE_COLOURS.length];
}

/* A canvas cannot read CSS variables. */
function plainColour(name) {
  const value = colour(name);
  return value.startsWith('var') ? cssValue(value.slice(4, -1)) : value;
}

function cssValue(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function visible(names) {
  return (names || ALLOCATORS).filter(n => !hidden.has(n));
}

function element(tag, attributes, ...children) {
  const svg = ['svg', 'g', 'line', 'rect', 'circle', 'text', 'path'].includes(tag);
  const node = svg ? document.createElementNS('http://www.w3.org/2000/svg', tag) : document.createElement(tag);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (key.startsWith('on')) node.addEventListener(key.slice(2), value);
    else if (value !== null && value !== undefined) node.setAttribute(key, value);
  }
  node.append(...children.filter(c => c !== null && c !== undefined));
  return node;
}

const tip = document.getElementById('tip');
function showTip(event, text) {
  tip.textContent = text;
  const box = tip.getBoundingClientRect();
  tip.style.left = `${Math.max(8, Math.min(event.clientX + 14, innerWidth - box.width - 8))}px`;
  const fits = event.clientY + 18 + box.height <= innerHeight;
  tip.style.top = `${fits ? event.clientY + 18 : event.clientY - box.height - 12}px`;
  tip.style.opacity = 1;
}
function hideTip() { tip.style.opacity = 0; }

function number(value) {
  if (value === null || value === undefined) return '';
  if (value >= 1000) return Math.round(value).toLocaleString('en');
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

function ratioText(cell) {
  const range = cell.low === cell.high ? '' : `  (${cell.low.toFixed(2)} to ${cell.high.toFixed(2)})`;
  return `${cell.mid.toFixed(2)} x${range}${cell.verdict === 0 && range ? '  tie' : ''}`;
}

/* A part of the page that is redrawn when an allocator is shown or hidden, or the theme or width changes. */
function drawn(make) {
  const place = element('div', {});
  const draw = () => place.replaceChildren(make());
  redraws.push(draw);
  draw();
  return place;
}
function redrawAll() { redraws.forEach(draw => draw()); }

function dot(name) {
  return element('span', { class: 'dot', style: `background:${colour(name)}` });
}
