// Gradients of batch and group normalization: a weight and a bias for each channel, sums over planes of neighbours, then the
// result.

import { input, integer, output, overVectors, type Pointer, scalar, type Vector } from '@sconce/codegen';
import { EngineError } from '../errors.ts';
import { floatLanes } from '../float-type.ts';
import { checkSizes, regionOf } from '../operands.ts';
import { executor } from '../runtime/executor.ts';
import { nothing, part, type Region, wholeOf } from '../runtime/region.ts';
import { forkRanges, LINE_ELEMENTS, passTime } from '../threads/split.ts';
import type { BatchNormBackwardParameters, GroupNormBackwardParameters } from '../types.ts';
import { floatFamily } from './float-family.ts';
import { foldBlocks, overColumns, sumFold, sumTerms } from './fold.ts';
import { reduce } from './reduce.ts';

type F32 = Vector<'f32'>;

interface Wanted {
  readonly weight: boolean;
  readonly dx: boolean;
  readonly dweight: boolean;
  readonly dbias: boolean;
}

interface BatchNormBackwardSpec extends Wanted {
  /** Along planes of neighbours, or across images of single elements. */
  readonly along: 'planes' | 'columns';
  readonly fixed: boolean;
}

const batchNormBackwardKernel = floatFamily(
  'batch-norm-backward',
  (type) => ({
    dy: input(type),
    x: input(type),
    weight: input(type),
    mean: input(type),
    rstd: input(type),
    dx: output(type),
    dweight: output(type),
    dbias: output(type),
    batch: integer(),
    channels: integer(),
    inner: integer(),
    step: integer(),
    count: scalar(type),
  }),
  (k, spec: BatchNormBackwardSpec, type) => {
    const [dy, x, dx] = [k.pointer('dy'), k.pointer('x'), k.pointer('dx')];
    const [weight, mean, rstd] = [k.pointer('weight'), k.pointer('mean'), k.pointer('rstd')];
    const [dweight, dbias] = [k.pointer('dweight'), k.pointer('dbias')];
    const [batch, channels, inner] = [k.integer('batch'), k.integer('channels'), k.integer('inner')];
    const [step, count] = [k.integer('step'), k.scalar('count')];
    const needsSums = spec.dweight || spec.dbias || (spec.dx && !spec.fixed);
    /** The gradient of an element, of its channel's sums. */
    const resultOf = (
      [sum, product]: readonly F32[],
      factor: F32 | undefined,
      scale: F32,
    ): ((grad: F32, normal: F32) => F32) => {
      const slope = factor ? k.mul(factor, scale) : scale;
      if (spec.fixed) return (grad) => k.mul(grad, slope);
      const [shift, along] = [k.div(sum!, count), k.div(product!, count)];
      return (grad, normal) => k.mul(k.fnma(normal, along, k.sub(grad, shift)), slope);
    };

    if (spec.along === 'columns') {
      const pointers = [dy, x, dx, weight, mean, rstd, dweight, dbias];
      overColumns(k, channels, pointers, ({ vectors, load, store }) => {
        const [centers, scales] = [load(mean), load(rstd)];
        const normal = (value: F32, i: number): F32 => k.mul(k.sub(value, centers[i]!), scales[i]!);
        const totals = Array.from({ length: 2 * vectors }, () => k.zero(type));
        if (needsSums) {
          const [from, of] = [k.variable(dy), k.variable(x)];
          foldBlocks(k, sumFold, batch, totals, () => {
            const grads = load(from);
            const products = load(of).map((value, i) => k.mul(grads[i]!, normal(value, i)));
            k.advance(from, step);
            k.advance(of, step);
            return [...grads, ...products];
          });
        }
        if (spec.dbias) store(totals.slice(0, vectors), dbias);
        if (spec.dweight) store(totals.slice(vectors), dweight);
        if (!spec.dx) return;
        const factors = spec.weight ? load(weight) : undefined;
        const results = scales.map((scale, i) =>
          resultOf([totals[i]!, totals[vectors + i]!], factors?.[i], scale),
        );
        const [from, of, to] = [k.variable(dy), k.variable(x), k.variable(dx)];
        k.loop(batch, () => {
          const grads = load(from);
          store(
            load(of).map((value, i) => results[i]!(grads[i]!, normal(value, i))),
            to,
          );
          for (const pointer of [from, of, to]) k.advance(pointer, step);
        });
      });
      return;
    }

    k.loop(channels, () => {
      const [center, scale] = [k.broadcast(mean), k.broadcast(rstd)];
      const normal = (value: F32): F32 => k.mul(k.sub(value, center), scale);
      const totals = [k.zero(type), k.zero(type)];
      if (needsSums) {
        const [images, others] = [k.variable(dy), k.variable(x)];
        k.loop(batch, () => {
          const [from, of] = [k.variable(images), k.variable(others)];
          const found = sumTerms(
            k,
            [from, of],
            inner,
            (load) => {
              const grad = load(from);
              return [grad, k.mul(grad, normal(load(of)))];
            },
            2,
          );
          for (const [i, sum] of found.entries()) k.assign(totals[i]!, k.add(totals[i]!, sum));
          k.advance(images, step);
          k.advance(others, step);
        });
      }
      if (spec.dbias) k.storeFirst(totals[0]!, dbias);
      if (spec.dweight) k.storeFirst(totals[1]!, dweight);
      if (spec.dx) {
        const result = resultOf(totals, spec.weight ? k.broadcast(weight) : undefined, scale);
        const [grads, others, results] = [k.variable(dy), k.variable(x), k.variable(dx)];
        k.loop(batch, () => {
          const [from, of, to] = [k.variable(grads), k.variable(others), k.variable(results)];
          overVectors(k, type, inner, [from, of, to], (at) => {
            at.store(result(at.load(from), normal(at.load(of))), to);
          });
          for (const pointer of [grads, others, results]) k.advance(pointer, step);
        });
      }
      for (const pointer of [dy, x, dx]) k.advance(pointer, inner);
      for (const pointer of [weight, mean, rstd, dweight, dbias]) k.advance(pointer, 1);
    });
  },
);

