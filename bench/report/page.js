/* The page: the verdict, the goals, and a section with a chart for each question. */
'use strict';

const PARTS = DATA.parts, VIEW = DATA.view;
const MEASURED = Object.fromEntries(DATA.allocators.map(a => [a.name, a]));

function section(question, answer, ...content) {
  document.getElementById('questions').append(element('section', {}, element('h2', {}, question),
    element('p', { class: 'soft' }, answer), ...content));
}
function panel(...content) { return element('div', { class: 'panel' }, ...content); }

/* The same object with other values: those that `change` makes of them. */
function mapValues(object, change) {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value)]));
}
/* "key: what it does; ..." */
function listed(described) { return Object.entries(described).map(([key, does]) => `${key}: ${does}`).join('; '); }
const wholeNumber = value => number(Math.round(value)).replace(/\.0+$/, '');

function showVerdict() {
  const place = document.getElementById('verdict');
  const words = { win: 'better', tie: 'tie', loss: 'worse' };
  const { machine, quick, title, minutes } = DATA;
  const run = [machine.date, `${machine.cores} x ${machine.processor}`, machine.system,
    `${quick ? 'a quick run: coarse numbers' : 'full run'} of ${minutes.toFixed(0)} minutes`];
  if (title) run.unshift(title);
  place.append(element('h1', {}, DATA.headline), element('p', { class: 'soft' }, run.join(' · ')),
    element('div', { class: 'cards' }, ...DATA.cards.map(c => element('div', { class: 'card' },
      element('div', { class: 'q' }, c.question, element('span', { class: `tag ${c.state}` }, words[c.state])),
      element('div', { class: 'n' }, c.number), element('div', { class: 'u' }, c.unit),
      element('p', { class: 't' }, c.text)))));
}

function showGoals() {
  if (!DATA.goals.length) return;
  const kept = DATA.goals.filter(g => g.kept === true).length;
  const state = g => g.kept === true ? ['win', 'kept'] : g.kept === false ? ['loss', 'missed'] : ['tie', 'tie'];
  const sentence = text => text.startsWith('heapalloc') ? text : text[0].toUpperCase() + text.slice(1);
  document.getElementById('goals').append(element('h2', {}, `Promises: ${kept} of ${DATA.goals.length} kept`),
    element('div', { class: 'goals' }, ...DATA.goals.map(g => element('div', { class: 'goal' },
      element('span', { class: `tag ${state(g)[0]}` }, state(g)[1]),
      element('div', {}, sentence(g.title), element('div', { class: 'm' }, g.measured))))));
}

function programPlot(key) {
  const table = VIEW.programs[key];
  const sum = { name: 'geometric mean', does: `of ${table.programs} programs`, cells: table.mean, noise: table.noise };
  const rows = Object.keys(table.mean).length ? [sum, ...table.rows] : table.rows;
  return dotPlot(rows, { strong: 1, one: 'glibc', most: 2.6 });
}
function programTable(key, scale, unit) {
  return numberTable(unit, VIEW.programs[key].rows.map(r => ({ title: r.name, hint: r.does,
    cells: mapValues(r.absolute, value => value * scale), notes: mapValues(r.cells, ratioText) })));
}

function showPrograms() {
  const about = `Medians of ${PARTS.programs.rounds} interleaved rounds, as ratio to glibc. The shaded band is the ` +
    'noise: glibc measured against itself. Pale dots are ties.';
  section('How fast do real programs run?', `CPU time, user and system. ${about}`, panel(programPlot('cpu_s')),
    folded('CPU time in milliseconds', programTable('cpu_s', 1000, 'ms')),
    folded('System time', panel(programPlot('system_s')), programTable('system_s', 1000, 'ms')),
    folded('Wall time', panel(programPlot('wall_s')), programTable('wall_s', 1000, 'ms')));
  section('How much memory do they peak at?',
    'Largest resident set of the program’s largest process, as ratio to glibc.', panel(programPlot('rss_kib')),
    folded('Peak memory in MiB', programTable('rss_kib', 1 / 1024, 'MiB')),
    folded('Minor page faults', panel(programPlot('minor_faults')), programTable('minor_faults', 1, 'faults')));
}

function showServer() {
  const part = PARTS.server;
  const rows = [['mean_ratio', 'memory over live data, average'], ['peak_ratio', 'peak memory over peak live data'],
    ['settle_s', 'seconds until within 15 % + 4 MiB after the fall'], ['cpu_s', 'CPU seconds']];
  section('Does memory go back?', `A server-like process of two threads for ${part.run_s} s, holding up to ` +
    `${part.peak_mib} MiB. The area is its live data, the line its resident memory.`,
    panel(serverCharts(part.servers)),
    numberTable('', rows.map(([key, title]) => ({ title, cells: mapValues(part.servers, of => of[key]) }))));
}

