// Normal numbers from uniform ones by the transform of Box and Muller, to the bits of PyTorch's vectorised CPU kernel.

import { inout, integer, type KernelBuilder, scalar, type Vector } from '@sconce/codegen';
import { checkSizes, regionOf } from '../../operands.ts';
import { executor } from '../../runtime/executor.ts';
import { family } from '../../runtime/family.ts';
import type { Slice } from '../../types.ts';
import { exactFma, type FmaSpec, fmaSpec } from './exact-fma.ts';

type F32 = Vector<'f32'>;

/** `a * b + c` for the polynomials below. */
type Fma = (a: F32, b: F32, c: F32 | number) => F32;

/** Natural logarithm of x in (0, 1]: Cephes' logf by S. Moshier, in the order in which PyTorch evaluates it. */
function log(k: KernelBuilder, fma: Fma, x: F32): F32 {
  const bits = k.reinterpret('i32', k.max(x, 2 ** -126));
  const scaled = k.reinterpret('f32', k.or(k.and(bits, 0x007fffff), 0x3f000000));
  const small = k.compare(scaled, '<', Math.fround(Math.SQRT1_2));
  const whole = k.convert('f32', k.sub(k.shr(bits, 23), 126));
  const exponent = k.select(small, k.sub(whole, 1), whole);
  const less = k.sub(scaled, 1);
  const m = k.select(small, k.add(less, scaled), less);
  const z = k.mul(m, m);
  let y: F32 = k.constant('f32', 7.0376836292e-2);
  for (const coefficient of [
    -1.151461031e-1, 1.167699874e-1, -1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1, 2.0000714765e-1,
    -2.4999993993e-1, 3.3333331174e-1,
  ]) {
    y = fma(y, m, coefficient);
  }
  y = fma(k.mul(y, m), z, k.mul(exponent, -2.1219444e-4));
  y = k.sub(y, k.mul(z, 0.5));
  return fma(exponent, k.constant('f32', 0.693359375), k.add(m, y));
}

/** Sine and cosine of x >= 0: Cephes' sinf and cosf. */
function sinCos(k: KernelBuilder, fma: Fma, angle: F32): [sin: F32, cos: F32] {
  const octant = k.and(k.add(k.convert('i32', k.mul(angle, 4 / Math.PI)), 1), ~1);
  const turns = k.convert('f32', octant);
  let x = fma(turns, k.constant('f32', -0.78515625), angle);
  x = fma(turns, k.constant('f32', -2.4187564849853516e-4), x);
  x = fma(turns, k.constant('f32', -3.774894977445941e-8), x);
  const z = k.mul(x, x);
  let c = fma(k.constant('f32', 2.443315711809948e-5), z, -1.388731625493765e-3);
  c = fma(c, z, 4.166664568298827e-2);
  c = k.add(fma(k.mul(c, z), z, k.mul(z, -0.5)), 1);
  let s = fma(k.constant('f32', -1.9515295891e-4), z, 8.3321608736e-3);
  s = fma(s, z, -1.6666654611e-1);
  s = fma(k.mul(s, z), x, x);
  const swap = k.compare(k.and(octant, 2), '!=', 0);
  // Bit 2 of the octant moves to the sign.
  const sinSign = k.shl(k.and(octant, 4), 29);
  const cosSign = k.shl(k.and(k.xor(k.sub(octant, 2), 4), 4), 29);
  const signed = (value: F32, sign: Vector<'i32'>): F32 => k.xor(value, k.reinterpret('f32', sign));
  return [signed(k.select(swap, c, s), sinSign), signed(k.select(swap, s, c), cosSign)];
}

const normalKernel = family(
  'random-normal',
  { y: inout('f32'), mean: scalar('f32'), std: scalar('f32'), blocks: integer() },
  (k, spec: FmaSpec) => {
    const y = k.pointer('y');
    const [mean, std, blocks] = [k.scalar('mean'), k.scalar('std'), k.integer('blocks')];
    const fma: Fma = (a, b, c) => exactFma(k, spec, a, b, typeof c === 'number' ? k.constant('f32', c) : c);
    const transform = (first: F32, second: F32): [F32, F32] => {
      const radius = k.sqrt(k.mul(log(k, fma, k.sub(1, first)), -2));
      const [sin, cos] = sinCos(k, fma, k.mul(second, 2 * Math.PI));
      return [fma(k.mul(radius, cos), std, mean), fma(k.mul(radius, sin), std, mean)];
    };
    const lanes = k.lanes('f32');
    if (lanes <= 8) {
      k.loop(blocks, () => {
        for (let at = 0; at < 8; at += lanes) {
          const [first, second] = transform(k.load(y, at), k.load(y, at + 8));
          k.store(first, y, at);
          k.store(second, y, at + 8);
        }
        k.advance(y, 16);
      });
      return;
    }
    // A vector holds a whole block, so two of them exchange halves.
    k.loop(k.shr(blocks, 1), () => {
      const [a, b] = [k.load(y), k.load(y, 16)];
      const [first, second] = transform(k.shuffle('low', a, b, 8), k.shuffle('high', a, b, 8));
      k.store(k.shuffle('low', first, second, 8), y);
      k.store(k.shuffle('high', first, second, 8), y, 16);
      k.advance(y, 32);
    });
    k.when(k.and(blocks, 1), '>', 0, () => {
      const a = k.load(y);
      const [first, second] = transform(k.shuffle('low', a, a, 8), k.shuffle('high', a, a, 8));
      k.store(k.shuffle('low', first, second, 8), y);
    });
  },
);

/** What {@link randomNormal} takes. */
export interface RandomNormalParameters {
  /** 16 float32 for each block. */
  readonly y: Slice;
  readonly blocks: number;
  readonly mean: number;
  readonly std: number;
}

/**
 * Turns uniform float32 numbers in [0, 1) into normal ones, in place, in blocks of 16: a pair is made of an element of the
 * block's first half and the one eight places on.
 *
 * @throws EngineError when a size is invalid or a slice too small.
 */
export function randomNormal(p: RandomNormalParameters): void {
  const { blocks, mean, std } = p;
  checkSizes('randomNormal', { blocks });
  const y = regionOf('randomNormal', 'y', p.y, 16 * blocks);
  executor().launch(normalKernel(fmaSpec()), { y, mean, std, blocks });
}
