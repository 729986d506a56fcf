// `pnpm bench:browser`: the engine on WebAssembly beside onnxruntime-web, in headless Chromium.

import { runCommand } from './command.ts';

await runCommand(
  'browser',
  'The engine on WebAssembly beside onnxruntime-web in headless Chromium, in turns in one page for each number of threads.',
  async () => (await import('./web/browser.ts')).benchmarkBrowser,
);
