/** A long training without disposing of anything, in a loop that yields: how much memory it takes. */
import { memoryStatistics } from '@sconce/engine';
import * as nn from '@sconce/nn';
import { manualSeed, randn } from '@sconce/tensor';
import type { TrainingResults } from './results.ts';

const STEPS = 10_000;
/** Steps after which the loop lets the host collect what was dropped. */
const YIELD_EVERY = 20;

/** Trains a small network, and notes how much memory the engine held meanwhile. */
export async function runTraining(): Promise<TrainingResults> {
  manualSeed(0);
  const x = randn([64, 16]);
  const y = x.sin().sum(1, true);
  const model = new nn.Sequential(new nn.Linear(16, 32), new nn.ReLU(), new nn.Linear(32, 1));
  const optimizer = new nn.optim.SGD(model.parameters(), { lr: 0.01 });
  const losses: number[] = [];
  const held = { start: 0, first: 0, second: 0 };
  for (let step = 1; step <= STEPS; step++) {
    optimizer.zeroGrad();
    const loss = nn.functional.mseLoss(model(x), y);
    loss.backward();
    optimizer.step();
    if (step === 1 || step === STEPS) losses.push(Number(loss.item()));
    if (step % YIELD_EVERY !== 0) continue;
    await new Promise((resolve) => setTimeout(resolve));
    const part = step <= STEPS / 10 ? 'start' : step <= STEPS / 2 ? 'first' : 'second';
    held[part] = Math.max(held[part], memoryStatistics().live);
  }
  return { losses, held };
}
