// The Mersenne twister mt19937, a block of draws at a time.

import { inout, integer, output } from '@sconce/codegen';
import { EngineError } from '../../errors.ts';
import { checkSizes, regionOf } from '../../operands.ts';
import { executor } from '../../runtime/executor.ts';
import { family } from '../../runtime/family.ts';
import type { Slice } from '../../types.ts';

/** Words of the state, and draws that one renewal of it gives. */
const SIZE = 624;
const SHIFT = 397;

/**
 * The recurrence reads words that it wrote 227 places before or earlier, so a vector of them can be made at once. A second
 * copy of the state behind the first makes the ring straight.
 */
const twisterKernel = family(
  'mersenne-twister',
  { state: inout('i32'), words: output('i32'), blocks: integer() },
  (k, _spec: object) => {
    const words = k.pointer('words');
    const lanes = k.lanes('i32');
    k.loop(k.integer('blocks'), () => {
      const state = k.pointer('state');
      k.loop(k.variable(SIZE / lanes), () => {
        const following = k.load(state, 1);
        const mixed = k.or(k.and(k.load(state), -0x80000000), k.and(following, 0x7fffffff));
        // All ones where the last bit is set.
        const odd = k.sub(0, k.and(following, 1));
        const made = k.xor(k.xor(k.load(state, SHIFT), k.shrLogical(mixed, 1)), k.and(odd, 0x9908b0df | 0));
        k.store(made, state);
        k.store(made, state, SIZE);
        let y = k.xor(made, k.shrLogical(made, 11));
        y = k.xor(y, k.and(k.shl(y, 7), 0x9d2c5680 | 0));
        y = k.xor(y, k.and(k.shl(y, 15), 0xefc60000 | 0));
        k.store(k.xor(y, k.shrLogical(y, 18)), words);
        k.advance(state, lanes);
        k.advance(words, lanes);
      });
    });
  },
);

/** What {@link mersenneTwister} takes; all elements are 32-bit words. */
export interface MersenneTwisterParameters {
  /** The 624 words of the state, renewed for every block; 624 words of room behind them. */
  readonly state: Slice;
  /** 624 draws for every block. */
  readonly words: Slice;
  readonly blocks: number;
}

/**
 * Renews the state of mt19937 (Matsumoto and Nishimura, 1998) `blocks` times, and writes all draws that this gives.
 *
 * @throws EngineError when a size is invalid or a slice too small.
 */
export function mersenneTwister(p: MersenneTwisterParameters): void {
  checkSizes('mersenneTwister', { blocks: p.blocks });
  const state = regionOf('mersenneTwister', 'state', p.state, 2 * SIZE);
  const words = regionOf('mersenneTwister', 'words', p.words, SIZE * p.blocks);
  const current = executor();
  if (current.defers) {
    throw new EngineError(
      'mersenneTwister',
      'draws cannot be recorded: the caller goes on from the renewed state',
    );
  }
  current.launch(twisterKernel({}), { state, words, blocks: p.blocks });
}
