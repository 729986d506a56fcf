/**
 * The error function, its relatives and their inverses. Methods and coefficients: Cephes Math Library, `ndtr.c`, `ndtri.c`
 * (Stephen L. Moshier).
 */
import { monic, polynomial } from './evaluate.ts';

const erfAbove: readonly number[] = [
  9.604973739870516, 90.02601972038427, 2232.005345946843, 7003.325141128051, 55592.30130103949,
];
const erfBelow: readonly number[] = [
  33.56171416475031, 521.3579497801527, 4594.323829709801, 22629.000061389095, 49267.39426086359,
];
const erfcAbove: readonly number[] = [
  2.461969814735305e-10, 0.5641895648310689, 7.463210564422699, 48.63719709856814, 196.5208329560771,
  526.4451949954773, 934.5285271719576, 1027.5518868951572, 557.5353353693994,
];
const erfcBelow: readonly number[] = [
  13.228195115474499, 86.70721408859897, 354.9377788878199, 975.7085017432055, 1823.9091668790973,
  2246.3376081871097, 1656.6630919416134, 557.5353408177277,
];
const farAbove: readonly number[] = [
  0.5641895835477551, 1.275366707599781, 5.019050422511805, 6.160210979930536, 7.4097426995044895,
  2.9788666537210022,
];
const farBelow: readonly number[] = [
  2.2605286322011726, 9.396035249380015, 12.048953980809666, 17.08144507475659, 9.608968090632859,
  3.369076451000815,
];
const middleAbove: readonly number[] = [
  -59.96335010141079, 98.00107541859997, -56.67628574690703, 13.931260938727968, -1.2391658386738125,
];
const middleBelow: readonly number[] = [
  1.9544885833814176, 4.676279128988815, 86.36024213908905, -225.46268785411937, 200.26021238006066,
  -82.03722561683334, 15.90562251262117, -1.1833162112133,
];
const tailAbove: readonly number[] = [
  4.0554489230596245, 31.525109459989388, 57.16281922464213, 44.08050738932008, 14.684956192885803,
  2.1866330685079025, -0.1402560791713545, -0.03504246268278482, -0.0008574567851546854,
];
const tailBelow: readonly number[] = [
  15.779988325646675, 45.39076351288792, 41.3172038254672, 15.04253856929075, 2.504649462083094,
  -0.14218292285478779, -0.03808064076915783, -0.0009332594808954574,
];
const endAbove: readonly number[] = [
  3.2377489177694603, 6.915228890689842, 3.9388102529247444, 1.3330346081580755, 0.20148538954917908,
  0.012371663481782003, 0.00030158155350823543, 2.6580697468673755e-6, 6.239745391849833e-9,
];
const endBelow: readonly number[] = [
  6.02427039364742, 3.6798356385616087, 1.3770209948908132, 0.21623699359449663, 0.013420400608854318,
  0.00032801446468212774, 2.8924786474538068e-6, 6.790194080099813e-9,
];

/** exp(x²) erfc(x) from 1 on. */
function scaledTail(x: number): number {
  if (x < 8) return polynomial(x, erfcAbove) / monic(x, erfcBelow);
  if (x > 1e8) return 1 / (Math.sqrt(Math.PI) * x);
  return polynomial(x, farAbove) / monic(x, farBelow);
}

/** exp(-x²), exact to the last places for large x too: x² is split into a part without rounding and a small rest. */
function gaussian(x: number): number {
  const high = Math.round(x * 128) / 128;
  const low = x - high;
  return Math.exp(-high * high) * Math.exp(-2 * high * low - low * low);
}

/** The error function. */
export function erf(x: number): number {
  const size = Math.abs(x);
  if (size > 1) return Math.sign(x) * (1 - erfc(size));
  const z = x * x;
  return (x * polynomial(z, erfAbove)) / monic(z, erfBelow);
}

/** 1 - erf(x). */
export function erfc(x: number): number {
  if (Math.abs(x) < 1) return 1 - erf(x);
  if (x < 0) return 2 - erfc(-x);
  if (x > 27.3) return 0;
  return gaussian(x) * scaledTail(x);
}

/** exp(x²) erfc(x). */
export function erfcx(x: number): number {
  if (x >= 1) return scaledTail(x);
  if (x > -1) return Math.exp(x * x) * erfc(x);
  // Twice exp(x²) without rounding x².
  return x < -26.7 ? Number.POSITIVE_INFINITY : 2 / gaussian(x) - erfcx(-x);
}

/** The quantile of the standard normal distribution. NaN outside of 0..1. */
export function ndtri(p: number): number {
  if (p === 0) return Number.NEGATIVE_INFINITY;
  if (p === 1) return Number.POSITIVE_INFINITY;
  if (!(p > 0 && p < 1)) return Number.NaN;
  // exp(-2)
  const edge = 0.1353352832366127;
  const upper = p > 1 - edge;
  const tail = upper ? 1 - p : p;
  if (tail > edge) {
    const y = tail - 0.5;
    const z = y * y;
    return (y + (y * z * polynomial(z, middleAbove)) / monic(z, middleBelow)) * Math.sqrt(2 * Math.PI);
  }
  const x = tailQuantile(Math.sqrt(-2 * Math.log(tail)));
  return upper ? x : -x;
}

/** The quantile, without sign, of the tail exp(-x² / 2). */
function tailQuantile(x: number): number {
  const z = 1 / x;
  const ratio =
    x < 8 ? polynomial(z, tailAbove) / monic(z, tailBelow) : polynomial(z, endAbove) / monic(z, endBelow);
  return x - Math.log(x) / x - z * ratio;
}

/** The inverse of erf. NaN outside of -1..1. */
export function erfinv(y: number): number {
  const size = Math.abs(y);
  if (size >= 1 || size === 0) return size === 1 ? y * Number.POSITIVE_INFINITY : size === 0 ? y : Number.NaN;
  if (Number.isNaN(y)) return y;
  // erfc(x) = 1 - y is twice the tail of the normal distribution beyond sqrt(2) x; below, the linear term is exact.
  let x = size < 1e-8 ? (size * Math.sqrt(Math.PI)) / 2 : -ndtri((1 - size) / 2) / Math.SQRT2;
  // Newton's method, on whichever of both functions is small.
  for (let step = 0; step < 2; step++) {
    const excess = size < 0.5 ? erf(x) - size : 1 - size - erfc(x);
    x -= (excess * Math.sqrt(Math.PI)) / (2 * gaussian(x));
  }
  return y < 0 ? -x : x;
}

/** Logarithm of the standard normal distribution function. */
export function logNdtr(x: number): number {
  const t = x * Math.SQRT1_2;
  return x < -1 ? Math.log(erfcx(-t) / 2) - t * t : Math.log1p(-erfc(t) / 2);
}
