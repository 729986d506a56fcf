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
  /** Vectors across a panel of queries. */
  readonly vectors: number;
  /** Whether it is the first block of keys: there is nothing to go on from. */
  readonly first: boolean;
  readonly mask: boolean;
  readonly causal: boolean;
}

/** Arguments of {@link blockSoftmax}. */
export type BlockSoftmaxArguments = Readonly<
  Record<'scores' | 'mask' | 'largest' | 'sum' | 'factor', Region>
> &
  Readonly<Record<'keys' | 'queries' | 'panels' | 'width' | 'offset' | 'maskQuery' | 'maskKey', number>>;

/**
 * Turns `scores[keys, width]` into exponentials less the largest score so far, in place, a panel of queries after the other.
 * `largest[width]` and `sum[width]` go on; `factor[width]` is what brings earlier products to the new largest. The mask is added
 * first: `queries` columns `maskQuery` elements apart, rows `maskKey` apart. When causal, a score is left out where its key's row
 * number exceeds its column by more than `offset`.
 */
export const blockSoftmax: Family<BlockSoftmaxSpec, BlockSoftmaxArguments> = family(
  'attention-softmax',
  {
    scores: inout('f32'),
    mask: input('f32'),
    largest: inout('f32'),
    sum: inout('f32'),
    factor: output('f32'),
    keys: integer(),
    queries: integer(),
    panels: integer(),
    width: integer(),
    offset: integer(),
    maskQuery: integer(),
    maskKey: integer(),
  },
  (k, spec: BlockSoftmaxSpec) => {
    const lanes = k.lanes('f32');
    const each = [...Array(spec.vectors).keys()];
    const columns = spec.vectors * lanes;
    const [largest, sum, factor] = [k.pointer('largest'), k.pointer('sum'), k.pointer('factor')];
    const [first, width, keys] = [k.pointer('scores'), k.integer('width'), k.integer('keys')];
    const [left, offset] = [k.variable(k.integer('queries')), k.variable(k.integer('offset'))];
    const [maskQuery, maskKey] = [k.integer('maskQuery'), k.integer('maskKey')];
    const mask = k.pointer('mask');
    const lowest = k.constant('f32', Number.NEGATIVE_INFINITY);
    const load = (from: Pointer<'f32'>): F32[] => each.map((v) => k.load(from, v * lanes));
    const store = (values: readonly F32[], at: Pointer<'f32'>): void => {
      for (const v of each) k.store(values[v]!, at, v * lanes);
    };
    const rows = (body: (row: Pointer<'f32'>) => void): void => {
      const row = k.variable(first);
      k.loop(keys, () => {
        body(row);
        k.advance(row, width);
      });
    };

    k.loop(k.integer('panels'), () => {
      const before = spec.first ? each.map(() => lowest) : load(largest);
      const now = before.map((value) => k.variable(value));
      // The column number less the row number, and the offset: negative where a key comes after its query.
      const ahead = each.map((v) =>
        k.add(
          k.constant('i32', (lane) => v * lanes + lane),
          k.splat(offset),
        ),
      );
      const masks = each.map((v) => {
        const at = k.variable(mask);
        k.advance(at, k.mul(maskQuery, v * lanes));
        return { at, count: k.max(k.sub(left, v * lanes), 0) };
      });
      rows((row) => {
        let values = load(row);
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
        if (spec.mask || spec.causal) store(values, row);
        for (const v of each) k.assign(now[v]!, k.max(now[v]!, values[v]!));
      });
      // Where everything is minus infinity so far, nothing is taken out: infinity less infinity would be NaN.
      const shifts = now.map((value) => k.variable(finite(k, value)));
      store(now, largest);
      const sums = each.map(() => k.zero('f32'));
      rows((row) => {
        const powers = load(row).map((value, v) => exp(k, k.sub(value, shifts[v]!)));
        store(powers, row);
        for (const v of each) k.assign(sums[v]!, k.add(sums[v]!, powers[v]!));
      });
      if (spec.first) store(sums, sum);
      else {
        const factors = before.map((value, v) => k.variable(exp(k, k.sub(value, shifts[v]!))));
        store(factors, factor);
        const total = load(sum).map((value, v) => k.add(k.mul(value, factors[v]!), sums[v]!));
        store(total, sum);
      }
      for (const pointer of [first, largest, sum, factor]) k.advance(pointer, columns);
      k.increment(left, -columns);
      k.increment(offset, columns);
      if (spec.mask) k.advance(mask, k.mul(maskQuery, columns));
    });
  },
);

function finite(k: KernelBuilder, largest: F32): F32 {
  return k.select(k.compare(largest, '==', Number.NEGATIVE_INFINITY), 0, largest);
}

/** Arguments of {@link scaleRows}. */
export type ScaleRowsArguments = Readonly<Record<'factor' | 'y', Region>> &
  Readonly<Record<'rows' | 'size', number>>;

/**
 * Each of `rows` rows of `y[rows, size]` times its factor, or divided by it; zeros where that is zero (a query that sees no key, as
 * in PyTorch).
 */
export const scaleRows: Family<{ readonly by: 'factor' | 'inverse' }, ScaleRowsArguments> = family(
  'attention-scale',
  { factor: input('f32'), y: inout('f32'), rows: integer(), size: integer() },
  (k, spec: { readonly by: 'factor' | 'inverse' }) => {
    const lanes = k.lanes('f32');
    const [factors, y, size] = [k.pointer('factor'), k.pointer('y'), k.integer('size')];
    const rest = k.and(size, lanes - 1);
    k.loop(k.integer('rows'), () => {
      const given = k.broadcast(factors);
      const factor = spec.by === 'factor' ? given : k.select(k.compare(given, '==', 0), 0, k.div(1, given));
      const held = k.variable(factor);
      k.loop(k.shr(size, Math.log2(lanes)), () => {
        k.store(k.mul(k.load(y), held), y);
        k.advance(y, lanes);
      });
      k.when(rest, '>', 0, () => {
        k.storePartial(k.mul(k.loadPartial(y, 0, rest), held), y, 0, rest);
        k.advance(y, rest);
      });
      k.advance(factors, 1);
    });
  },
);
