/**
 * Normal numbers in blocks of 16, as PyTorch makes them where there are 16 or more: Box-Muller with polynomial log, sin
 * and cos in float32 (the Cephes library's, by S. Moshier, in the form vector units evaluate them), or in double.
 */
import { logarithm } from './exact-logarithm.ts';
import { sinCos } from './exact-trigonometry.ts';
import { fma32, fma64 } from './fused.ts';

const f32 = Math.fround;

const bits = new Int32Array(1);
const single = new Float32Array(bits.buffer);

const LOG = [
  -1.151461031e-1, 1.167699874e-1, -1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1, 2.0000714765e-1,
  -2.4999993993e-1, 3.3333331174e-1,
].map(f32);
const LOG_FIRST = f32(7.0376836292e-2);
const SQRT_HALF = f32(Math.SQRT1_2);
const LN2_LOW = f32(-2.1219444e-4);
const LN2_HIGH = f32(0.693359375);

/** Natural logarithm of x in (0, 1]. */
function log32(x: number): number {
  single[0] = Math.max(x, 2 ** -126);
  let exponent = (bits[0]! >> 23) - 126;
  bits[0] = (bits[0]! & 0x007fffff) | 0x3f000000;
  let m = single[0]!;
  if (m < SQRT_HALF) {
    exponent -= 1;
    m = f32(f32(m - 1) + m);
  } else m = f32(m - 1);
  const z = f32(m * m);
  let y = LOG_FIRST;
  for (const coefficient of LOG) y = fma32(y, m, coefficient);
  y = fma32(f32(y * m), z, f32(exponent * LN2_LOW));
  y = f32(y - f32(z * 0.5));
  return fma32(exponent, LN2_HIGH, f32(m + y));
}

const FOUR_OVER_PI = f32(4 / Math.PI);
const PI_PARTS = [-0.78515625, -2.4187564849853516e-4, -3.774894977445941e-8].map(f32);
const COSINE = [2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2].map(f32);
const SINE = [-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1].map(f32);

/** Sine and cosine of x >= 0, written to `result`. */
function sinCos32(angle: number, result: { sin: number; cos: number }): void {
  const octant = (Math.trunc(f32(angle * FOUR_OVER_PI)) + 1) & ~1;
  let x = angle;
  for (const part of PI_PARTS) x = fma32(octant, part, x);
  const z = f32(x * x);
  let c = COSINE[0]!;
  c = fma32(c, z, COSINE[1]!);
  c = fma32(c, z, COSINE[2]!);
  c = f32(fma32(f32(c * z), z, f32(z * -0.5)) + 1);
  let s = SINE[0]!;
  s = fma32(s, z, SINE[1]!);
  s = fma32(s, z, SINE[2]!);
  s = fma32(f32(s * z), x, x);
  const swap = (octant & 2) !== 0;
  const sine = swap ? c : s;
  const cosine = swap ? s : c;
  result.sin = octant & 4 ? -sine : sine;
  result.cos = (octant - 2) & 4 ? cosine : -cosine;
}

const TWO_PI_32 = f32(2 * Math.PI);
const circle = { sin: 0, cos: 0 };

/** Turns 16 uniform float32 numbers at `at` into normal ones with the given mean and deviation (float32 values). */
export function normalBlock32(
  values: { [index: number]: number },
  at: number,
  mean: number,
  std: number,
): void {
  for (let j = at; j < at + 8; j++) {
    const radius = f32(Math.sqrt(f32(-2 * log32(f32(1 - values[j]!)))));
    sinCos32(f32(TWO_PI_32 * values[j + 8]!), circle);
    values[j] = fma32(f32(radius * circle.cos), std, mean);
    values[j + 8] = fma32(f32(radius * circle.sin), std, mean);
  }
}

/** As {@link normalBlock32} in double precision. */
export function normalBlock64(values: Float64Array, at: number, mean: number, std: number): void {
  for (let j = at; j < at + 8; j++) {
    const radius = Math.sqrt(-2 * logarithm(1 - values[j]!));
    sinCos(2 * Math.PI * values[j + 8]!, circle);
    const [cos, sin] = [radius * circle.cos, radius * circle.sin];
    // A factor of 1 leaves one rounding.
    values[j] = std === 1 ? cos + mean : fma64(cos, std, mean);
    values[j + 8] = std === 1 ? sin + mean : fma64(sin, std, mean);
  }
}
