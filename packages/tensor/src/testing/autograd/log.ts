/** What a scenario writes down: named tensors, values and error messages, in order, as fixtures/generators/autograd_scenarios/log.py does. */
import { type GradNode, Tensor, tensor } from '../../index.ts';

/** What scenarios show: anything that the fixture holds. */
export type Shown = Tensor | string | number | boolean | bigint | null | undefined | readonly Shown[];

/** One observation. */
export type Observation =
  | { readonly label: string; readonly value: Shown }
  | { readonly label: string; readonly error: string | null }
  | { readonly label: string; readonly refused: boolean };

/** Something that is played, and writes down what happens. */
export type Scenario = (log: Log) => void;

/** Collects one scenario's observations. */
export class Log {
  readonly seen: Observation[] = [];

  /** Tensors are copied: what they hold now counts. */
  show(label: string, value: Shown): void {
    this.seen.push({ label, value: frozen(value) });
  }

  /** The message of the error that `body` ends in, or null. */
  error(label: string, body: () => unknown): void {
    this.seen.push({ label, error: messageOf(body) });
  }

  /** That `body` ends in an error, where PyTorch's message speaks of Python. */
  refuse(label: string, body: () => unknown): void {
    this.seen.push({ label, refused: messageOf(body) !== null });
  }

  /** The name of the tensor's gradFn and of the nodes behind it. */
  node(label: string, value: Tensor): void {
    const { gradFn } = value;
    this.show(
      label,
      gradFn === null ? null : [gradFn.name, ...gradFn.nextFunctions.map(([node]) => nameOf(node))],
    );
  }
}

function messageOf(body: () => unknown): string | null {
  try {
    body();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return error.message;
  }
  return null;
}

function nameOf(node: GradNode | null): string | null {
  return node?.name ?? null;
}

function frozen(value: Shown): Shown {
  if (value instanceof Tensor) return value.detach().clone();
  return Array.isArray(value) ? (value as readonly Shown[]).map(frozen) : value;
}

/** A leaf of these values that requires a gradient. */
export function leaf(...values: readonly number[]): Tensor {
  return tensor(values, { requiresGrad: true });
}
