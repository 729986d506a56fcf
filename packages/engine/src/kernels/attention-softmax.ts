// The part of attention between its two products: softmax of a block of scores, online, so that the next block of keys can
// go on from it. Scores lie transposed, a row for each key and a lane for each query, so nothing is folded across lanes.

import {
  exp,
  type Integer,
  inout,
  input,
  integer,
  type KernelBuilder,
  log,
  output,
  overVectors,
  type Pointer,
  scalar,
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
  readonly keep: boolean;
  readonly causal: boolean;
}

/** Arguments of {@link blockSoftmax}. */
export type BlockSoftmaxArguments = Readonly<
  Record<'scores' | 'mask' | 'keep' | 'largest' | 'sum' | 'factor', Region>
> &
  Readonly<
    Record<
      'keys' | 'queries' | 'panels' | 'width' | 'offset' | 'maskQuery' | 'maskKey' | 'keepQuery' | 'keepKey',
      number
    >
  >;

/**
 * Turns `scores[keys, width]` into exponentials less the largest score so far, in place, a panel of queries after the other.
 * `largest[width]` and `sum[width]` go on; `factor[width]` is what brings earlier products to the new largest. The mask is added
 * first: `queries` columns `maskQuery` elements apart, rows `maskKey` apart. When causal, a score is left out where its key's row
 * number exceeds its column by more than `offset`. The exponentials are multiplied by `keep`, which lies as the mask does, after
 * they were summed up.
 */
export const blockSoftmax: Family<BlockSoftmaxSpec, BlockSoftmaxArguments> = family(
  'attention-softmax',
  {
    scores: inout('f32'),
    mask: input('f32'),
    keep: input('f32'),
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
    keepQuery: integer(),
    keepKey: integer(),
  },
  (k, spec: BlockSoftmaxSpec) => {
    const lanes = k.lanes('f32');
    const each = [...Array(spec.vectors).keys()];
    const columns = spec.vectors * lanes;
    const [largest, sum, factor] = [k.pointer('largest'), k.pointer('sum'), k.pointer('factor')];
    const [first, width, keys] = [k.pointer('scores'), k.integer('width'), k.integer('keys')];
    const [left, offset] = [k.variable(k.integer('queries')), k.variable(k.integer('offset'))];
    const masks = { from: k.pointer('mask'), perQuery: k.integer('maskQuery'), perKey: k.integer('maskKey') };
    const keeps = { from: k.pointer('keep'), perQuery: k.integer('keepQuery'), perKey: k.integer('keepKey') };
    const mask = spec.mask ? scoreReader(k, masks, spec.vectors) : undefined;
    const keep = spec.keep ? scoreReader(k, keeps, spec.vectors) : undefined;
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
      const added = mask?.begin(left);
      rows((row) => {
        let values = load(row);
        if (added !== undefined) {
          const found = added();
          values = values.map((value, v) => k.add(value, found[v]!));
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
      const kept = keep?.begin(left);
      rows((row) => {
        const powers = load(row).map((value, v) => exp(k, k.sub(value, shifts[v]!)));
        const found = kept?.();
        store(found === undefined ? powers : powers.map((value, v) => k.mul(value, found[v]!)), row);
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
      mask?.advance();
      keep?.advance();
    });
  },
);

function finite(k: KernelBuilder, largest: F32): F32 {
  return k.select(k.compare(largest, '==', Number.NEGATIVE_INFINITY), 0, largest);
}

/** A number for each score of a block, read as the scores lie: a row for each key. */
export interface ScoreReader {
  /** Begins a panel of which `left` queries are there; each call then reads the next row. */
  begin(left: Integer): () => F32[];
  /** Goes on to the next panel. */
  advance(): void;
}

/** Where a number for each score is read, and how far apart those of neighbouring queries and keys are. */
export interface ScorePlaces {
  readonly from: Pointer<'f32'>;
  readonly perQuery: Integer;
  readonly perKey: Integer;
}

/** A reader of numbers for panels of so many vectors. */
export function scoreReader(
  k: KernelBuilder,
  { from, perQuery, perKey }: ScorePlaces,
  vectors: number,
): ScoreReader {
  const lanes = k.lanes('f32');
  return {
    begin: (left) => {
      const places = Array.from({ length: vectors }, (_, v) => {
        const at = k.variable(from);
        k.advance(at, k.mul(perQuery, v * lanes));
        return { at, count: k.max(k.sub(left, v * lanes), 0) };
      });
      return () =>
        places.map(({ at, count }) => {
          const found = k.loadStrided(at, 0, perQuery, count);
          k.advance(at, perKey);
          return found;
        });
    },
    advance: () => k.advance(from, k.mul(perQuery, vectors * lanes)),
  };
}

/** Arguments of {@link scaleRows}. */
export type ScaleRowsArguments = Readonly<Record<'factor' | 'y', Region>> &
  Readonly<Record<'rows' | 'size' | 'stride' | 'times', number>>;

/**
 * Each of `rows` rows of `size` elements of `y`, `stride` apart, times its factor, or `times` over it; zeros where that is zero (a
 * query that sees no key, as in PyTorch).
 */
export const scaleRows: Family<{ readonly by: 'factor' | 'inverse' }, ScaleRowsArguments> = family(
  'attention-scale',
  {
    factor: input('f32'),
    y: inout('f32'),
    rows: integer(),
    size: integer(),
    stride: integer(),
    times: scalar('f32'),
  },
  (k, spec: { readonly by: 'factor' | 'inverse' }) => {
    const lanes = k.lanes('f32');
    const [factors, rows, size] = [k.pointer('factor'), k.pointer('y'), k.integer('size')];
    const [stride, times] = [k.integer('stride'), k.scalar('times')];
    const rest = k.and(size, lanes - 1);
    k.loop(k.integer('rows'), () => {
      const given = k.broadcast(factors);
      const inverse = (): F32 => k.select(k.compare(given, '==', 0), 0, k.div(times, given));
      const held = k.variable(spec.by === 'factor' ? given : inverse());
      const y = k.variable(rows);
      k.loop(k.shr(size, Math.log2(lanes)), () => {
        k.store(k.mul(k.load(y), held), y);
        k.advance(y, lanes);
      });
      k.when(rest, '>', 0, () => k.storePartial(k.mul(k.loadPartial(y, 0, rest), held), y, 0, rest));
      k.advance(rows, stride);
      k.advance(factors, 1);
    });
  },
);

/** Arguments of {@link logSums}. */
export type LogSumsArguments = Readonly<Record<'largest' | 'sum' | 'to', Region>> & {
  readonly count: number;
};

/** The logarithm of each query's sum of exponentials; plus infinity where it sees no key, so that what is taken off it vanishes. */
export const logSums: Family<object, LogSumsArguments> = family(
  'attention-log-sums',
  { largest: input('f32'), sum: input('f32'), to: output('f32'), count: integer() },
  (k, _spec: object) => {
    const [largest, sum, to] = [k.pointer('largest'), k.pointer('sum'), k.pointer('to')];
    overVectors(k, 'f32', k.integer('count'), [largest, sum, to], ({ load, store }) => {
      const total = load(sum);
      const value = k.add(load(largest), log(k, total));
      store(k.select(k.compare(total, '==', 0), Number.POSITIVE_INFINITY, value), to);
    });
  },
);