/**
 * Gradients of {@link batchNormTraining} from the gradient `dy` of its result, its input, and the means and one over the standard
 * deviations of its channels. Which of the three are wanted is said by the slices `dx`, `dweight` and `dbias`; `dx` may be
 * `dy` or `x`.
 *
 * @throws EngineError when a size is invalid or a slice too small.
 */
export function batchNormBackward(p: BatchNormBackwardParameters): void {
  const { batch, channels, inner } = p;
  checkSizes('batchNormBackward', { batch, channels, inner });
  const { dy, x, mean, rstd, weight, dx, dweight, dbias, wanted, type, bytes } = operandsOf(
    'batchNormBackward',
    p,
    channels,
  );
  const current = executor();
  const along = inner === 1 ? 'columns' : 'planes';
  const kernel = batchNormBackwardKernel[type]({ ...wanted, along, fixed: p.fixed ?? false });
  const time = passTime((5 * batch * channels * inner * bytes) / 4);
  forkRanges(
    channels,
    time,
    (first, own) => {
      const elements = Math.max(0, (batch - 1) * channels + own) * inner;
      const images = (region: Region): Region => some(region, first * inner, elements, bytes);
      const each = (region: Region): Region => some(region, first, own, bytes);
      current.launch(kernel, {
        ...{ dy: images(dy), x: images(x), dx: images(dx) },
        ...{ weight: each(weight), mean: each(mean), rstd: each(rstd) },
        ...{ dweight: each(dweight), dbias: each(dbias) },
        ...{ batch, channels: own, inner, step: channels * inner, count: batch * inner },
      });
    },
    inner === 1 ? LINE_ELEMENTS : 1,
  );
}

/** A part of an operand that may not be there. */
function some(region: Region, first: number, elements: number, bytes: number): Region {
  return region === nothing ? nothing : part(region, first, elements, bytes);
}

/** The operands that both normalizations have, with `statistics` means and deviations. */
function operandsOf(name: string, p: Omit<BatchNormBackwardParameters, 'fixed'>, statistics: number) {
  const { type, bytes } = floatLanes(name, p.dtype);
  const count = p.batch * p.channels * p.inner;
  const optional = (operand: 'weight' | 'dx' | 'dweight' | 'dbias', elements: number): Region => {
    const slice = p[operand];
    return slice === undefined ? nothing : regionOf(name, operand, slice, elements, bytes);
  };
  const wanted: Wanted = {
    weight: p.weight !== undefined,
    dx: p.dx !== undefined,
    dweight: p.dweight !== undefined,
    dbias: p.dbias !== undefined,
  };
  return {
    type,
    bytes,
    wanted,
    dy: regionOf(name, 'dy', p.dy, count, bytes),
    x: regionOf(name, 'x', p.x, count, bytes),
    mean: regionOf(name, 'mean', p.mean, statistics, bytes),
    rstd: regionOf(name, 'rstd', p.rstd, statistics, bytes),
    weight: optional('weight', p.channels),
    dx: optional('dx', count),
    dweight: optional('dweight', p.channels),
    dbias: optional('dbias', p.channels),
  };
}