function showCounts() {
  const part = PARTS.counts;
  const rows = part.rows.map(r => ({ title: r.title, ...r,
    cells: Object.fromEntries(ALLOCATORS.map(n => [n, part.counts[n]?.values[r.operation]])) }));
  const budget = (row, n) => (n === 'heapalloc' ? row.budget : n === 'heapalloc-fast' ? row.budget_fast : null) ?? null;
  const kind = (row, n, value) => budget(row, n) === null || value === undefined ? ''
    : value <= budget(row, n) ? 'fit' : 'over';
  section('How many instructions does an operation take?', 'User-mode instructions, exact, with the loop and the ' +
    'calls themselves subtracted; counted, not timed, so a busy machine does not matter. Ours are red or green by ' +
    'their budget; “best known” is the least of seven allocators’ newest versions.',
    panel(numberTable('', rows, { kind, format: v => v >= 1000 ? number(v) : v.toFixed(0),
      extra: [{ title: 'budget', value: r => r.budget === null ? null : `${r.budget} / ${r.budget_fast}` },
        { title: 'best known', value: r => r.best_published }] })));
}

function showLatency() {
  const part = PARTS.latency;
  const points = ['p50', 'p90', 'p99', 'p99.9', 'max'];
  const tableOf = (source, kind) => points.map(p => ({ title: `${kind}, ${p}`,
    cells: mapValues(source, of => of[kind]?.[p]) }));
  const both = source => [...tableOf(source, 'malloc'), ...tableOf(source, 'free')];
  const exact = Object.fromEntries(Object.entries(part.exact).filter(([, e]) => e.any).map(([n, e]) => [n, e.any]));
  const whole = { format: wholeNumber };
  section('How bad is the worst operation?', 'Every single malloc and free among ' +
    `${part.any_live.toLocaleString('en')} live blocks of 16 B to 64 KiB, in instructions, which are exact.`,
    panel(numberTable('instructions', both(exact), whole)),
    folded('The same in nanoseconds, with whatever interrupted the machine',
      numberTable('ns', both(part.timed), whole)));
  const medians = mapValues(VIEW.growth.ns, by => mapValues(by, ([, median]) => median));
  const chart = (title, curves, unit) => element('div', {}, element('h3', {}, title),
    growthChart(curves, unit, 'live blocks'));
  section('Does it stay fast when the heap grows?', 'A random block of 16 to 128 B is freed and another allocated, ' +
    'with ever more live blocks. Instructions show the algorithm; time adds the caches, which miss for everyone.',
    panel(element('div', { class: 'multiples' },
      chart('instructions for free + malloc', VIEW.growth.exact, 'instructions'),
      chart('nanoseconds for free + malloc', medians, 'ns'))));
  section('How much is lost to fragmentation?', 'Peak memory over peak live data after hard lifetimes, ' +
    `${part.fragments.budget_mib} MiB each; 1 would be perfect.`,
    panel(dotPlot(VIEW.fragments, { most: 8, left: '← tighter', right: 'looser →' })),
    element('p', { class: 'soft' }, VIEW.fragments.map(f => `${f.name}: ${f.does}`).join(' · ')));
}

function showMicro() {
  const rows = VIEW.micro.rows;
  const details = row => numberTable('ns', row.details.map(d => ({ title: d.name,
    cells: mapValues(d.ns, ([, median]) => median),
    notes: mapValues(d.ns, ([low, , high]) => `${low} to ${high}`) })));
  section('Which patterns is it good at?',
    'Google Benchmark, one pattern a row, geometric mean of its benchmarks’ times as ratio to glibc.',
    panel(dotPlot(rows, { one: 'glibc', most: 4, left: '← faster', right: 'slower →' })),
    folded('Every benchmark, ns per operation, medians', ...rows.map(r => element('div', {},
      element('h3', {}, `${r.name.replace(/_/g, ' ')}: ${r.does}`), details(r)))));
  if (VIEW.thread_memory.length) {
    const memory = VIEW.thread_memory.map(r => ({ title: r.name.replace('/real_time', ''),
      live: Object.values(r.cells)[0]?.[0], cells: mapValues(r.cells, ([, peak]) => peak / 1024) }));
    section('What do threads cost in memory?',
      'Peak above the start, in MiB, for patterns in which blocks change threads.',
      panel(numberTable('MiB', memory, { extra: [{ title: 'live', value: r => number(r.live / 1024) }] })));
  }
}

/* A row's cells for (low, median, high) of each column. */
function speedupCells(columns, by) {
  return { cells: Object.fromEntries(columns.map(c => [c, by[c]?.[1]])),
    notes: Object.fromEntries(columns.map(c => [c, by[c]?.map(v => v.toFixed(2)).join(' · ')])) };
}

