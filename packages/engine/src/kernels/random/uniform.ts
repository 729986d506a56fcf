// Uniform numbers from random words.

import { input, integer, output, overVectors, scalar } from '@sconce/codegen';
import { floatLanes } from '../../float-type.ts';
import { checkSizes, regionOf } from '../../operands.ts';
import { executor } from '../../runtime/executor.ts';
import { family } from '../../runtime/family.ts';
import type { Slice } from '../../types.ts';
import { exactFma, type FmaSpec, fmaSpec } from './exact-fma.ts';

const singleKernel = family(
  'random-uniform',
  {
    words: input('i32'),
    y: output('f32'),
    low: scalar('f32'),
    width: scalar('f32'),
    high: scalar('f32'),
    count: integer(),
  },
  (k, spec: FmaSpec) => {
    const [words, y] = [k.pointer('words'), k.pointer('y')];
    const [low, width, high] = [k.scalar('low'), k.scalar('width'), k.scalar('high')];
    overVectors(k, 'f32', k.integer('count'), [words, y], (at) => {
      const unit = k.mul(k.convert('f32', k.and(at.load(words), 0xffffff)), 2 ** -24);
      const value = exactFma(k, spec, unit, width, low);
      at.store(k.select(k.compare(value, '==', high), low, value), y);
    });
  },
);

const doubleKernel = family(
  'random-uniform-f64',
  {
    words: input('i64'),
    y: output('f64'),
    low: scalar('f64'),
    width: scalar('f64'),
    high: scalar('f64'),
    count: integer(),
  },
  (k, spec: FmaSpec) => {
    const [words, y] = [k.pointer('words'), k.pointer('y')];
    const [low, width, high] = [k.scalar('low'), k.scalar('width'), k.scalar('high')];
    overVectors(k, 'f64', k.integer('count'), [words, y], (at) => {
      // The first of two words is the upper one.
      const pair = at.load(words);
      const upper = k.shl(k.and(pair, k.constant('i64', 0x1fffff)), 32);
      const whole = k.convert('f64', k.or(upper, k.shrLogical(pair, 32)));
      const value = exactFma(k, spec, k.mul(whole, 2 ** -53), width, low);
      at.store(k.select(k.compare(value, '==', high), low, value), y);
    });
  },
);

/** What {@link randomUniform} takes. */
export interface RandomUniformParameters {
  readonly dtype: 'float32' | 'float64';
  /** A random word of 32 bits for each float32, two for each float64; `offset` counts words and is even for float64. */
  readonly words: Slice;
  readonly y: Slice;
  readonly count: number;
  readonly low: number;
  readonly high: number;
}

/**
 * `low + (high - low) * u` with one rounding, u being the lower 24 (53) bits of a word (two words, the first the upper
 * one) as a fraction; `high` itself becomes `low`. Bounds are rounded to the dtype.
 *
 * @throws EngineError when a size is invalid or a slice too small.
 */
export function randomUniform(p: RandomUniformParameters): void {
  const { count, low, high } = p;
  checkSizes('randomUniform', { count });
  const { bytes } = floatLanes('randomUniform', p.dtype);
  const words = regionOf('randomUniform', 'words', p.words, (count * bytes) / 4);
  const y = regionOf('randomUniform', 'y', p.y, count, bytes);
  if (p.dtype === 'float32') {
    const [from, to] = [Math.fround(low), Math.fround(high)];
    const width = Math.fround(to - from);
    executor().launch(singleKernel(fmaSpec()), { words, y, low: from, width, high: to, count });
  } else {
    executor().launch(doubleKernel(fmaSpec()), { words, y, low, width: high - low, high, count });
  }
}
