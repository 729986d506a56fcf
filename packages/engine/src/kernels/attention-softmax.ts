// The part of attention between its two products: softmax of a block of scores, online, so that the next block of keys can
// go on from it. Scores lie transposed, a row for each key and a lane for each query, so nothing is folded across lanes.

import {
  exp,
  inout,
  input,
  integer,
  type KernelBuilder,
  output,
  type Pointer,
  type Vector,
} from '@sconce/codegen';
import { type Family, family, type Region } from '../runtime/family.ts';

type F32 = Vector<'f32'>;

/** What the softmax of a block is recorded for. */
export interface BlockSoftmaxSpec {
  /** Vectors across a row of scores. */
  readonly vectors: number;
  /** Whether it is the first block of keys: there is nothing to go on from. */
  readonly first: boolean;
  readonly mask: boolean;
  readonly causal: boolean;
}

/** Arguments of {@link blockSoftmax}. */
export type BlockSoftmaxArguments = Readonly<
  Record<'scores' | 'mask' | 'largest' | 'sum' | 'output', Region>
> &
  Readonly<Record<'keys' | 'unseen' | 'queries' | 'outputs' | 'offset' | 'maskQuery' | 'maskKey', number>>;

/**
 * Turns `scores[keys, width]` into exponentials less the largest score so far, in place. `largest[width]` and `sum[width]` go
 * on; `output[outputs, width]`, the product so far, is brought to the new largest. The mask is added first:
 * `queries` columns `maskQuery` elements apart, rows `maskKey` apart. When causal, a score is left out where its key's row number
 * exceeds its column by more than `offset`. `unseen` rows after the last become zeros.
 */
export const blockSoftmax: Family<BlockSoftmaxSpec, BlockSoftmaxArguments> = family(
  'attention-softmax',
  {
    scores: inout('f32'),
    mask: input('f32'),
    largest: inout('f32'),
    sum: inout('f32'),
    output: inout('f32'),
    keys: integer(),
    unseen: integer(),
    queries: integer(),
    outputs: integer(),
    offset: integer(),
    maskQuery: integer(),
    maskKey: integer(),
  },
  (k, spec: BlockSoftmaxSpec) => {
    const lanes = k.lanes('f32');
    const each = [...Array(spec.vectors).keys()];
    const width = spec.vectors * lanes;
    const [largest, sum] = [k.pointer('largest'), k.pointer('sum')];
    const [keys, queries] = [k.integer('keys'), k.integer('queries')];
    const lowest = k.constant('f32', Number.NEGATIVE_INFINITY);
    const load = (from: Pointer<'f32'>): F32[] => each.map((v) => k.load(from, v * lanes));
    const store = (values: readonly F32[], at: Pointer<'f32'>): void => {
      for (const v of each) k.store(values[v]!, at, v * lanes);
    };
    const rows = (count: typeof keys, pointers: readonly Pointer<'f32'>[], body: () => void): void =>
      k.loop(count, () => {
        body();
        for (const pointer of pointers) k.advance(pointer, width);
      });

    const before = spec.first ? each.map(() => lowest) : load(largest);
    const now = before.map((value) => k.variable(value));
    const changed = spec.mask || spec.causal;
    // The column number less the row number, and the offset: negative where a key comes after its query.
    const ahead = each.map((v) =>
      k.add(
        k.constant('i32', (lane) => v * lanes + lane),
        k.splat(k.integer('offset')),
      ),
    );
    {
      const scores = k.pointer('scores');
      const [maskQuery, maskKey] = [k.integer('maskQuery'), k.integer('maskKey')];
      const masks = each.map((v) => {
        const at = k.pointer('mask');
        k.advance(at, k.mul(maskQuery, v * lanes));
        return { at, count: k.max(k.sub(queries, v * lanes), 0) };
      });
      rows(keys, [scores], () => {
        let values = load(scores);
        if (spec.mask) {
          values = values.map((value, v) => {
            const { at, count } = masks[v]!;
            const added = k.loadStrided(at, 0, maskQuery, count);
            k.advance(at, maskKey);
            return k.add(value, added);
          });
        }
        if (spec.causal) {
          values = values.map((value, v) => k.select(k.compare(ahead[v]!, '<', 0), lowest, value));
          for (const distance of ahead) k.assign(distance, k.sub(distance, 1));
        }
        if (changed) store(values, scores);
        for (const v of each) k.assign(now[v]!, k.max(now[v]!, values[v]!));
      });
    }
    // Where everything is minus infinity so far, nothing is taken out: infinity less infinity would be NaN.
    const shifts = now.map((value) => k.variable(finite(k, value)));
    store(now, largest);
    const sums = each.map(() => k.zero('f32'));
    {
      const scores = k.pointer('scores');
      rows(keys, [scores], () => {
        const powers = load(scores).map((value, v) => exp(k, k.sub(value, shifts[v]!)));
        store(powers, scores);
        for (const v of each) k.assign(sums[v]!, k.add(sums[v]!, powers[v]!));
      });
      const zeros = each.map(() => k.constant('f32', 0));
      rows(k.integer('unseen'), [scores], () => store(zeros, scores));
    }
    if (spec.first) {
      store(sums, sum);
      return;
    }
    const factors = before.map((value, v) => k.variable(exp(k, k.sub(value, shifts[v]!))));
    store(
      load(sum).map((value, v) => k.add(k.mul(value, factors[v]!), sums[v]!)),
      sum,
    );
    const output = k.pointer('output');
    rows(k.integer('outputs'), [output], () =>
      store(
        load(output).map((value, v) => k.mul(value, factors[v]!)),
        output,
      ),
    );
  },
);

function finite(k: KernelBuilder, largest: F32): F32 {
  return k.select(k.compare(largest, '==', Number.NEGATIVE_INFINITY), 0, largest);
}

/** Arguments of {@link finishAttention}. */
export type FinishArguments = Readonly<Record<'sum' | 'output' | 'y', Region>> &
  Readonly<Record<'outputs' | 'queries', number>>;

/**
 * `y[queries, outputs]` from `output[outputs, width]` divided by `sum[width]`, of whose columns `queries` are wanted; zero where
 * no key was seen, as in PyTorch.
 */
export const finishAttention: Family<{ readonly vectors: number }, FinishArguments> = family(
  'attention-finish',
  { sum: input('f32'), output: input('f32'), y: output('f32'), outputs: integer(), queries: integer() },
  (k, spec: { readonly vectors: number }) => {
    const lanes = k.lanes('f32');
    const [outputs, queries] = [k.integer('outputs'), k.integer('queries')];
    for (let v = 0; v < spec.vectors; v++) {
      const left = k.sub(queries, v * lanes);
      k.when(left, '>', 0, () => {
        const sum = k.load(k.pointer('sum'), v * lanes);
        const factor = k.variable(k.select(k.compare(sum, '==', 0), 0, k.div(1, sum)));
        const [from, to] = [k.pointer('output'), k.pointer('y')];
        k.advance(to, k.mul(outputs, v * lanes));
        k.loop(outputs, () => {
          k.storeStrided(k.mul(k.load(from, v * lanes), factor), to, 0, outputs, left);
          k.advance(from, spec.vectors * lanes);
          k.advance(to, 1);
        });
      });
    }
  },
);