function showRuntime() {
  const part = PARTS.runtime;
  const columns = Object.keys(part.workloads);
  const rowsOf = ([n, routes]) => Object.entries(routes).map(([route, by]) => ({
    title: route === 'malloc' ? n : `${n}, ${route}`, chess: part.reused[n][route], ...speedupCells(columns, by) }));
  const rows = Object.entries(part.speedups).filter(([n]) => n !== 'glibc').flatMap(rowsOf);
  section('How does it serve a compiler’s run time?', 'How many times as fast as the system’s malloc in the same ' +
    'process, turn by turn; the pool allocator that these workloads come from reached ' +
    `${part.founding_ratio} x. ${listed(part.workloads)}. ` +
    `Chess: of ${part.moves} freed blocks, how many are given out again.`,
    panel(numberTable('', rows, { names: columns, best: 'none', format: v => `${v.toFixed(1)} x`,
      kind: (row, n, v) => v === Math.max(...rows.map(r => r.cells[n] ?? 0)) ? 'best' : '',
      extra: [{ title: 'chess', value: r => `${r.chess}` }] })));
}

function showArenas() {
  const part = PARTS.arenas;
  const columns = Object.keys(part.programs);
  const rows = Object.entries(part.speedups).map(([n, by]) => ({ title: n, ...speedupCells(columns, by) }));
  const collectors = Object.entries(part.collectors).map(([n, of]) => ({ title: part.collector_names[n], cells: of }));
  const figures = [['cpu_s', 'CPU time, s'], ['pause_ms', 'longest pause, ms'], ['collections', 'collections'],
    ['peak_mib', 'peak, MiB']];
  section('What does an arena save?', 'How many times as fast a program is with heapalloc’s arenas as with the ' +
    `malloc and free of each allocator, in one process. ${listed(part.programs)}.`,
    panel(numberTable('malloc and free of', rows, { names: columns, best: 'none', format: v => `${v.toFixed(1)} x` })),
    element('h3', {}, 'An interpreter’s lists and trees, which nobody frees'),
    panel(numberTable('', collectors,
      { names: figures.map(([key]) => key), best: 'none', format: v => v.toFixed(2) })));
}

function showStartup() {
  const rows = [['rss_kib', 'resident, KiB'], ['anonymous_kib', 'of it not from files, KiB'],
    ['minor_faults', 'minor page faults'], ['syscalls', 'system calls'], ['tls_bytes', 'thread-local bytes'],
    ['wall_us', 'start to end, µs']];
  section('What does a process that does nothing cost?',
    'One malloc of 64 bytes, then the end. glibc’s thread-local bytes are all of libc’s.',
    panel(numberTable('', rows.map(([key, title]) => ({ title,
      cells: mapValues(PARTS.startup.results, of => of[key]) })), { format: wholeNumber })));
}

function showMethod() {
  const facts = Object.entries(DATA.machine).map(([key, value]) => element('div', {}, element('b', {}, key), value));
  const versions = DATA.allocators.map(a => element('div', {}, element('b', {}, a.name), a.version));
  document.getElementById('method').append(element('h2', {}, 'How it was measured'),
    element('p', {}, 'Rounds are interleaved: in each, every allocator runs every case once, in rotated order, and ' +
      'the n-th run of one is compared with the n-th run of another. Shown are medians of such ratios; the range ' +
      'around them is the sign test’s interval. A difference is a tie when that range holds 1 or when glibc differs ' +
      'as much from itself.'),
    element('p', {}, 'The same run again: ', element('code', {}, DATA.command)),
    element('h3', {}, 'Machine'), element('div', { class: 'facts' }, ...facts),
    element('h3', {}, 'Allocators'), element('div', { class: 'facts' }, ...versions));
  if (DATA.warnings.length) {
    document.getElementById('method').append(element('h3', {}, 'Left out or doubtful'),
      element('ul', {}, ...DATA.warnings.map(w => element('li', {}, w))));
  }
}

function showLegend() {
  const legend = document.getElementById('legend');
  for (const name of ALLOCATORS) {
    const toggle = () => {
      hidden.has(name) ? hidden.delete(name) : hidden.add(name);
      button.classList.toggle('off', hidden.has(name));
      button.setAttribute('aria-pressed', String(!hidden.has(name)));
      redrawAll();
    };
    const button = element('button',
      { type: 'button', title: MEASURED[name].version, 'aria-pressed': 'true', onclick: toggle }, dot(name), name);
    legend.append(button);
  }
}

function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  redrawAll();
}

const SHOW = { programs: showPrograms, server: showServer, counts: showCounts, latency: showLatency, micro: showMicro,
  runtime: showRuntime, arenas: showArenas, startup: showStartup };
document.documentElement.dataset.theme = location.hash === '#dark' ? 'dark' : location.hash === '#light' ? 'light'
  : matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
document.getElementById('theme').onclick =
  () => setTheme(document.documentElement.dataset.theme === 'dark' ? 'light' : 'dark');
showLegend();
showVerdict();
showGoals();
for (const [part, show] of Object.entries(SHOW)) if (PARTS[part]) show();
showMethod();
let resized = 0;
let lastWidth = innerWidth;
addEventListener('resize', () => {
  if (innerWidth === lastWidth) return;
  lastWidth = innerWidth;
  clearTimeout(resized);
  resized = setTimeout(redrawAll, 150);
});
