// Ones and zeros from random words.

import { input, integer, output, overVectors, scalar } from '@sconce/codegen';
import { checkSizes, regionOf } from '../../operands.ts';
import { executor } from '../../runtime/executor.ts';
import { family } from '../../runtime/family.ts';
import type { Slice } from '../../types.ts';

/** A pair of words is compared as the number of 53 bits that it is, word by word. */
const bernoulliKernel = family(
  'random-bernoulli',
  {
    words: input('i32'),
    y: output('f32'),
    upper: scalar('i32'),
    lower: scalar('i32'),
    count: integer(),
  },
  (k, _spec: object) => {
    const [words, y] = [k.pointer('words'), k.pointer('y')];
    const [upper, lower] = [k.scalar('upper'), k.scalar('lower')];
    const lanes = k.lanes('f32');
    overVectors(k, 'f32', k.integer('count'), [words, y], (at) => {
      let a = at.load(words);
      let b: typeof a;
      if (at.count === undefined) {
        b = k.load(words, lanes);
        k.advance(words, lanes);
      } else {
        const pairs = k.shl(at.count, 1);
        a = k.loadPartial(words, 0, k.min(pairs, lanes));
        b = k.loadPartial(words, lanes, k.max(k.sub(pairs, lanes), 0));
      }
      const first = k.and(k.shuffle('even', a, b), 0x1fffff);
      const second = k.shuffle('odd', a, b);
      const below = k.or(
        k.compare(first, '<', upper),
        k.and(k.compare(first, '==', upper), k.compareUnsigned(second, '<', lower)),
      );
      at.store(k.select(below, k.constant('f32', 1), k.constant('f32', 0)), y);
    });
  },
);

/** What {@link randomBernoulli} takes. */
export interface RandomBernoulliParameters {
  /** Two random words of 32 bits for each element. */
  readonly words: Slice;
  /** float32 */
  readonly y: Slice;
  readonly count: number;
  /** Probability of a one, in [0, 1]. */
  readonly p: number;
}

/**
 * 1 where the lower 53 bits of two words (the first the upper one), as a fraction, are below `p`, else 0.
 *
 * @throws EngineError when a size is invalid or a slice too small.
 */
export function randomBernoulli(p: RandomBernoulliParameters): void {
  const { count } = p;
  checkSizes('randomBernoulli', { count });
  const words = regionOf('randomBernoulli', 'words', p.words, 2 * count);
  const y = regionOf('randomBernoulli', 'y', p.y, count);
  // A whole number is below the scaled probability where it is below the next whole number.
  const limit = Math.ceil(p.p * 2 ** 53);
  const upper = Math.floor(limit / 2 ** 32);
  executor().launch(bernoulliKernel({}), { words, y, upper, lower: limit % 2 ** 32, count });
}
