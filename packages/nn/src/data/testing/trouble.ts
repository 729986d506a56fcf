/** What the workers of a test load: samples that fail, hang or end their thread. */
import type { Dataset } from '../dataset.ts';

let offset = 0;

export function workerInitFn(id: number): void {
  offset = 100 * id;
}

export const collateFn = (samples: number[]): string => samples.join('+');

export const dataset: Dataset<number> = {
  length: 1000,
  getItem: (index) => {
    if (index === 501) throw new RangeError('sample 501 is broken');
    if (index === 502) return new Promise<number>(() => undefined);
    if (index === 503) process.exit(3);
    return index + offset;
  },
};
