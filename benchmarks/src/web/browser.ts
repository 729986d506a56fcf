// WebAssembly in headless Chromium: a page for each number of threads, served with cross-origin isolation.

import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startChromium } from '@sconce/browser-tests/chromium';
import { servePage } from '@sconce/browser-tests/server';
import { build } from 'esbuild';
import type { BenchmarkOptions } from '../options.ts';
import { benchmarkWeb } from './benchmark.ts';
import { unwrap } from './messages.ts';

/** Runs the benchmark in Chromium; gives the exit status. */
export async function benchmarkBrowser(options: BenchmarkOptions): Promise<number> {
  await using resources = new AsyncDisposableStack();
  const folder = resources.adopt(mkdtempSync(join(tmpdir(), 'sconce-benchmark-')), (its) =>
    rmSync(its, { recursive: true }),
  );
  await buildPage(folder);
  const server = resources.adopt(await servePage(folder, true), (its) => its.close());
  const browser = resources.adopt(await startChromium(), (its) => its.close());
  return await benchmarkWeb('browser', options, async (threads) => {
    const page = await browser.newPage();
    page.on('pageerror', (error) => console.error(`page: ${error.message}`));
    await page.goto(server.url);
    const { engine, version } = unwrap(
      await page.evaluate((count) => globalThis.sconceBenchmark.start(count), threads),
    );
    return {
      started: { engine, versions: { chromium: browser.version(), 'onnxruntime-web': version } },
      measure: async (request) =>
        unwrap(await page.evaluate((its) => globalThis.sconceBenchmark.measure(its), request)),
    };
  });
}

/** Bundles the page into a folder, onnxruntime-web's module beside it. */
async function buildPage(folder: string): Promise<void> {
  await build({
    entryPoints: [fileURLToPath(new URL('page.ts', import.meta.url))],
    outdir: folder,
    bundle: true,
    format: 'esm',
    platform: 'browser',
    // The sources of the workspace; of onnxruntime-web the build that loads its module from files.
    conditions: ['@sconce/source', 'onnxruntime-web-use-extern-wasm'],
    logLevel: 'error',
  });
  for (const name of ['ort-wasm-simd-threaded.wasm', 'ort-wasm-simd-threaded.mjs']) {
    const path = fileURLToPath(import.meta.resolve(`onnxruntime-web/${name}`));
    copyFileSync(path, join(folder, basename(path)));
  }
  const page = '<!doctype html><title>Benchmark</title><script type="module" src="page.js"></script>';
  writeFileSync(join(folder, 'index.html'), page);
}
