// The parts of attention's gradient between its products: weights and the gradients of scores, both transposed as in the forward, a
// row for each key and a lane for each query.

import { exp, inout, input, integer, output, scalar, type Vector } from '@sconce/codegen';
import { type Family, family, type Region } from '../runtime/family.ts';
import { scoreReader } from './attention-softmax.ts';
import { sumTerms } from './fold.ts';

type F32 = Vector<'f32'>;

/** What the gradient of a block of scores is recorded for. */
export interface BlockGradientSpec {
  /** Vectors across a panel of queries. */
  readonly vectors: number;
  readonly mask: boolean;
  readonly keep: boolean;
  readonly causal: boolean;
}

/** Arguments of {@link blockGradient}. */
export type BlockGradientArguments = Readonly<
  Record<'scores' | 'grads' | 'mask' | 'keep' | 'logSums' | 'along', Region>
> &
  Readonly<
    Record<
      | 'keys'
      | 'queries'
      | 'panels'
      | 'width'
      | 'offset'
      | 'maskQuery'
      | 'maskKey'
      | 'keepQuery'
      | 'keepKey'
      | 'keepScale',
      number
    >
  >;

/**
 * Turns `scores[keys, width]` into weights (after dropout) and `grads[keys, width]`, the gradients of weights after dropout, into
 * gradients of scores, both in place. `logSums` and `along`, the sum of a query's weights times their gradients, have a number for
 * each query. Masks lie as in the forward.
 */
export const blockGradient: Family<BlockGradientSpec, BlockGradientArguments> = family(
  'attention-gradient',
  {
    scores: inout('f32'),
    grads: inout('f32'),
    mask: input('f32'),
    keep: input('f32'),
    logSums: input('f32'),
    along: input('f32'),
    keys: integer(),
    queries: integer(),
    panels: integer(),
    width: integer(),
    offset: integer(),
    maskQuery: integer(),
    maskKey: integer(),
    keepQuery: integer(),
    keepKey: integer(),
    keepScale: scalar('f32'),
  },
  (k, spec: BlockGradientSpec) => {
    const lanes = k.lanes('f32');
    const each = [...Array(spec.vectors).keys()];
    const columns = spec.vectors * lanes;
    const [scores, grads] = [k.pointer('scores'), k.pointer('grads')];
    const [logSums, along] = [k.pointer('logSums'), k.pointer('along')];
    const [width, keys, keepScale] = [k.integer('width'), k.integer('keys'), k.scalar('keepScale')];
    const [left, offset] = [k.variable(k.integer('queries')), k.variable(k.integer('offset'))];
    const masks = { from: k.pointer('mask'), perQuery: k.integer('maskQuery'), perKey: k.integer('maskKey') };
    const keeps = { from: k.pointer('keep'), perQuery: k.integer('keepQuery'), perKey: k.integer('keepKey') };
    const mask = spec.mask ? scoreReader(k, masks, spec.vectors) : undefined;
    const keep = spec.keep ? scoreReader(k, keeps, spec.vectors) : undefined;

    k.loop(k.integer('panels'), () => {
      const counts = each.map((v) => k.max(k.sub(left, v * lanes), 0));
      const perQuery = (from: typeof along): F32[] =>
        each.map((v) => k.variable(k.loadPartial(from, v * lanes, counts[v]!)));
      const [logs, sums] = [perQuery(logSums), perQuery(along)];
      // The column number less the row number, and the offset: negative where a key comes after its query.
      const ahead = each.map((v) =>
        k.add(
          k.constant('i32', (lane) => v * lanes + lane),
          k.splat(offset),
        ),
      );
      const [added, kept] = [mask?.begin(left), keep?.begin(left)];
      const [at, of] = [k.variable(scores), k.variable(grads)];
      k.loop(keys, () => {
        const [offsets, factors] = [added?.(), kept?.()];
        for (const v of each) {
          const score = k.load(at, v * lanes);
          let weight = exp(k, k.sub(offsets ? k.add(score, offsets[v]!) : score, logs[v]!));
          if (spec.causal) {
            weight = k.select(k.compare(ahead[v]!, '<', 0), 0, weight);
            k.assign(ahead[v]!, k.sub(ahead[v]!, 1));
          }
          const factor = factors && k.mul(factors[v]!, keepScale);
          const given = k.load(of, v * lanes);
          const grad = factor ? k.mul(given, factor) : given;
          k.store(factor ? k.mul(weight, factor) : weight, at, v * lanes);
          k.store(k.mul(weight, k.sub(grad, sums[v]!)), of, v * lanes);
        }
        k.advance(at, width);
        k.advance(of, width);
      });
      for (const pointer of [scores, grads, logSums, along]) k.advance(pointer, columns);
      k.increment(left, -columns);
      k.increment(offset, columns);
      mask?.advance();
      keep?.advance();
    });
  },
);

/** Arguments of {@link rowProducts}. */
export type RowProductsArguments = Readonly<Record<'a' | 'b' | 'to', Region>> &
  Readonly<Record<'rows' | 'size' | 'aStride' | 'bStride', number>>;

/** The dot product of each of `rows` rows of `a` with that of `b`. */
export const rowProducts: Family<object, RowProductsArguments> = family(
  'attention-row-products',
  {
    a: input('f32'),
    b: input('f32'),
    to: output('f32'),
    rows: integer(),
    size: integer(),
    aStride: integer(),
    bStride: integer(),
  },
  (k, _spec: object) => {
    const [a, b, to] = [k.pointer('a'), k.pointer('b'), k.pointer('to')];
    const size = k.integer('size');
    k.loop(k.integer('rows'), () => {
      const [left, right] = [k.variable(a), k.variable(b)];
      const [sum] = sumTerms(k, [left, right], size, (load) => [k.mul(load(left), load(right))], 1);
      k.storeFirst(sum!, to);
      k.advance(a, k.integer('aStride'));
      k.advance(b, k.integer('bStride'));
      k.advance(to, 1);
    });
  },
);
