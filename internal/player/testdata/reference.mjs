// Plays one recording with the reference runner: the oracle of TestReference.
// Usage: node reference.mjs PEERS BROWSER RECORDING, where PEERS is a folder
// with @puppeteer/replay and puppeteer-core in its node_modules.
import {createRequire} from 'node:module';
import {readFileSync} from 'node:fs';
import {pathToFileURL} from 'node:url';
import {join} from 'node:path';

const [peers, binary, file] = process.argv.slice(2);
const find = createRequire(join(peers, 'package.json'));
const load = async (name) => import(pathToFileURL(find.resolve(name)));
const {default: puppeteer} = await load('puppeteer-core');
const {createRunner, parse, PuppeteerRunnerExtension} = await load('@puppeteer/replay');

const browser = await puppeteer.launch({
  executablePath: binary, headless: 'shell', pipe: true,
  args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
});
process.on('unhandledRejection', () => {});
let result = 'pass';
try {
  const page = await browser.newPage();
  const extension = new PuppeteerRunnerExtension(browser, page, {timeout: 5000});
  await (await createRunner(parse(JSON.parse(readFileSync(file, 'utf8'))), extension)).run();
} catch (err) {
  result = 'fail ' + String(err.message).split('\n')[0];
}
await browser.close();
console.log(result);
