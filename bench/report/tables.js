/* Tables: the numbers behind the charts, with the best of each row marked. */
'use strict';

/* rows: [{title, hint, cells: {allocator: number}, notes: {allocator: text}}]; columns of hidden allocators stay. */
function numberTable(first, rows, options) {
  const settings = { names: ALLOCATORS, format: number, best: 'least', extra: [], ...options };
  const head = element('tr', {}, element('th', {}, first),
    ...settings.names.map(n => element('th', {}, n)), ...settings.extra.map(e => element('th', {}, e.title)));
  const body = rows.map(row => {
    const values = settings.names.map(n => row.cells[n]).filter(v => typeof v === 'number');
    const best = settings.best === 'least' ? Math.min(...values) : settings.best === 'most' ? Math.max(...values) : NaN;
    const cells = settings.names.map(n => {
      const value = row.cells[n];
      const kind = settings.kind ? settings.kind(row, n, value) : '';
      const text = typeof value === 'number' ? settings.format(value) : '–';
      return element('td', { class: `${value === best ? 'best ' : ''}${kind}`, title: row.notes?.[n] || null }, text);
    });
    return element('tr', {}, element('td', { title: row.hint || null }, row.title), ...cells,
      ...settings.extra.map(e => element('td', { class: 'soft' }, e.value(row) ?? '–')));
  });
  return element('div', { class: 'scroll' },
    element('table', {}, element('thead', {}, head), element('tbody', {}, ...body)));
}

function folded(title, ...content) {
  return element('details', {}, element('summary', {}, title), ...content);
}
