/** Running means of the loss and of metrics over the samples of a pass. */
import { noGrad, Tensor } from '@sconce/tensor';
import type { Means, Metric } from './types.ts';

/** Adds up batches. */
export class RunningMeans {
  readonly #metrics: Readonly<Record<string, Metric>>;
  readonly #sums = new Map<string, number>();
  #loss = 0;
  #samples = 0;

  constructor(metrics: Readonly<Record<string, Metric>>) {
    this.#metrics = metrics;
  }

  /** Adds a batch: its mean loss, and what its output and target say. */
  add(loss: number, output: unknown, target: unknown): void {
    const count = samplesIn(target) ?? samplesIn(output) ?? 1;
    this.#samples += count;
    this.#loss += loss * count;
    noGrad(() => {
      for (const [name, metric] of Object.entries(this.#metrics)) {
        const value = metric(output as never, target as never);
        const number = value instanceof Tensor ? Number(value.item()) : value;
        this.#sums.set(name, (this.#sums.get(name) ?? 0) + number * count);
      }
    });
  }

  /** Means up to now; NaN before the first batch. */
  get means(): Means {
    const { samples } = this;
    const metrics = Object.fromEntries(
      Object.keys(this.#metrics).map((name) => [name, (this.#sums.get(name) ?? Number.NaN) / samples]),
    );
    return { loss: this.#loss / samples, metrics, samples };
  }

  get samples(): number {
    return this.#samples;
  }
}

/** Size of the first dimension of a tensor, or of the first tensor in a list or object. */
function samplesIn(value: unknown): number | undefined {
  if (value instanceof Tensor) return value.ndim > 0 ? value.shape[0] : undefined;
  if (typeof value !== 'object' || value === null) return undefined;
  for (const member of Object.values(value)) {
    const count = samplesIn(member);
    if (count !== undefined) return count;
  }
  return undefined;
}
