/** Decodes the arguments of the operator database's cases. */
import type { Tensor } from '@sconce/tensor';
import { decodeArgument, type JsonArgument } from '../arguments.ts';
import type { FixtureTensors } from '../fixtures.ts';

/** Python's `slice(start, stop, step)` as an argument. */
export interface PythonSlice {
  readonly start: number | null;
  readonly stop: number | null;
  readonly step: number | null;
}

/** Decodes one case's arguments; remembers those that gradients are wanted of. */
export class Decoder {
  readonly #tensors: FixtureTensors;
  /** Tensors that gradients are wanted of, in order, each once. */
  readonly leaves: Tensor[] = [];

  constructor(tensors: FixtureTensors) {
    this.#tensors = tensors;
  }

  /** A value; every tensor is a copy, since operators may write to it. */
  decode(value: JsonArgument): unknown {
    if (Array.isArray(value)) return value.map((item: JsonArgument) => this.decode(item));
    if (typeof value !== 'object' || value === null) return value;
    const entry = value as Readonly<Record<string, JsonArgument>>;
    if ('tensor' in entry) return this.#tensor(String(entry['tensor']), entry['grad'] === true);
    if ('dtype' in entry) return entry['dtype'];
    if ('float' in entry) return entry['float'];
    if ('bigint' in entry) return BigInt(String(entry['bigint']));
    if ('ellipsis' in entry) return '...';
    if ('slice' in entry) {
      const [start, stop, step] = entry['slice'] as readonly (number | null)[];
      return { start: start ?? null, stop: stop ?? null, step: step ?? null } satisfies PythonSlice;
    }
    if ('tuple' in entry) return { tuple: this.decode(entry['tuple']!) };
    if ('record' in entry) {
      const fields = entry['record'] as Readonly<Record<string, JsonArgument>>;
      return Object.fromEntries(Object.entries(fields).map(([key, item]) => [key, this.decode(item)]));
    }
    return decodeArgument(value);
  }

  /** Keyword arguments as an options object; nothing where there are none. */
  options(kwargs: Readonly<Record<string, JsonArgument>>): Readonly<Record<string, unknown>> | undefined {
    const entries = Object.entries(kwargs);
    if (entries.length === 0) return undefined;
    return Object.fromEntries(entries.map(([key, value]) => [camelCase(key), this.decode(value)]));
  }

  #tensor(name: string, wanted: boolean): Tensor {
    const copy = this.#tensors.get(name).clone();
    if (wanted) this.leaves.push(copy.requiresGrad_());
    return copy;
  }
}

/** `kernel_size` becomes `kernelSize`. */
export function camelCase(name: string): string {
  return name.replace(/(?<=.)_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}
