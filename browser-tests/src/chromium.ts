/** Headless Chromium: finds it, starts it, and takes a page's results out of it. */
import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';
import type { PageResults } from '../page/results.ts';

/** Where Chromium and its like are installed. */
const places = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  'C:/Program Files/Google/Chrome/Application/chrome.exe',
];

/** Starts what the environment's `CHROMIUM` names, or the first browser found. @throws Error when there is none */
export async function startChromium(): Promise<Browser> {
  const named = process.env['CHROMIUM'];
  const executablePath = named ?? places.find((place) => existsSync(place));
  if (executablePath === undefined || !existsSync(executablePath)) {
    const looked = named ?? places.join(', ');
    throw new Error(
      `Chromium is not there, looked for ${looked}; install it (Debian: apt-get install chromium) or name it in CHROMIUM`,
    );
  }
  return chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

/** Warnings that PyTorch gives for the same calls, which samples of its databases make. */
const asPyTorch = /^(enable_nested_tensor is True, but|The epoch parameter in `scheduler\.step\(\)`)/;

/** Opens a page and waits for its results. @throws Error with what the page complained about */
export async function runPage(browser: Browser, url: string): Promise<PageResults> {
  const page = await browser.newPage();
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (!['error', 'warning'].includes(message.type()) || asPyTorch.test(message.text())) return;
    complaints.push(message.text());
  });
  try {
    await page.goto(url);
    const json = await page.evaluate<string>('globalThis.sconceResults');
    if (json === undefined) throw new Error('the page left no results');
    if (complaints.length > 0) throw new Error('the page complained');
    return { ...(JSON.parse(json) as PageResults), workers: page.workers().length };
  } catch (error) {
    throw new Error([`${url}: ${(error as Error).message}`, ...complaints].join('\n'), { cause: error });
  } finally {
    await page.close();
  }
}
