// The most memory that a process holds which does nothing but train, on each side in a process of its own.

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { PeakMemory } from '../report.ts';
import type { TensorCase } from '../tensor/case.ts';
import { operandData } from '../tensor/run.ts';
import { TorchPeer } from '../tensor/torch.ts';

const script = fileURLToPath(new URL('memory-process.ts', import.meta.url));
const run = promisify(execFile);

/**
 * Trains for so many steps in three processes: here without and with `scope`, and with PyTorch.
 *
 * @throws Error when one of them fails
 */
export async function peakMemory(
  one: TensorCase,
  python: string,
  threads: number,
  steps: number,
): Promise<PeakMemory> {
  const mib = await ownPeak(one.name, threads, steps, 'plain');
  const scopedMib = await ownPeak(one.name, threads, steps, 'scope');
  using resources = new DisposableStack();
  const torch = resources.adopt(await TorchPeer.start(python), (its) => its.stop());
  const { lane } = await torch.prepare(one, operandData(one), threads);
  if (!('samples' in lane)) throw new Error('PyTorch times itself');
  await lane.samples(steps, 0);
  const peerMib = await torch.peakMib();
  const rounded = (value: number): number => Number(value.toPrecision(4));
  return {
    mib: rounded(mib),
    scopedMib: rounded(scopedMib),
    peerMib: rounded(peerMib),
    ratio: rounded(mib / peerMib),
  };
}

async function ownPeak(
  name: string,
  threads: number,
  steps: number,
  how: 'plain' | 'scope',
): Promise<number> {
  const args = ['--conditions=@sconce/source', script, name, String(threads), String(steps), how];
  const { stdout } = await run(process.execPath, args);
  return Number(stdout);
}
