// `pnpm bench:costs`: what the engine costs beside its arithmetic.

import { runCommand } from './command.ts';

await runCommand(
  'costs',
  'What it costs to start the engine, to make a kernel, to call it, and to divide work among threads.',
  async () => (await import('./costs/benchmark.ts')).benchmarkCosts,
);
