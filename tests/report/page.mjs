// Opens a report in headless Chromium and uses it as people do: node page.mjs REPORT.html [--screenshot FILE] [--many]
// Prints what the page shows as JSON, for run.py to compare with the report's data; exit status 1 on any error of the page.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';

const [file, ...options] = process.argv.slice(2);
const after = (name) => (options.includes(name) ? options[options.indexOf(name) + 1] : null);
const problems = [];
const expect = (what, condition) => { if (!condition) problems.push(what); };

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM || '/usr/bin/chromium', args: ['--no-sandbox'] });

async function open(settings) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...settings });
  const page = await context.newPage();
  page.on('pageerror', (error) => problems.push(`error on the page: ${error.message}`));
  page.on('console', (message) => { if (['error', 'warning'].includes(message.type())) problems.push(`console: ${message.text()}`); });
  page.on('request', (request) => { if (!request.url().startsWith('file:') && !request.url().startsWith('data:')) problems.push(`network: ${request.url()}`); });
  await page.goto(pathToFileURL(resolve(file)).href);
  return page;
}

/** The values of a column of the functions, of all pages of the table. */
async function column(page, table, key) {
  const values = [];
  for (;;) {
    values.push(...await page.$$eval(`#${table} tbody td[data-key="${key}"]`, (cells) => cells.map((cell) => cell.dataset.value)));
    const next = page.locator(`#${table} .pages button`, { hasText: 'Next' });
    if (await next.isDisabled()) return values;
    await next.click();
  }
}
const isSorted = (values, sign) => values.every((value, i) => i === 0 || sign * (Number(value) - Number(values[i - 1])) >= 0);

async function useMouse(page, shown) {
  shown.title = await page.title();
  shown.tiles = Object.fromEntries(await page.$$eval('[data-tile]', (tiles) => tiles.map((tile) => [tile.dataset.tile, Number(tile.querySelector('dd').dataset.value)])));
  shown.times = Object.fromEntries(await page.$$eval('#time-bars .bar:first-of-type [data-part]', (parts) => parts.map((part) => [part.dataset.part, Number(part.dataset.value)])));
  const columns = {};
  for (const key of ['name', 'self', 'calls', 'compile']) {
    await page.click('[data-order="self:descending"]');
    columns[key] = await column(page, 'function-table', key);
  }
  shown.functions = columns.name.map((name, i) => [name, ...['self', 'calls', 'compile'].map((key) => Number(columns[key][i]))]);
  shown.compiles = (await column(page, 'compile-table', 'took')).map(Number);
  shown.promotions = (await column(page, 'promotion-table', 'even')).map((value) => (value === '' ? null : Number(value)));
  expect('the functions begin with the hottest', isSorted(columns.self, -1));
  await page.click('[data-order="calls:ascending"]');
  expect('cold by calls', isSorted(await column(page, 'function-table', 'calls'), 1));
  expect('aria-sort tells', await page.getAttribute('#function-table th:has([data-key="calls"])', 'aria-sort') === 'ascending');
  await page.click('#function-table th button[data-key="compile"]');
  expect('sorts by a column', isSorted(await column(page, 'function-table', 'compile'), -1));
  await page.click('#function-table th button[data-key="compile"]');
  expect('and the other way round', isSorted(await column(page, 'function-table', 'compile'), 1));
  // The table filters by name and by tier.
  const wanted = columns.name[0];
  await page.fill('#function-table input[type=search]', wanted);
  expect('the filter finds by name', (await column(page, 'function-table', 'name')).every((name) => name.includes(wanted)));
  await page.fill('#function-table input[type=search]', 'no function is called so');
  expect('the filter may find nothing', (await column(page, 'function-table', 'name')).length === 0);
  await page.fill('#function-table input[type=search]', '');
  const tier = await page.$eval('#function-table select', (select) => select.options[select.options.length - 1].value);
  await page.selectOption('#function-table select', tier);
  shown.tier = { name: tier, functions: await column(page, 'function-table', 'name') };
  await page.selectOption('#function-table select', '');
  await page.click('[data-order="self:descending"]');
  await page.click('#function-table tbody tr:first-child button.link');
  shown.detail = await page.$eval('#detail', (detail) => ({ name: detail.dataset.function, points: detail.querySelectorAll('circle').length,
    marks: detail.querySelectorAll('.mark').length, changes: detail.querySelectorAll('tbody tr').length }));
  // Charts.
  shown.timeline = await page.$$eval('#timeline rect', (rects) => rects.length);
  shown.marks = await page.$$eval('#timeline [data-mark]', (marks) => [...new Set(marks.map((mark) => mark.dataset.mark))]);
  const before = await page.$eval('#timeline svg', (svg) => svg.outerHTML);
  await page.click('#t-in');
  expect('the time line zooms', before !== await page.$eval('#timeline svg', (svg) => svg.outerHTML));
  await page.click('#t-all');
}

