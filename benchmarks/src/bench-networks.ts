// `pnpm bench:networks`: whole networks as programs of the engine beside onnxruntime-node.

import { runCommand } from './command.ts';

await runCommand(
  'networks',
  'Networks as one program of the engine each, on blocked layouts, beside onnxruntime-node, in turns in one process.',
  async () => (await import('./networks/benchmark.ts')).benchmarkNetworks,
);
