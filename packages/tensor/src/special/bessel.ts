/** Bessel functions of orders 0 and 1. Methods and coefficients: Cephes Math Library, `j0.c`, `j1.c` (Stephen L. Moshier). */
import { monic, polynomial } from './evaluate.ts';

/** Modulus and phase of the waves beyond 5, and the quotient below. */
interface Coefficients {
  readonly evenAbove: readonly number[];
  readonly evenBelow: readonly number[];
  readonly oddAbove: readonly number[];
  readonly oddBelow: readonly number[];
  readonly above: readonly number[];
  readonly below: readonly number[];
  readonly secondAbove: readonly number[];
  readonly secondBelow: readonly number[];
}

const order0: Coefficients = {
  evenAbove: [
    0.0007969367292973471, 0.08283523921074408, 1.239533716464143, 5.447250030587687, 8.74716500199817,
    5.303240382353949, 1,
  ],
  evenBelow: [
    0.0009244088105588637, 0.08562884743544745, 1.2535274390105895, 5.470977403304171, 8.761908832370695,
    5.306052882353947, 1,
  ],
  oddAbove: [
    -0.011366383889846916, -1.2825271867050931, -19.553954425773597, -93.20601521237683, -177.68116798048806,
    -147.07750515495118, -51.41053267665993, -6.050143506007285,
  ],
  oddBelow: [
    64.3178256118178, 856.4300259769806, 3882.4018360540163, 7240.467741956525, 5930.727011873169,
    2062.0933166032783, 242.0057402402914,
  ],
  above: [-4794432209.782018, 1956174919465.5657, -249248344360967.72, 9708622510473064],
  below: [
    499.563147152651, 173785.4016763747, 48440965.83399621, 11185553704.535683, 2112775201154.892,
    310518229857422.56, 3.1812195594320496e16, 1.7108629408104315e18,
  ],
  secondAbove: [
    15592.436785523574, -14663929.59039716, 5435264770.518765, -982136065717.9115, 87590639439536.7,
    -3466283033847297, 4.4273326857256984e16, -1.8495080043698668e16,
  ],
  secondBelow: [
    1041.2835366425984, 626107.330137135, 268919633.39381415, 86400248710.3935, 20297961275010.555,
    3171577528429750.5, 2.5059625617265306e17,
  ],
};
const order1: Coefficients = {
  evenAbove: [
    0.0007621256162081731, 0.07313970569409176, 1.1271960812968493, 5.112079511468076, 8.424045901417724,
    5.214515986823615, 1,
  ],
  evenBelow: [
    0.0005713231280725487, 0.06884559087544954, 1.105142326340617, 5.073863861286015, 8.399855543276042,
    5.209828486823619, 1,
  ],
  oddAbove: [
    0.05108625947501766, 4.982138729512334, 75.82382841325453, 366.7796093601508, 710.8563049989261,
    597.4896124006136, 211.68875710057213, 25.207020585802372,
  ],
  oddBelow: [
    74.23732770356752, 1056.4488603826283, 4986.410583376536, 9562.318924047562, 7997.041604473507,
    2826.1927851763908, 336.0936078106983,
  ],
  above: [-899971225.7055594, 452228297998.19403, -72749424522181.83, 3682957328638529],
  below: [
    620.8364781180543, 256987.25675774884, 83514679.14319493, 22151159547.97925, 4749141220799.914,
    784369607876235.9, 8.952223361846274e16, 5.322786203326801e18,
  ],
  secondAbove: [
    1263204747.9017804, -647355876379.1603, 114509511541823.73, -8127702555013251, 2.024394757135949e17,
    -7.788771962659501e17,
  ],
  secondBelow: [
    594.3015923461282, 235564.09294306856, 73481194.44597217, 18760131610.870617, 3882312774962.3857,
    620557727146953.8, 6.871410873553005e16, 3.9727060811656064e18,
  ],
};

/** Amplitudes of the two waves that a function beyond 5 consists of, and their phase. */
function waves(
  x: number,
  order: Coefficients,
  shift: number,
): readonly [even: number, odd: number, phase: number] {
  const w = 5 / x;
  const z = w * w;
  const scale = Math.sqrt(2 / Math.PI / x);
  const even = polynomial(z, order.evenAbove) / polynomial(z, order.evenBelow);
  const odd = (w * polynomial(z, order.oddAbove)) / monic(z, order.oddBelow);
  return [even * scale, odd * scale, x - shift];
}

/** J0, of the first kind. */
export function besselJ0(x: number): number {
  const size = Math.abs(x);
  if (size > 5) {
    const [even, odd, phase] = waves(size, order0, Math.PI / 4);
    return even * Math.cos(phase) - odd * Math.sin(phase);
  }
  const z = size * size;
  if (size < 1e-5) return 1 - z / 4;
  const zeros = (z - 5.783185962946784) * (z - 30.471262343662087);
  return (zeros * polynomial(z, order0.above)) / monic(z, order0.below);
}

/** J1, of the first kind. */
export function besselJ1(x: number): number {
  const size = Math.abs(x);
  const sign = x < 0 ? -1 : 1;
  if (size > 5) {
    const [even, odd, phase] = waves(size, order1, (3 * Math.PI) / 4);
    return sign * (even * Math.cos(phase) - odd * Math.sin(phase));
  }
  const z = x * x;
  const zeros = (z - 14.681970642123893) * (z - 49.2184563216946);
  return (polynomial(z, order1.above) / monic(z, order1.below)) * x * zeros;
}

/** Y0, of the second kind: minus infinity at 0, NaN below. */
export function besselY0(x: number): number {
  if (x > 5) {
    const [even, odd, phase] = waves(x, order0, Math.PI / 4);
    return even * Math.sin(phase) + odd * Math.cos(phase);
  }
  if (x === 0) return Number.NEGATIVE_INFINITY;
  if (!(x > 0)) return Number.NaN;
  const z = x * x;
  const quotient = polynomial(z, order0.secondAbove) / monic(z, order0.secondBelow);
  return quotient + (2 / Math.PI) * Math.log(x) * besselJ0(x);
}

/** Y1, of the second kind: minus infinity at 0, NaN below. */
export function besselY1(x: number): number {
  if (x > 5) {
    const [even, odd, phase] = waves(x, order1, (3 * Math.PI) / 4);
    return even * Math.sin(phase) + odd * Math.cos(phase);
  }
  if (x === 0) return Number.NEGATIVE_INFINITY;
  if (!(x > 0)) return Number.NaN;
  const z = x * x;
  const quotient = polynomial(z, order1.secondAbove) / monic(z, order1.secondBelow);
  return x * quotient + (2 / Math.PI) * (besselJ1(x) * Math.log(x) - 1 / x);
}

/** Spherical Bessel function of order 0: sin(x) / x. */
export function sphericalBesselJ0(x: number): number {
  if (Math.abs(x) === Number.POSITIVE_INFINITY) return 0;
  return x === 0 ? 1 : Math.sin(x) / x;
}
