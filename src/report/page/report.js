// Draws the report's page from the JSON in it (docs/report.schema.json). No libraries and no network: the page is kept and sent
// around as one file. Numbers are shown rounded, and whole in the attribute data-value.
'use strict';
(() => {
  const report = JSON.parse(document.getElementById('report-data').textContent);
  const TIERS = ['interpreter', 'baseline', 'O0', 'O1', 'O2', 'O3'];
  const ROWS = 25; // of a page of a table: thousands of functions are no reason for thousands of rows
  const byId = (id) => document.getElementById(id);

  // Elements ------------------------------------------------------------------------------------------------------------

  function put(parent, tag, attributes = {}, text) {
    const svg = parent.namespaceURI === 'http://www.w3.org/2000/svg' || tag === 'svg';
    const made = svg ? document.createElementNS('http://www.w3.org/2000/svg', tag) : document.createElement(tag);
    for (const [name, value] of Object.entries(attributes))
      if (value !== undefined && value !== null) made.setAttribute(name, value);
    if (text !== undefined) made.textContent = text;
    parent.append(made);
    return made;
  }
  const colour = (tier) => `var(--${tier})`;
  const dot = (parent, tier) => { put(parent, 'span', { class: 'dot', style: `background:${colour(tier)}` }); };

  // Numbers -------------------------------------------------------------------------------------------------------------

  function digits(value) {
    const size = Math.abs(value);
    return size >= 100 || size === 0 ? value.toFixed(0) : size >= 10 ? value.toFixed(1) : value.toFixed(2);
  }
  const grouped = (value) => String(Math.round(value)).replace(/\B(?=(\d{3})+(?!\d))/g, '\u202f');
  function count(value) {
    if (value < 1e5) return grouped(value);
    return value < 1e6 ? `${digits(value / 1e3)}\u202fk` : value < 1e9 ? `${digits(value / 1e6)}\u202fM` : `${digits(value / 1e9)}\u202fG`;
  }
  function time(ns) {
    if (ns < 1e3) return `${digits(ns)}\u202fns`;
    return ns < 1e6 ? `${digits(ns / 1e3)}\u202f\u00b5s` : ns < 1e9 ? `${digits(ns / 1e6)}\u202fms` : `${digits(ns / 1e9)}\u202fs`;
  }
  function bytes(value) {
    if (value < 1024) return `${value}\u202fB`;
    return value < 1 << 20 ? `${digits(value / 1024)}\u202fKiB` : `${digits(value / (1 << 20))}\u202fMiB`;
  }
  const percent = (part, whole) => (whole > 0 ? `${digits((100 * part) / whole)}\u202f%` : '-');
  const sum = (list, of) => list.reduce((total, each) => total + of(each), 0);
  const threadName = (number) => {
    const thread = report.threads.find((each) => each.number === number);
    return number === null ? 'not known' : thread ? `${thread.name} ${number}` : `thread ${number}`;
  };

  // Bars ----------------------------------------------------------------------------------------------------------------

  /** `parts`: {label, tier, value}. The widths are shares of `whole`. */
  function bar(parent, label, parts, show, whole) {
    const shown = parts.filter((part) => part.value > 0);
    const total = sum(shown, (part) => part.value);
    const box = put(parent, 'div', { class: 'bar' });
    const head = put(box, 'div');
    put(head, 'span', {}, label);
    put(head, 'strong', { 'data-value': total }, show(total));
    const stack = put(box, 'div', { class: 'stack', 'aria-hidden': 'true' });
    for (const part of shown)
      put(stack, 'span', { style: `width:${(100 * part.value) / (whole || total || 1)}%;background:${colour(part.tier)}`,
                           title: `${part.label}: ${show(part.value)}` });
    const key = put(box, 'div', { class: 'key' });
    for (const part of shown) {
      const item = put(key, 'span', { 'data-part': part.label, 'data-value': part.value });
      put(item, 'i', { style: `background:${colour(part.tier)}` });
      item.append(`${part.label} ${show(part.value)}`);
      if (total) put(item, 'span', {}, ` (${percent(part.value, total)})`);
    }
    if (shown.length === 0) put(key, 'span', {}, 'nothing');
  }

  function plainTable(table, heads, rows) {
    const head = put(put(table, 'thead'), 'tr');
    heads.forEach((text, i) => put(head, 'th', { scope: 'col', class: i ? 'number' : null }, text));
    const body = put(table, 'tbody');
    for (const row of rows) {
      const line = put(body, 'tr');
      row.forEach((text, i) => put(line, 'td', { class: i ? 'number' : null }, text));
    }
  }

  // Tables of many rows -------------------------------------------------------------------------------------------------

  /**
   * A table that is filtered, sorted and turned over page by page.
   * columns: {key, label, value(row), show(row) or fill(cell, row), number, less}; options: name, placeholder, text(row), tier(row),
   * sort ("key:ascending"), onPick(row).
   */
  function dataTable(parent, rows, columns, options) {
    const state = { text: '', tier: '', page: 0, chosen: null };
    [state.key, state.direction] = options.sort.split(':');
    const filters = put(parent, 'div', { class: 'filters' });
    const label = put(filters, 'label');
    put(label, 'span', { class: 'unseen' }, options.placeholder);
    const search = put(label, 'input', { type: 'search', placeholder: options.placeholder, spellcheck: 'false' });
    const choice = put(put(filters, 'label'), 'select', { 'aria-label': 'Tier' });
    put(choice, 'option', { value: '' }, 'All tiers');
    for (const tier of TIERS.filter((each) => rows.some((row) => options.tier(row) === each)))
      put(choice, 'option', { value: tier }, tier);
    const scroll = put(parent, 'div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': options.name });
    const table = put(scroll, 'table');
    put(table, 'caption', { class: 'unseen' }, options.name);
    const headRow = put(put(table, 'thead'), 'tr');
    const body = put(table, 'tbody');
    const heads = columns.map((column) => {
      const cell = put(headRow, 'th', { scope: 'col', class: [column.number ? 'number' : '', column.less ? 'less' : ''].join(' ') });
      put(cell, 'button', { type: 'button', 'data-key': column.key }, column.label).addEventListener('click', () => {
        const same = state.key === column.key;
        sortBy(column.key, same ? (state.direction === 'ascending' ? 'descending' : 'ascending')
                                : column.number ? 'descending' : 'ascending');
      });
      return cell;
    });
    const pages = put(parent, 'div', { class: 'pages' });
    const where = put(pages, 'span', { 'aria-live': 'polite' });
    const turns = put(pages, 'span');
    const back = put(turns, 'button', { type: 'button' }, 'Previous');
    const on = put(turns, 'button', { type: 'button' }, 'Next');
    let found = [];

    function sortBy(key, direction) {
      Object.assign(state, { key, direction, page: 0 });
      find();
    }
    function find() {
      const column = columns.find((each) => each.key === state.key);
      const sign = state.direction === 'ascending' ? 1 : -1;
      const wanted = state.text.toLowerCase();
      found = rows.filter((row) => (!wanted || options.text(row).toLowerCase().includes(wanted)) &&
                                   (!state.tier || options.tier(row) === state.tier));
      // What has no value is last either way.
      const keyed = found.map((row) => [column.value(row), row]);
      keyed.sort(([a], [b]) => {
        if (a === null || b === null) return (a === null) - (b === null);
        return sign * (a < b ? -1 : a > b ? 1 : 0);
      });
      found = keyed.map(([, row]) => row);
      show();
      if (options.onOrder) options.onOrder(`${state.key}:${state.direction}`);
    }
    function show() {
      heads.forEach((cell, i) => {
        if (columns[i].key === state.key) cell.setAttribute('aria-sort', state.direction);
        else cell.removeAttribute('aria-sort');
      });
      const last = Math.max(0, Math.ceil(found.length / ROWS) - 1);
      state.page = Math.min(state.page, last);
      const from = state.page * ROWS;
      body.replaceChildren();
      for (const row of found.slice(from, from + ROWS)) {
        const line = put(body, 'tr', { 'data-name': options.text(row), class: row === state.chosen ? 'chosen' : null });
        for (const column of columns) {
          const value = column.value(row);
          const cell = put(line, 'td', { class: [column.number ? 'number' : '', column.less ? 'less' : ''].join(' '),
                                         'data-key': column.key, 'data-value': value === null ? '' : value });
          if (column.fill) column.fill(cell, row, () => pick(row));
          else cell.textContent = column.show ? column.show(row) : value === null ? '-' : value;
        }
      }
      where.textContent = found.length === 0 ? 'Nothing fits' :
        `${grouped(from + 1)} to ${grouped(Math.min(from + ROWS, found.length))} of ${grouped(found.length)}`;
      back.disabled = state.page === 0;
      on.disabled = state.page === last;
    }
    function pick(row) {
      state.chosen = row;
      for (const line of body.children) line.classList.toggle('chosen', line.dataset.name === options.text(row));
      options.onPick(row);
    }
    search.addEventListener('input', () => { state.text = search.value; state.page = 0; find(); });
    choice.addEventListener('change', () => { state.tier = choice.value; state.page = 0; find(); });
    back.addEventListener('click', () => { state.page -= 1; show(); });
    on.addEventListener('click', () => { state.page += 1; show(); });
    find();
    if (options.onPick && found.length) pick(found[0]);
    return { sortBy, pick };
  }

  function tierCell(cell, tier) {
    if (!tier) { cell.textContent = '-'; return; }
    dot(cell, tier);
    cell.append(tier);
  }

  // Charts --------------------------------------------------------------------------------------------------------------

  /** Calls draw(width) now and whenever the element's width changes. */
  function onWidth(element, draw) {
    let last = 0;
    const look = () => {
      const width = Math.floor(element.clientWidth);
      if (width > 0 && width !== last) { last = width; draw(width); }
    };
    new ResizeObserver(look).observe(element);
    look();
  }
  /** Round steps for an axis from `from` to `to`, about `wanted` of them. */
  function steps(from, to, wanted) {
    const raw = (to - from) / wanted || 1;
    const power = 10 ** Math.floor(Math.log10(raw));
    const step = power * [1, 2, 5, 10].find((each) => each * power >= raw);
    const out = [];
    for (let at = Math.ceil(from / step) * step; at <= to + step / 1e6; at += step) out.push(at);
    return out;
  }

  /** Cost per call against calls, both logarithmic: each code of the function is a step. */
  function costChart(parent, f) {
    const box = put(parent, 'div', { class: 'chart', role: 'img', 'aria-label': describeCurve(f) });
    const points = f.curve.map(([calls, span, timed, ns, at, tier]) => ({ calls, span, timed, ns: Math.max(ns, 0.1), at, tier }));
    const left = 52, right = 12, top = 44, bottom = 34, height = 290;
    const marks = f.changes.filter((change) => change.to);
    const mostCalls = Math.max(10, ...points.map((p) => p.calls + p.span), ...marks.map((m) => m.calls));
    const decades = Math.max(1, Math.ceil(Math.log10(mostCalls) - 1e-9));
    const lowest = Math.floor(Math.log10(Math.min(...points.map((p) => p.ns))));
    const highest = Math.max(lowest + 1, Math.ceil(Math.log10(Math.max(...points.map((p) => p.ns)))));
    onWidth(box, (width) => {
      box.replaceChildren();
      const svg = put(box, 'svg', { height, viewBox: `0 0 ${width} ${height}`, 'aria-hidden': 'true' });
      const x = (calls) => left + ((width - left - right) * Math.log10(Math.max(1, calls))) / decades;
      const y = (ns) => top + (height - top - bottom) * (1 - (Math.log10(ns) - lowest) / (highest - lowest));
      for (let p = 0; p <= decades; ++p) {
        put(svg, 'line', { class: 'grid', x1: x(10 ** p), x2: x(10 ** p), y1: top, y2: height - bottom });
        if (decades < 8 || p % 2 === 0)
          put(svg, 'text', { x: x(10 ** p), y: height - bottom + 15, 'text-anchor': p === decades ? 'end' : 'middle' }, count(10 ** p));
      }
      for (let p = lowest; p <= highest; ++p) {
        put(svg, 'line', { class: 'grid', x1: left, x2: width - right, y1: y(10 ** p), y2: y(10 ** p) });
        put(svg, 'text', { x: left - 6, y: y(10 ** p) + 4, 'text-anchor': 'end' }, time(10 ** p));
      }
      put(svg, 'text', { x: width - right, y: height - 4, 'text-anchor': 'end' }, 'calls');
      put(svg, 'text', { x: 2, y: 12 }, 'a call');
      let free = [-1e9, -1e9, -1e9];
      for (const mark of marks) {
        const at = x(mark.calls);
        const line = put(svg, 'line', { class: 'mark', x1: at, x2: at, y1: top - 4, y2: height - bottom });
        put(line, 'title', {}, `${mark.to} after ${grouped(mark.calls)} calls: ${mark.reason}`);
        const row = free.findIndex((used) => at > used);
        if (row < 0) continue; // there is no room for its name; the table below has it
        const toLeft = at > width - 70;
        free[row] = at + (toLeft ? 4 : 8 + 7 * mark.to.length);
        put(svg, 'text', { class: 'strong', x: at + (toLeft ? -3 : 3), y: 12 + 13 * row, 'text-anchor': toLeft ? 'end' : 'start',
                           style: `fill:${colour(mark.to)}` }, mark.to);
      }
      let path = '';
      points.forEach((point, i) => {
        const from = x(point.calls + 1), to = x(point.calls + point.span);
        path += `${i ? 'L' : 'M'}${from.toFixed(1)} ${y(point.ns).toFixed(1)}L${to.toFixed(1)} ${y(point.ns).toFixed(1)}`;
      });
      put(svg, 'path', { d: path, fill: 'none', stroke: 'var(--line)', 'stroke-width': 2 });
      for (const point of points) {
        const from = x(point.calls + 1), to = Math.max(from, x(point.calls + point.span));
        put(svg, 'line', { x1: from, x2: to, y1: y(point.ns), y2: y(point.ns), stroke: colour(point.tier), 'stroke-width': 3 });
        const circle = put(svg, 'circle', { cx: (from + to) / 2, cy: y(point.ns), r: 3.6, fill: colour(point.tier) });
        put(circle, 'title', {}, `${point.tier}, from call ${grouped(point.calls + 1)}: ${time(point.ns)} a call (${grouped(point.timed)} timed)`);
      }
    });
  }
  function describeCurve(f) {
    const changes = f.changes.map((change) => `${change.to} after ${change.calls} calls` +
      (change.cost_after_ns === null ? '' : `, then ${time(change.cost_after_ns)} a call`));
    return `Time of a call of ${f.name} against the number of calls. ${changes.join('; ')}.`;
  }

  function drawTimeline() {
    const box = byId('timeline'), said = byId('timeline-said');
    const compiles = report.compiles;
    const lanes = [...new Set(compiles.map((compile) => compile.thread))].map((thread) => ({ thread, name: threadName(thread) }));
    lanes.sort((a, b) => (a.thread === null) - (b.thread === null) || a.thread - b.thread);
    const marks = [{ name: 'exits, failures', kinds: ['exit', 'failed'], stroke: 'var(--bad)' }, { name: 'redefined', kinds: ['replace'], stroke: 'var(--focus)' }]
      .map((lane) => ({ ...lane, events: report.events.filter((event) => lane.kinds.includes(event.kind)) })).filter((lane) => lane.events.length);
    const whole = Math.max(report.time.run_ns, 1);
    const view = { from: 0, to: whole, chosen: -1 };
    const laneHeight = 26, top = 22, bottom = 4;
    const height = top + laneHeight * (lanes.length + marks.length) + bottom;
    let width = 0;

    function draw() {
      if (!width) return;
      box.replaceChildren();
      const left = Math.min(150, width / 3.2), right = 8;
      const svg = put(box, 'svg', { height, viewBox: `0 0 ${width} ${height}`, 'aria-hidden': 'true' });
      const x = (ns) => left + ((width - left - right) * (ns - view.from)) / (view.to - view.from);
      for (const at of steps(view.from / 1e6, view.to / 1e6, Math.max(2, width / 130))) {
        put(svg, 'line', { class: 'grid', x1: x(at * 1e6), x2: x(at * 1e6), y1: top - 4, y2: height });
        put(svg, 'text', { x: x(at * 1e6) + 3, y: 12 }, `${Number(at.toPrecision(6))} ms`);
      }
      lanes.forEach((lane, i) => {
        const name = lane.name.length > left / 6.5 ? `${lane.name.slice(0, Math.floor(left / 6.5))}\u2026` : lane.name;
        put(svg, 'text', { x: 0, y: top + laneHeight * i + 16 }, name);
        put(svg, 'line', { class: 'grid', x1: left, x2: width - right, y1: top + laneHeight * (i + 1), y2: top + laneHeight * (i + 1) });
      });
      // What would lie on one another in one column of pixels is drawn once.
      const drawn = new Set();
      compiles.forEach((compile, i) => {
        if (compile.end_ns < view.from || compile.begin_ns > view.to) return;
        const lane = lanes.findIndex((each) => each.thread === compile.thread);
        const from = Math.max(left, x(compile.begin_ns)), to = Math.min(width - right, Math.max(x(compile.end_ns), from + 1.5));
        const place = `${lane} ${Math.round(from)} ${Math.round(to)} ${compile.tier}`;
        if (drawn.has(place) && i !== view.chosen) return;
        drawn.add(place);
        const rect = put(svg, 'rect', { x: from, y: top + laneHeight * lane + 4, width: Math.max(1.5, to - from), height: laneHeight - 8,
          rx: 1.5, fill: colour(compile.tier), class: i === view.chosen ? 'chosen' : null, 'data-compile': i });
        put(rect, 'title', {}, tell(compile));
      });
      marks.forEach((lane, i) => {
        const y = top + laneHeight * (lanes.length + i);
        put(svg, 'text', { x: 0, y: y + 16 }, lane.name);
        const columns = new Set();
        for (const event of lane.events) {
          const at = Math.round(x(event.at_ns));
          if (event.at_ns < view.from || event.at_ns > view.to || columns.has(at)) continue;
          columns.add(at);
          const line = put(svg, 'line', { x1: at, x2: at, y1: y + 5, y2: y + laneHeight - 3, stroke: lane.stroke, 'stroke-width': 2, 'data-mark': event.kind });
          put(line, 'title', {}, `${event.kind} ${event.function}: ${event.reason}`);
        }
      });
    }
    const tell = (compile) => `${compile.function}${compile.loop === null ? '' : ` loop ${compile.loop}`}, ${compile.tier}: ` +
      `${compile.cached ? 'from the cache' : `compiled in ${time(compile.end_ns - compile.begin_ns)}`} at ${time(compile.begin_ns)}, ` +
      `${bytes(compile.code_bytes)}${compile.reason ? `, ${compile.reason}` : ''}`;
    function show(from, to) {
      const span = Math.min(whole, Math.max(to - from, whole / 1e5));
      view.from = Math.max(0, Math.min(from, whole - span));
      view.to = view.from + span;
      draw();
    }
    const zoom = (factor) => {
      const middle = view.chosen < 0 ? (view.from + view.to) / 2 : compiles[view.chosen].begin_ns;
      const half = ((view.to - view.from) * factor) / 2;
      show(middle - half, middle + half);
    };
    const move = (share) => show(view.from + share * (view.to - view.from), view.to + share * (view.to - view.from));
    function choose(index) {
      if (index < 0 || index >= compiles.length) return;
      view.chosen = index;
      said.textContent = tell(compiles[index]);
      const { begin_ns: begin } = compiles[index];
      if (begin < view.from || begin > view.to) show(begin - (view.to - view.from) / 2, begin + (view.to - view.from) / 2);
      else draw();
    }
    byId('t-in').addEventListener('click', () => zoom(0.5));
    byId('t-out').addEventListener('click', () => zoom(2));
    byId('t-left').addEventListener('click', () => move(-0.5));
    byId('t-right').addEventListener('click', () => move(0.5));
    byId('t-all').addEventListener('click', () => show(0, whole));
    box.addEventListener('click', (event) => { if (event.target.dataset.compile) choose(Number(event.target.dataset.compile)); });
    box.addEventListener('keydown', (event) => {
      const act = { ArrowRight: () => choose(view.chosen + 1), ArrowLeft: () => choose(view.chosen - 1), Home: () => choose(0),
                    End: () => choose(compiles.length - 1), '+': () => zoom(0.5), '=': () => zoom(0.5), '-': () => zoom(2) }[event.key];
      if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      act();
    });
    if (compiles.length === 0) said.textContent = 'Nothing was compiled.';
    onWidth(box, (now) => { width = now; draw(); });
    const key = byId('tier-key');
    for (const tier of TIERS.filter((each) => compiles.some((compile) => compile.tier === each))) {
      const item = put(key, 'span');
      put(item, 'i', { style: `background:${colour(tier)}` });
      item.append(`${tier} (${grouped(compiles.filter((compile) => compile.tier === tier).length)})`);
    }
  }

  // Sections ------------------------------------------------------------------------------------------------------------

  function drawSummary() {
    const { time: spent, statistics: { totals }, measurement } = report;
    document.title = `${report.title} - Kiln report`;
    byId('title').textContent = report.title;
    byId('subtitle').textContent = `kiln ${report.kiln}, ladder ${report.statistics.ladder}`;
    const tiles = [
      ['run', 'Run', spent.run_ns, time, 'from start to end'],
      ['cpu', 'Program CPU time', spent.program_cpu_ns, time, `${percent(spent.program_cpu_ns, spent.run_ns)} of the run`],
      ['compile', 'Compile time', totals.compile_ns, time, `${percent(totals.compile_ns, spent.run_ns)} of the run, ${grouped(totals.compiles)} compiles`],
      ['functions', 'Functions reached', report.functions.length, grouped, `of ${grouped(totals.functions_in_program)} in the program`],
      ['code', 'Machine code', totals.code_bytes, bytes, `${bytes(totals.code_space_used)} of code space`],
      ['memory', 'Peak memory', totals.peak_memory_bytes, bytes, 'of the process'],
      ['overhead', 'Cost of this report', measurement.overhead_share * 100, (value) => `${digits(value)}\u202f%`, 'of all CPU time, as estimated'],
    ];
    for (const [key, label, value, show, more] of tiles) {
      const tile = put(byId('tiles'), 'div', { 'data-tile': key });
      put(tile, 'dt', {}, label);
      put(tile, 'dd', { 'data-value': value }, show(value));
      put(tile, 'dd', {}, more);
    }
  }

  function drawTimes() {
    const { time: spent, statistics: { totals } } = report;
    const parts = TIERS.map((tier) => ({ label: tier, tier, value: spent.by_tier[tier] || 0 }));
    parts.push({ label: 'libraries and system', tier: 'library', value: spent.library_ns });
    parts.push({ label: 'Kiln in the program\u2019s threads', tier: 'runtime', value: spent.runtime_ns });
    const compiled = TIERS.map((tier) => ({ label: tier, tier, value: sum(report.compiles.filter((each) => each.tier === tier && !each.cached),
      (each) => each.end_ns - each.begin_ns) }));
    const whole = Math.max(sum(parts, (part) => part.value), sum(compiled, (part) => part.value));
    const bars = byId('time-bars');
    if (report.measurement.samples === 0)
      put(bars, 'p', { class: 'quiet' }, 'The run was too short for samples: there are no self times.');
    bar(bars, 'The program\u2019s CPU time, by where it was spent', parts, time, whole);
    bar(bars, 'Compile time, by tier', compiled, time, whole);
    bar(byId('tier-bars'), 'Functions', TIERS.map((tier) => ({ label: tier, tier, value: report.functions.filter((f) => f.tier === tier).length })), grouped);
    plainTable(byId('threads'), ['Thread', 'CPU time'], report.threads.map((thread) => [`${thread.name} ${thread.number}${thread.of_runtime ? ' (Kiln)' : ''}`, time(thread.cpu_ns)]));
    bar(byId('size-bars'), 'All versions that were made', TIERS.map((tier) => ({ label: tier, tier,
      value: sum(report.compiles.filter((each) => each.tier === tier), (each) => each.code_bytes) })), bytes);
    const space = report.statistics.code_space;
    plainTable(byId('space'), ['What', 'Bytes'], [['code in use', bytes(space.code)], ['constants', bytes(space.constants)], ['data', bytes(space.data)],
      ['superseded', bytes(space.superseded)], ['freed', bytes(space.freed)], ['limit', bytes(space.limit)],
      ['promotions refused for lack of room', grouped(space.promotions_refused)], ['compiled in all', bytes(totals.code_bytes)]]);
  }

  function drawDetail(f) {
    const parent = byId('detail');
    parent.replaceChildren();
    parent.dataset.function = f.name;
    put(parent, 'h3', {}, f.name);
    const line = put(parent, 'p', { class: 'quiet' });
    line.textContent = `${f.calls_complete ? f.calls_estimated ? 'about ' : '' : 'more than '}${count(f.calls)} calls, ${count(f.loops)} loops counted, ${time(f.self_ns)} self time, ` +
      `${grouped(f.versions)} versions in ${time(f.compile_ns)}, ${bytes(f.code_bytes)}`;
    if (f.curve.length) costChart(parent, f);
    else
      put(parent, 'p', { class: 'quiet' }, f.timed ? 'No call of it ended while calls were timed.' :
        'Its calls are not timed: it takes arguments on the stack, or is of a kind that a timed call would disturb.');
    if (f.changes.length) {
      const table = put(put(parent, 'div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': `Code of ${f.name}` }), 'table', { class: 'plain' });
      plainTable(table, ['Code', 'calls before', 'compile', 'a call before', 'after', 'break-even'], f.changes.map((change) => [
        `${change.from ? `${change.from} \u2192 ` : ''}${change.to} (${change.reason})`, count(change.calls), time(change.compile_ns),
        change.cost_before_ns === null ? '-' : time(change.cost_before_ns), change.cost_after_ns === null ? '-' : time(change.cost_after_ns),
        change.break_even_calls === null ? '-' : count(change.break_even_calls)]));
    }
    if (f.last_failure) put(parent, 'p', { class: 'bad' }, `Failed ${f.failures} times: ${f.last_failure}`);
  }

  function drawFunctions() {
    const lastCost = (f) => (f.curve.length ? f.curve[f.curve.length - 1][3] : null);
    const orders = [...document.querySelectorAll('[data-order]')];
    const columns = [
      { key: 'name', label: 'Function', value: (f) => f.name, fill: (cell, f, pick) => {
        put(cell, 'button', { type: 'button', class: 'link' }, f.name).addEventListener('click', pick); } },
      { key: 'tier', label: 'Tier', value: (f) => (f.tier ? TIERS.indexOf(f.tier) : null), fill: (cell, f) => tierCell(cell, f.tier) },
      { key: 'self', label: 'Self time', number: true, value: (f) => f.self_ns, show: (f) => time(f.self_ns) },
      { key: 'calls', label: 'Calls', number: true, value: (f) => f.calls, show: (f) => `${f.calls_complete ? f.calls_estimated ? '~' : '' : '> '}${count(f.calls)}` },
      { key: 'cost', label: 'A call', number: true, less: true, value: lastCost, show: (f) => (lastCost(f) === null ? '-' : time(lastCost(f))) },
      { key: 'compile', label: 'Compile', number: true, less: true, value: (f) => f.compile_ns, show: (f) => time(f.compile_ns) },
    ];
    const table = dataTable(byId('function-table'), report.functions, columns, {
      name: 'Functions', placeholder: 'Filter by name', text: (f) => f.name, tier: (f) => f.tier, sort: 'self:descending',
      onPick: (f) => { drawDetail(f); if (window.innerWidth < 992 && drawFunctions.ready) byId('detail').scrollIntoView({ block: 'nearest' }); },
      onOrder: (order) => orders.forEach((button) => button.setAttribute('aria-pressed', String(button.dataset.order === order))),
    });
    drawFunctions.ready = true;
    for (const button of orders) button.addEventListener('click', () => table.sortBy(...button.dataset.order.split(':')));
  }

  function drawPromotions() {
    const rows = report.functions.flatMap((f) => f.changes.filter((change) => change.from !== null).map((change) => ({
      ...change, function: f.name, saved: change.break_even_calls === null ? null : f.calls - change.calls - change.break_even_calls })));
    const cost = (value) => (value === null ? '-' : time(value));
    dataTable(byId('promotion-table'), rows, [
      { key: 'function', label: 'Function', value: (row) => row.function },
      { key: 'to', label: 'To', value: (row) => TIERS.indexOf(row.to), fill: (cell, row) => tierCell(cell, row.to) },
      { key: 'at', label: 'At', number: true, less: true, value: (row) => row.at_ns, show: (row) => time(row.at_ns) },
      { key: 'calls', label: 'Calls before', number: true, less: true, value: (row) => row.calls, show: (row) => count(row.calls) },
      { key: 'compile', label: 'Compile', number: true, value: (row) => row.compile_ns, show: (row) => time(row.compile_ns) },
      { key: 'before', label: 'A call before', number: true, less: true, value: (row) => row.cost_before_ns, show: (row) => cost(row.cost_before_ns) },
      { key: 'after', label: 'After', number: true, less: true, value: (row) => row.cost_after_ns, show: (row) => cost(row.cost_after_ns) },
      { key: 'even', label: 'Break-even', number: true, value: (row) => row.break_even_calls, fill: (cell, row) => {
        cell.textContent = row.break_even_calls === null ? '-' : `${count(row.break_even_calls)} calls`;
        if (row.saved !== null) put(cell, 'div', { class: row.saved >= 0 ? 'good' : 'bad' }, row.saved >= 0 ? 'has paid' : 'not yet'); } },
    ], { name: 'Promotions', placeholder: 'Filter by function', text: (row) => row.function, tier: (row) => row.to, sort: 'compile:descending' });
  }

  function drawCompiles() {
    dataTable(byId('compile-table'), report.compiles, [
      { key: 'function', label: 'Function', value: (row) => row.function, show: (row) => `${row.function}${row.loop === null ? '' : ` loop ${row.loop}`}` },
      { key: 'tier', label: 'Tier', value: (row) => TIERS.indexOf(row.tier), fill: (cell, row) => tierCell(cell, row.tier) },
      { key: 'begin', label: 'Began', number: true, value: (row) => row.begin_ns, show: (row) => time(row.begin_ns) },
      { key: 'took', label: 'Took', number: true, value: (row) => row.end_ns - row.begin_ns, show: (row) => time(row.end_ns - row.begin_ns) },
      { key: 'bytes', label: 'Code', number: true, value: (row) => row.code_bytes, show: (row) => bytes(row.code_bytes) },
      { key: 'thread', label: 'Thread', less: true, value: (row) => row.thread, show: (row) => threadName(row.thread) },
      { key: 'reason', label: 'Why', less: true, value: (row) => (row.cached ? 'from the cache' : row.reason) },
    ], { name: 'Compiles', placeholder: 'Filter by function', text: (row) => row.function, tier: (row) => row.tier, sort: 'took:descending' });
  }

  function drawBack() {
    const { exits, refusals } = report.statistics;
    const reasons = Object.entries(exits.reasons).filter(([, reason]) => reason.failures > 0);
    put(byId('exits'), 'p', { class: 'quiet' }, `${grouped(exits.sites)} guards; ${grouped(exits.rebuilds)} functions made anew, ${grouped(exits.left_alone)} now made without.`);
    if (reasons.length)
      plainTable(put(byId('exits'), 'table', { class: 'plain' }), ['Guess', 'failed', 'went on in the interpreter', 'dropped'],
        reasons.map(([name, reason]) => [name, count(reason.failures), count(reason.exits), count(reason.dropped)]));
    else put(byId('exits'), 'p', {}, 'None failed.');
    if (refusals.length)
      plainTable(put(byId('refusals'), 'table', { class: 'plain' }), ['Reason', 'functions'], refusals.map((each) => [`${each.tier}: ${each.reason}`, grouped(each.functions)]));
    else put(byId('refusals'), 'p', {}, 'None.');
    const failed = report.functions.filter((f) => f.failures > 0);
    if (failed.length)
      plainTable(put(byId('failures'), 'table', { class: 'plain' }), ['Function', 'times'], failed.map((f) => [`${f.name}: ${f.last_failure || ''}`, grouped(f.failures)]));
    else put(byId('failures'), 'p', {}, 'None.');
  }

  function drawHow() {
    const m = report.measurement, parent = byId('how');
    const say = (text) => put(parent, 'p', {}, text);
    const whole = report.time.process_cpu_ns;
    say(`Calls were timed by the time-stamp counter (${digits(m.ticks_per_ns * 1e3)} ticks a microsecond over the run` +
      `${m.invariant_ticks ? '' : '; it does not run evenly on this machine'}), in ${grouped(m.windows)} windows of some milliseconds over ` +
      `${grouped(m.probes)} functions: ${count(m.timed_calls)} calls timed, ${count(m.counted_calls)} only counted. A time is that of the whole call, ` +
      `with what it calls and waits for. ${time(m.empty_call_ns)}, what a call of nothing seems to take, is subtracted.`);
    if (m.late_calls) say(`${count(m.late_calls)} calls ended after their function had got other code, and were not timed.`);
    say(m.sampling ? `Self times are ${grouped(m.samples)} samples of the threads\u2019 program counters, one in ${time(m.sample_period_ns)} of CPU time.` +
      `${m.samples_missed ? ` ${grouped(m.samples_missed)} more had no room.` : ''}${m.sampling_ended ? ` They end early: ${m.sampling_ended}.` : ''}`
      : `There are no self times: ${m.sampling_ended}.`);
    say('Calls are counted by the code of all tiers but the last. Where there is a ~, part of the calls was only seen in windows and is an estimate; where there is a >, none could be seen from the last tier on.');
    const list = put(parent, 'ul');
    put(list, 'li', {}, `timing and counting calls: ${time(m.probe_ns)} (${digits(m.timed_call_ns)} ns and ${digits(m.counted_call_ns)} ns a call, and half a millisecond where calls are many at the last tier), ${percent(m.probe_ns, whole)}`);
    put(list, 'li', {}, `samples: ${time(m.sampler_ns)} (${digits(m.sample_ns)} ns each), ${percent(m.sampler_ns, whole)}`);
    put(list, 'li', {}, `the thread that records: ${time(m.thread_ns)}, ${percent(m.thread_ns, whole)}`);
    say(`In all ${percent(m.overhead_share * whole, whole)} of ${time(whole)} CPU time. What one call and one sample cost was measured when the run began.`);
    if (m.events_dropped) say(`${grouped(m.events_dropped)} events had no room and are missing.`);
  }

  drawSummary();
  drawTimes();
  drawTimeline();
  drawFunctions();
  drawPromotions();
  drawCompiles();
  drawBack();
  drawHow();
})();
