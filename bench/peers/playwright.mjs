// Plays the demo's "book a visit" with playwright-core, a browser process per
// run: the same steps, the same assertions, and (EVIDENCE=1) what a watcher
// would keep of them: a picture per step, console, exceptions, requests.
// Usage: playwright.mjs BROWSER URL RUNS DIR
import {chromium} from 'playwright-core';
import {join} from 'node:path';

const [binary, base, runs, dir] = process.argv.slice(2);
const evidence = process.env.EVIDENCE === '1';

async function record(page) {
  const seen = {console: [], exceptions: [], requests: []};
  page.on('console', (m) => seen.console.push(m.text()));
  page.on('pageerror', (e) => seen.exceptions.push(String(e)));
  page.on('response', (r) => seen.requests.push({url: r.url(), status: r.status()}));
  page.on('requestfailed', (r) => seen.requests.push({url: r.url(), error: r.failure()?.errorText}));
  return seen;
}

function judge(seen) {
  const bad = seen.requests.filter((r) => r.error || r.status >= 400);
  if (seen.exceptions.length || bad.length) throw new Error(JSON.stringify([seen.exceptions, bad]));
  if (!seen.requests.length) throw new Error('no request was seen');
}

async function play(run) {
  const browser = await chromium.launch({executablePath: binary, headless: true});
  try {
    const page = await browser.newPage();
    page.setDefaultTimeout(30_000);
    const seen = evidence ? await record(page) : null;
    let n = 0;
    const step = async (f) => {
      await f();
      n++;
      if (evidence && page.url() !== 'about:blank') await page.screenshot({path: join(dir, `${run}-${n}.jpg`), type: 'jpeg', quality: 70});
    };
    await step(() => page.setViewportSize({width: 1280, height: 900}));
    await step(async () => {
      await page.goto(base + '/book');
      const title = await page.title();
      if (title !== 'Book a visit · Father Christmas Workshop') throw new Error('title: ' + title);
    });
    const slots = "[data-testid='slot']:not([disabled])";
    await step(() => page.locator(slots).first().waitFor());
    await step(() => page.locator('#slots > :nth-child(1 of .slot:not([disabled]))').click({position: {x: 40, y: 30}}));
    await step(() => page.locator('#book:not([disabled])').waitFor());
    const name = page.getByRole('textbox', {name: 'Your name'});
    await step(() => name.click({position: {x: 20, y: 12}}));
    await step(() => name.fill('The Postflight family'));
    await step(() => page.getByRole('combobox', {name: 'Children'}).selectOption('3'));
    await step(() => page.getByRole('button', {name: 'Book this visit'}).click({position: {x: 60, y: 18}}));
    await step(() => page.locator('#confirmation').waitFor());
    await step(() => page.getByText('See you there, The Postflight family').waitFor());
    await step(() => page.waitForFunction(() => /^(FC|TEST)-\d+$/.test(document.querySelector('#number').textContent)));
    if (seen) judge(seen);
  } finally {
    await browser.close();
  }
}

for (let i = 0; i < Number(runs); i++) await play(i);
