// Mean and variance of each channel over all images: what batch normalization learns from a batch.

import { input, integer, output, scalar, type Vector } from '@sconce/codegen';
import type { Region } from '../runtime/family.ts';
import { type FloatFamily, floatFamily } from './float-family.ts';
import { foldBlocks, foldRow, overColumns, sumFold } from './fold.ts';

type F32 = Vector<'f32'>;

/** What the moments are recorded for. */
export interface MomentsSpec {
  /** Along planes of neighbours, or across images of single elements. */
  readonly along: 'planes' | 'columns';
}

/** Arguments of {@link channelMomentsKernel}. */
export type MomentsArguments = Readonly<Record<'x' | 'mean' | 'variance', Region>> &
  Readonly<Record<'batch' | 'channels' | 'inner' | 'step' | 'count', number>>;

/**
 * `mean[channels]` and `variance[channels]` of `x[batch, channels, inner]` in two passes; `inner` is 1 across columns. Images
 * are `step` elements apart. `count` is the elements of a channel.
 */
export const channelMomentsKernel: FloatFamily<MomentsSpec, MomentsArguments> = floatFamily(
  'channel-moments',
  (type) => ({
    x: input(type),
    mean: output(type),
    variance: output(type),
    batch: integer(),
    channels: integer(),
    inner: integer(),
    step: integer(),
    count: scalar(type),
  }),
  (k, spec: MomentsSpec, type) => {
    const [x, mean, variance] = [k.pointer('x'), k.pointer('mean'), k.pointer('variance')];
    const [batch, channels, inner] = [k.integer('batch'), k.integer('channels'), k.integer('inner')];
    const [step, count] = [k.integer('step'), k.scalar('count')];
    const square = (value: F32, center: F32): F32 => {
      const difference = k.sub(value, center);
      return k.mul(difference, difference);
    };

    if (spec.along === 'columns') {
      overColumns(k, channels, [x, mean, variance], ({ vectors, load, store }) => {
        const total = (map: (value: F32, i: number) => F32): F32[] => {
          const at = k.variable(x);
          const totals = Array.from({ length: vectors }, () => k.zero(type));
          foldBlocks(k, sumFold, batch, totals, () => {
            const values = load(at).map(map);
            k.advance(at, step);
            return values;
          });
          return totals.map((sum) => k.div(sum, count));
        };
        const centers = total((value) => value);
        store(centers, mean);
        store(
          total((value, i) => square(value, centers[i]!)),
          variance,
        );
      });
      return;
    }

    k.loop(channels, () => {
      const total = (map: (value: F32) => F32, fill: F32 | number): F32 => {
        const sum = k.zero(type);
        const image = k.variable(x);
        k.loop(batch, () => {
          k.assign(sum, k.add(sum, foldRow(k, sumFold, k.variable(image), inner, map, fill)));
          k.advance(image, step);
        });
        return k.div(sum, count);
      };
      const center = total((value) => value, 0);
      k.storeFirst(center, mean);
      k.storeFirst(
        total((value) => square(value, center), center),
        variance,
      );
      k.advance(mean, 1);
      k.advance(variance, 1);
      k.advance(x, inner);
    });
  },
);
