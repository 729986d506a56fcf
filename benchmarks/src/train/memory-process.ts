// A process that trains one row for so many steps and prints the most resident memory that it held, in MiB:
// NAME THREADS STEPS plain|scope.

import { scope } from '@sconce/tensor';
import { setEngineThreads } from '../engine.ts';
import { prepareSconce } from '../tensor/run.ts';
import { trainCases } from './index.ts';

const [name, threads, steps, how] = process.argv.slice(2);
const one = trainCases.find((its) => its.name === name);
if (one === undefined) throw new Error(`there is no row ${name}`);
await setEngineThreads(Number(threads));
const step = prepareSconce(one);
for (let i = 0; i < Number(steps); i++) {
  if (how === 'scope') scope(() => void step());
  else step();
}
console.log(process.resourceUsage().maxRSS / 1024);
