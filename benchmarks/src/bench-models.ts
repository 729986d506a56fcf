// `pnpm bench:models`: whole models through `InferenceSession` beside onnxruntime-node.

import { runCommand } from './command.ts';

await runCommand(
  'models',
  'Whole models through InferenceSession.run beside onnxruntime-node, in turns in one process.',
  async () => (await import('./models/benchmark.ts')).benchmarkModels,
);
