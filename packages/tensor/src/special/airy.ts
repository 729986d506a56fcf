/** The Airy function of the first kind. Method and coefficients: Cephes Math Library, `airy.c` (Stephen L. Moshier). */
import { monic, polynomial } from './evaluate.ts';

const decayAbove: readonly number[] = [
  0.346538101525629, 12.007595273964581, 76.27960536152345, 168.08922493463058, 159.75639135016442,
  70.53609068404442, 14.026469116338967, 1,
];
const decayBelow: readonly number[] = [
  0.5675945326387702, 14.75625625848472, 84.51389701414746, 177.31808814540045, 164.2346928715297,
  71.47784008255756, 14.095913560783403, 1,
];
const waveAbove: readonly number[] = [
  -0.1316963234183318, -0.6264565444319123, -0.6931580360369335, -0.2797799815451191, -0.04919001326095003,
  -0.004062659235948854, -0.0001592764962392621, -2.776491081552329e-6, -1.6778769848911465e-8,
];
const waveBelow: readonly number[] = [
  13.356042070655324, 32.682503279522464, 26.736704094149957, 9.187074029072596, 1.4752914677166642,
  0.11568717379518804, 0.004402916416152112, 7.547203482874142e-5, 4.5185009297058035e-7,
];
const shiftAbove: readonly number[] = [
  0.01973399320916857, 0.39110302961568827, 1.0657989759959559, 0.9391692298166502, 0.35146565610554764,
  0.06338889196289255, 0.005858041130483885, 0.000282851600836737, 6.98793669997261e-6, 8.117892395543892e-8,
  3.415517847659236e-10,
];
const shiftBelow: readonly number[] = [
  9.30892908077442, 19.835292871831214, 15.564662893286462, 5.476860694229755, 0.9542936116189619,
  0.08645808263523921, 0.004126565238242226, 0.00010125908511650914, 1.1716673321441352e-6,
  4.9183457006293e-9,
];

const rootOfPi = 0.5641895835477563;

/** Ai(x). NaN at both infinities, as in PyTorch. */
export function airyAi(x: number): number {
  if (!Number.isFinite(x)) return Number.NaN;
  if (x > 103.892) return 0;
  if (x < -2.09) {
    const root = Math.sqrt(-x);
    const angle = (-2 * x * root) / 3;
    const z = 1 / angle;
    const zz = z * z;
    const phase = angle + Math.PI / 4;
    const even = 1 + (zz * polynomial(zz, waveAbove)) / monic(zz, waveBelow);
    const odd = (z * polynomial(zz, shiftAbove)) / monic(zz, shiftBelow);
    return (rootOfPi / Math.sqrt(root)) * (Math.sin(phase) * even - Math.cos(phase) * odd);
  }
  if (x >= 2.09) {
    const root = Math.sqrt(x);
    const decay = (2 * x * root) / 3;
    const ratio = polynomial(1 / decay, decayAbove) / polynomial(1 / decay, decayBelow);
    return (rootOfPi * ratio) / (2 * Math.sqrt(root) * Math.exp(decay));
  }
  return powerSeries(x);
}

/** Maclaurin's series of the two solutions that Ai is made of. */
function powerSeries(x: number): number {
  const cube = x * x * x;
  let [f, g, m, n] = [1, x, 1, x];
  for (let k = 3; Math.abs(m) > Number.EPSILON * Math.abs(f) || k === 3; k += 3) {
    m *= cube / ((k - 1) * k);
    n *= cube / (k * (k + 1));
    f += m;
    g += n;
  }
  return 0.3550280538878172 * f - 0.2588194037928068 * g;
}
