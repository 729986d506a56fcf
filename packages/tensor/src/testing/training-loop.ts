/**
 * A program for the tests of memory: trains a small network for many steps without giving anything back, and prints how
 * the process's memory grew. Arguments: the number of steps, and after how many of them it yields a macrotask (0: never).
 */
import { setImmediate } from 'node:timers/promises';
import { engineInfo } from '@sconce/engine';
import { manualSeed, noGrad, randn, type Tensor } from '../index.ts';

const [steps, yieldEvery] = process.argv.slice(2).map(Number) as [number, number];

manualSeed(0);
const x = randn(128, 16);
const y = x.sin().sum(1, true);
const parameters = [randn(16, 32).mul(0.3), randn(32), randn(32, 1).mul(0.3), randn(1)].map((value) =>
  value.requiresGrad_(),
) as [Tensor, Tensor, Tensor, Tensor];

function step(): Tensor {
  const [w1, b1, w2, b2] = parameters;
  const hidden = x.matmul(w1).add(b1).relu();
  const loss = hidden.matmul(w2).add(b2).sub(y).pow(2).mean();
  loss.backward();
  noGrad(() => {
    for (const parameter of parameters) {
      parameter.sub_(parameter.grad!.mul(0.01));
      parameter.grad = null;
    }
  });
  return loss;
}

const first = Number(step().item());
let last = first;
/** Highest resident memory in the first tenth, the first half and the second half of the steps. */
const highest = { start: 0, first: 0, second: 0 };
for (let i = 1; i <= steps; i++) {
  const loss = step();
  if (yieldEvery > 0 && i % yieldEvery === 0) await setImmediate();
  if (i % 100 !== 0) continue;
  last = Number(loss.item());
  const { rss } = process.memoryUsage();
  const part = i <= steps / 10 ? 'start' : i <= steps / 2 ? 'first' : 'second';
  highest[part] = Math.max(highest[part], rss);
}
console.log(JSON.stringify({ target: engineInfo().target, first, last, highest }));