/** Groups one after the other; `products` and `sums` hold each channel's of each image. */
const groupNormBackwardKernel = floatFamily(
  'group-norm-backward',
  (type) => ({
    dy: input(type),
    x: input(type),
    weight: input(type),
    mean: input(type),
    rstd: input(type),
    dx: output(type),
    products: output(type),
    sums: output(type),
    batch: integer(),
    groups: integer(),
    channels: integer(),
    inner: integer(),
    count: scalar(type),
  }),
  (k, spec: Wanted, type) => {
    const [dy, x, dx] = [k.pointer('dy'), k.pointer('x'), k.pointer('dx')];
    const [mean, rstd] = [k.pointer('mean'), k.pointer('rstd')];
    const [products, sums] = [k.pointer('products'), k.pointer('sums')];
    const [groups, channels, inner] = [k.integer('groups'), k.integer('channels'), k.integer('inner')];
    const count = k.scalar('count');
    const tail = k.and(inner, k.lanes(type) - 1);
    const factorOf = (weight: Pointer<'f32'>): F32 | undefined =>
      spec.weight ? k.broadcast(weight) : undefined;

    k.loop(k.integer('batch'), () => {
      const weight = k.pointer('weight');
      k.loop(groups, () => {
        const [center, scale] = [k.broadcast(mean), k.broadcast(rstd)];
        const normal = (value: F32): F32 => k.mul(k.sub(value, center), scale);
        const totals = [k.zero(type), k.zero(type)];
        const [from, of, factors] = [k.variable(dy), k.variable(x), k.variable(weight)];
        k.loop(channels, () => {
          const found = sumTerms(
            k,
            [from, of],
            inner,
            (load) => {
              const grad = load(from);
              return [grad, k.mul(grad, normal(load(of)))];
            },
            2,
          );
          k.storeFirst(found[0]!, sums);
          k.storeFirst(found[1]!, products);
          k.advance(sums, 1);
          k.advance(products, 1);
          const factor = factorOf(factors);
          for (const [i, sum] of found.entries()) {
            k.assign(totals[i]!, factor ? k.fma(sum, factor, totals[i]!) : k.add(totals[i]!, sum));
          }
          k.advance(factors, 1);
        });
        if (spec.dx) {
          const [shift, along] = totals.map((sum) => k.div(k.mul(sum, scale), count));
          k.loop(channels, () => {
            const factor = factorOf(weight);
            const slope = factor ? k.mul(factor, scale) : scale;
            overVectors(k, type, inner, [dy, x, dx], (at) => {
              const grad = k.sub(k.mul(at.load(dy), slope), shift!);
              at.store(k.fnma(normal(at.load(x)), along!, grad), dx);
            });
            for (const pointer of [dy, x, dx]) k.advance(pointer, tail);
            k.advance(weight, 1);
          });
        } else {
          const size = k.mul(channels, inner);
          for (const pointer of [dy, x]) k.advance(pointer, size);
          k.advance(weight, channels);
        }
        for (const pointer of [mean, rstd]) k.advance(pointer, 1);
      });
    });
  },
);

/**
 * Gradients of {@link groupNorm} from the gradient `dy` of its result, its input, and the mean and rstd that it gave out, both
 * `[batch, groups]`. Which of the three are wanted is said by the slices `dx`, `dweight` and `dbias`; `dx` may be `dy` or `x`.
 *
 * @throws EngineError when a size is invalid, the groups do not divide the channels, or a slice is too small.
 */
export function groupNormBackward(p: GroupNormBackwardParameters): void {
  const { batch, channels, inner, groups, dtype = 'float32' } = p;
  checkSizes('groupNormBackward', { batch, channels, inner });
  checkSizes('groupNormBackward', { groups }, 1);
  if (channels % groups !== 0) {
    throw new EngineError(
      'groupNormBackward',
      'groups do not divide channels',
      `a divisor of ${channels}`,
      groups,
    );
  }
  const { dy, x, mean, rstd, weight, dx, wanted, type, bytes } = operandsOf(
    'groupNormBackward',
    p,
    batch * groups,
  );
  const own = channels / groups;
  const current = executor();
  const kernel = groupNormBackwardKernel[type](wanted);
  const storage = current.borrow(Math.max(1, 2 * batch * channels) * bytes);
  try {
    const sums = part(wholeOf(storage), 0, batch * channels, bytes);
    const products = part(wholeOf(storage), batch * channels, batch * channels, bytes);
    /** Some images, and some of their groups. */
    const launch = (image: number, images: number, group: number, count: number): void => {
      const row = image * groups + group;
      const plane = own * inner;
      const elements = (region: Region): Region => some(region, row * plane, images * count * plane, bytes);
      const channel = (region: Region): Region => some(region, row * own, images * count * own, bytes);
      const statistic = (region: Region): Region => some(region, row, images * count, bytes);
      current.launch(kernel, {
        ...{ dy: elements(dy), x: elements(x), dx: elements(dx) },
        ...{
          mean: statistic(mean),
          rstd: statistic(rstd),
          weight: some(weight, group * own, count * own, bytes),
        },
        ...{ products: channel(products), sums: channel(sums) },
        ...{ batch: images, groups: count, channels: own, inner, count: own * inner },
      });
    };
    const time = passTime((5 * batch * channels * inner * bytes) / 4);
    if (groups === 1 || batch >= 2 * current.threads) {
      forkRanges(batch, time, (first, count) => launch(first, count, 0, groups));
    } else {
      for (let image = 0; image < batch; image++) {
        forkRanges(groups, time / batch, (first, count) => launch(image, 1, first, count));
      }
    }
    for (const [offset, slice] of [
      [0, p.dbias],
      [batch * channels, p.dweight],
    ] as const) {
      if (slice === undefined) continue;
      const partial = { storage, offset, dtype };
      reduce({ op: 'sum', x: partial, y: { ...slice, dtype }, outer: 1, size: batch, inner: channels });
    }
  } finally {
    current.release(storage);
  }
}
