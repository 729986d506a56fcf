/** The weights that every class draws after a seed, by the digests of fixtures/layers/initialization.json. */
import { type DType, manualSeed, rand, type Tensor, zeros } from '@sconce/tensor';
import { fixtureJson } from '@sconce/testing';
import { describe, expect, it } from 'vitest';
import * as nn from '../index.ts';

interface LayerSpec {
  readonly class: string;
  readonly args: readonly (number | readonly number[] | { readonly module: LayerSpec })[];
  readonly kwargs: Readonly<Record<string, unknown>>;
}

interface InitializationCase extends LayerSpec {
  readonly dtype?: DType;
  /** Shapes of the input that makes a lazy layer whole. */
  readonly call?: readonly (readonly number[])[];
  /** One digest a seed. */
  readonly digests: readonly string[];
  /** Shape and first values of every tensor, for the first seed. */
  readonly state?: Readonly<Record<string, readonly [readonly number[], readonly number[]]>>;
}

type LayerConstructor = new (...args: readonly unknown[]) => nn.Module;

const { seeds, cases } = fixtureJson<{ seeds: readonly string[]; cases: readonly InitializationCase[] }>(
  'layers/initialization.json',
);

/** These hold layers and have no weights of their own. */
const holders = ['TransformerEncoder', 'TransformerDecoder'];

function make({ class: name, args, kwargs }: LayerSpec, dtype: DType | undefined): nn.Module {
  const Layer = (nn as unknown as Record<string, LayerConstructor>)[name]!;
  const positional = args.map((arg) =>
    typeof arg === 'object' && 'module' in arg ? make(arg.module, dtype) : arg,
  );
  const options = dtype === undefined || holders.includes(name) ? kwargs : { ...kwargs, dtype };
  return new Layer(...positional, ...(Object.keys(options).length > 0 ? [options] : []));
}

function initialised(one: InitializationCase, seed: string): ReadonlyMap<string, Tensor> {
  manualSeed(BigInt(seed));
  const layer = make(one, one.dtype);
  for (const shape of one.call ?? [])
    (layer as unknown as (x: Tensor) => unknown)(zeros([...shape], { dtype: one.dtype ?? 'float32' }));
  return layer.stateDict();
}

async function digest(parts: readonly Tensor[]): Promise<string> {
  const bytes = await new Blob(
    parts.map((part) => {
      const array = part.detach().toTypedArray();
      return new Uint8Array(array.buffer as ArrayBuffer, array.byteOffset, array.byteLength);
    }),
  ).arrayBuffer();
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(hash.subarray(0, 8), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function title({ class: name, args, kwargs, dtype }: InitializationCase): string {
  return `${name} ${JSON.stringify(args)} ${JSON.stringify(kwargs)}${dtype === undefined ? '' : ` ${dtype}`}`;
}

describe('the weights after a seed are those of PyTorch', () => {
  it.each(cases.map((one) => [title(one), one] as const))('%s', async (_title, one) => {
    for (const [i, seed] of seeds.entries()) {
      const state = initialised(one, seed);
      if (i === 0 && one.state !== undefined) {
        const found = Array.from(state, ([key, value]) => [
          key,
          [value.shape, Array.from(value.flatten().toTypedArray().slice(0, 2), Number)],
        ]);
        expect(found).toEqual(Object.entries(one.state));
      }
      expect(`seed ${seed}: ${await digest([...state.values(), rand([4])])}`).toBe(
        `seed ${seed}: ${one.digests[i]}`,
      );
    }
  });
});