/** Without a mouse: everything is reached by the tab key, and works by space, enter and arrows. */
async function useKeys(page) {
  await page.keyboard.press('Tab');
  expect('the first stop is the way past the head', await page.evaluate(() => document.activeElement.className) === 'skip');
  const stops = await page.evaluate(() => [...document.querySelectorAll('button, input, select, a[href], [tabindex]')].filter((each) => !each.disabled && each.tabIndex < 0).length);
  expect('nothing is kept from the tab key', stops === 0);
  await page.focus('#function-table th button[data-key="calls"]');
  expect('the focus is seen', await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle !== 'none'));
  await page.keyboard.press('Enter');
  expect('enter sorts', await page.getAttribute('#function-table th:has([data-key="calls"])', 'aria-sort') !== null);
  await page.focus('#function-table tbody tr:nth-child(1) button.link');
  await page.keyboard.press('Space');
  expect('space picks', await page.$eval('#function-table tbody tr', (row) => row.classList.contains('chosen')));
  await page.focus('#timeline');
  await page.keyboard.press('ArrowRight');
  expect('arrows go along the time line', (await page.textContent('#timeline-said')) !== '');
  const unnamed = await page.$$eval('button, input, select', (all) => all.filter((each) =>
    !(each.textContent.trim() || each.getAttribute('aria-label') || (each.labels && each.labels.length && each.labels[0].textContent.trim()))).length);
  expect('every control has a name', unnamed === 0);
}

/** WCAG contrast of the text with what is behind it, for the texts of the page. */
async function checkContrast(page, scheme) {
  const bad = await page.evaluate(() => {
    const numbers = (colour) => colour.match(/[\d.]+/g).map(Number);
    const light = (colour) => numbers(colour).slice(0, 3).map((each) => { const v = each / 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; })
      .reduce((total, each, i) => total + each * [0.2126, 0.7152, 0.0722][i], 0);
    const behind = (element) => { for (let at = element; at; at = at.parentElement) { const colour = getComputedStyle(at).backgroundColor; if (numbers(colour)[3] !== 0) return colour; } return 'rgb(255,255,255)'; };
    return ['h1', 'h2', 'h3', '.quiet', 'td', 'th', 'th button', '.brand', '.tiles dt', '.key', 'button', '.good', '.bad'].filter((selector) => {
      const element = document.querySelector(selector);
      if (!element) return false;
      const [a, b] = [light(getComputedStyle(element).color), light(behind(element))];
      return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) < 4.5;
    });
  });
  expect(`contrast of ${bad} (${scheme})`, bad.length === 0);
}

const shown = {};
const page = await open({ colorScheme: 'light' });
await useMouse(page, shown);
await useKeys(await open({ colorScheme: 'light' }));
await checkContrast(page, 'light');
if (after('--screenshot')) {
  const shot = await open({ colorScheme: 'light', viewport: { width: 1280, height: 1400 } });
  await shot.screenshot({ path: after('--screenshot') });
}
const dark = await open({ colorScheme: 'dark' });
await checkContrast(dark, 'dark');
expect('dark is dark', await dark.evaluate(() => getComputedStyle(document.body).backgroundColor) !== await page.evaluate(() => getComputedStyle(document.body).backgroundColor));
if (after('--dark')) await dark.screenshot({ path: after('--dark') });
const phone = { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true };
const small = await open(phone);
expect('nothing is wider than a small screen', await small.evaluate(() => document.documentElement.scrollWidth <= 360));
// The same width as a window with a keyboard, and no mouse.
for (const colorScheme of ['light', 'dark']) {
  const narrow = await open({ viewport: phone.viewport, colorScheme });
  await useKeys(narrow);
  await checkContrast(narrow, `${colorScheme}, narrow`);
  expect('nothing is wider than a narrow window', await narrow.evaluate(() => document.documentElement.scrollWidth <= 360));
}
if (after('--small')) await small.screenshot({ path: after('--small'), fullPage: true });
await browser.close();
shown.bytes = readFileSync(file).length;
console.log(JSON.stringify({ problems, shown }));
process.exitCode = problems.length ? 1 : 0;
