// `pnpm bench:web`: the engine on WebAssembly beside onnxruntime-web, in Node.

import { runCommand } from './command.ts';

await runCommand(
  'web',
  'The engine on WebAssembly beside onnxruntime-web in Node, in turns in one process for each number of threads.',
  async () => (await import('./web/node.ts')).benchmarkNodeWeb,
);
