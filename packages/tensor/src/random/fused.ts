/** Fused multiply-add with one rounding, as the vector units do it that PyTorch's random numbers go through. */

const double = new Float64Array(1);
const halves = new Int32Array(double.buffer);

/** Rounds a sum, whose error is known, to odd: then rounding again to fewer bits is right. */
function toOdd(sum: number, error: number): number {
  if (error === 0) return sum;
  double[0] = sum;
  if ((halves[0]! & 1) === 1) return sum;
  // One step towards the error; the last bit was 0, so that no carry goes far.
  const up = error > 0 === sum > 0;
  if (up) halves[0]! += 1;
  else if (halves[0] === 0) {
    halves[0] = -1;
    halves[1]! -= 1;
  } else halves[0]! -= 1;
  return double[0]!;
}

function sumError(a: number, b: number, sum: number): number {
  const part = sum - a;
  return a - (sum - part) + (b - part);
}

/** a * b + c of float32 numbers, rounded once to float32. */
export function fma32(a: number, b: number, c: number): number {
  // The product of two float32 numbers is exact in double precision.
  const product = a * b;
  const sum = product + c;
  double[0] = sum;
  // Rounding twice differs only where the first result lies half-way between two float32 numbers.
  if ((halves[0]! & 0x1fffffff) !== 0x10000000) return Math.fround(sum);
  return Math.fround(toOdd(sum, sumError(product, c, sum)));
}

/** The rounding error of a * b (Dekker's product with Veltkamp's splitting). */
function productError(a: number, b: number, product: number): number {
  const splitA = 134217729 * a;
  const highA = splitA - (splitA - a);
  const lowA = a - highA;
  const splitB = 134217729 * b;
  const highB = splitB - (splitB - b);
  const lowB = b - highB;
  return lowA * lowB - (product - highA * highB - lowA * highB - highA * lowB);
}

/** a * b + c in double precision, rounded once (Boldo and Melquiond, 2008). Not for values near over- or underflow. */
export function fma64(a: number, b: number, c: number): number {
  const product = a * b;
  const low = productError(a, b, product);
  const tail = c + low;
  const tailError = sumError(c, low, tail);
  const head = product + tail;
  const headError = sumError(product, tail, head);
  const rest = tailError + headError;
  return head + toOdd(rest, sumError(tailError, headError, rest));
}
