// Plays the recording itself with @puppeteer/replay, a browser process per
// run, and a picture after each step.
// Usage: replay.mjs BROWSER URL RUNS DIR RECORDING
import puppeteer from 'puppeteer-core';
import {createRunner, parse, PuppeteerRunnerExtension} from '@puppeteer/replay';
import {readFileSync} from 'node:fs';
import {join} from 'node:path';

const [binary, base, runs, dir, file] = process.argv.slice(2);
const recording = parse(JSON.parse(readFileSync(file, 'utf8').replaceAll('http://127.0.0.1:8080', base)));
recording.timeout = 30_000;

class Pictures extends PuppeteerRunnerExtension {
  constructor(browser, page, run) {
    super(browser, page, {timeout: 30_000});
    this.shots = {page, run, n: 0};
  }

  async afterEachStep(step, flow) {
    await super.afterEachStep?.(step, flow);
    const {page, run} = this.shots;
    this.shots.n++;
    if (page.url() === 'about:blank') return;
    await page.screenshot({path: join(dir, `${run}-${this.shots.n}.jpg`), type: 'jpeg', quality: 70});
  }
}

for (let i = 0; i < Number(runs); i++) {
  const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  const browser = await puppeteer.launch({executablePath: binary, headless: 'shell', pipe: true, args});
  try {
    const page = await browser.newPage();
    const pictures = new Pictures(browser, page, i);
    await (await createRunner(recording, pictures)).run();
    if (pictures.shots.n !== recording.steps.length) throw new Error(`${pictures.shots.n} steps were played`);
  } finally {
    await browser.close();
  }
}
