// The kernel of layer, RMS and group normalization: statistics of each row in two passes, then the result.

import { input, integer, output, overVectors, type Pointer, scalar, type Vector } from '@sconce/codegen';
import type { Region } from '../runtime/family.ts';
import { type FloatFamily, floatFamily } from './float-family.ts';
import { foldRow, sumFold } from './fold.ts';

type F32 = Vector<'f32'>;

/** What a row normalization is recorded for. */
export interface RowNormSpec {
  /** Whether the mean is subtracted. */
  readonly center: boolean;
  /** Whether weight and bias have a value for each element of a row, or one for each channel. */
  readonly per: 'element' | 'channel';
  readonly weight: boolean;
  readonly bias: boolean;
  readonly mean: boolean;
  readonly rstd: boolean;
}

/** Arguments of {@link rowNormKernel}. */
export type RowNormArguments = Readonly<Record<'x' | 'y' | 'weight' | 'bias' | 'mean' | 'rstd', Region>> &
  Readonly<Record<'batch' | 'groups' | 'channels' | 'inner' | 'count' | 'eps', number>>;

/**
 * `batch * groups` rows of `channels * inner` elements. Weight and bias hold `inner` values for all rows, or `channels` values
 * for each group. `count` is the elements of a row.
 */
export const rowNormKernel: FloatFamily<RowNormSpec, RowNormArguments> = floatFamily(
  'row-norm',
  (type) => ({
    x: input(type),
    y: output(type),
    weight: input(type),
    bias: input(type),
    mean: output(type),
    rstd: output(type),
    batch: integer(),
    groups: integer(),
    channels: integer(),
    inner: integer(),
    count: scalar(type),
    eps: scalar(type),
  }),
  (k, spec: RowNormSpec, type) => {
    const [x, y] = [k.pointer('x'), k.pointer('y')];
    const [mean, rstd] = [k.pointer('mean'), k.pointer('rstd')];
    const [groups, channels, inner] = [k.integer('groups'), k.integer('channels'), k.integer('inner')];
    const [count, eps] = [k.scalar('count'), k.scalar('eps')];
    const size = k.mul(channels, inner);

    const channel = (
      centered: (value: F32) => F32,
      scale: F32,
      weight: Pointer<'f32'>,
      bias: Pointer<'f32'>,
    ): void => {
      const single = spec.per === 'channel';
      const factor = single && spec.weight ? k.mul(scale, k.broadcast(weight)) : scale;
      const shift = single && spec.bias ? k.broadcast(bias) : undefined;
      const [w, b] = [k.variable(weight), k.variable(bias)];
      overVectors(k, type, inner, [x, y, ...(single ? [] : [w, b])], (at) => {
        let value: F32 = k.mul(centered(at.load(x)), factor);
        if (!single && spec.weight) value = k.mul(value, at.load(w));
        if (spec.bias) value = k.add(value, shift ?? at.load(b));
        at.store(value, y);
      });
      // overVectors leaves the tail to its caller.
      const tail = k.and(inner, k.lanes(type) - 1);
      k.advance(x, tail);
      k.advance(y, tail);
    };

    k.loop(k.integer('batch'), () => {
      const [weight, bias] = [k.pointer('weight'), k.pointer('bias')];
      k.loop(groups, () => {
        const center = spec.center ? k.div(foldRow(k, sumFold, k.variable(x), size), count) : undefined;
        const centered = (value: F32): F32 => (center ? k.sub(value, center) : value);
        const square = (value: F32): F32 => {
          const difference = centered(value);
          return k.mul(difference, difference);
        };
        const squares = foldRow(k, sumFold, k.variable(x), size, square, center ?? 0);
        const scale = k.div(1, k.sqrt(k.add(k.div(squares, count), eps)));
        if (spec.mean) {
          k.storeFirst(center!, mean);
          k.advance(mean, 1);
        }
        if (spec.rstd) {
          k.storeFirst(scale, rstd);
          k.advance(rstd, 1);
        }
        k.loop(channels, () => {
          channel(centered, scale, weight, bias);
          if (spec.per === 'channel') {
            k.advance(weight, 1);
            k.advance(bias, 1);
          }
        });
      });
    });
  },
);
