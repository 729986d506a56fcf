/** Conversion between float32 and the two 16-bit float formats, whose elements are stored as their bits. */

const single = new Float32Array(1);
const bits = new Uint32Array(single.buffer);

/** Rounds to the nearest bfloat16 (ties to even) and returns its 16 bits. */
export function bfloat16Bits(value: number): number {
  single[0] = value;
  const word = bits[0]!;
  if (Number.isNaN(value)) return (word >>> 16) | 0x40;
  return ((word + 0x7fff + ((word >>> 16) & 1)) >>> 16) & 0xffff;
}

/** The value of a bfloat16 given by its bits. */
export function bfloat16Value(pattern: number): number {
  bits[0] = pattern << 16;
  return single[0]!;
}

/** Rounds to the nearest IEEE binary16 (ties to even, overflow to infinity) and returns its 16 bits. */
export function float16Bits(value: number): number {
  single[0] = value;
  const word = bits[0]!;
  const sign = (word >>> 16) & 0x8000;
  const magnitude = Math.abs(single[0]!);
  if (Number.isNaN(magnitude)) return sign | 0x7e00;
  if (magnitude >= 65520) return sign | 0x7c00;
  // Below the smallest normal number the grid is 2^-24; above it the 10-bit mantissa of this binade.
  const exponent = Math.max(((word >>> 23) & 0xff) - 127, -14);
  const steps = roundHalfToEven(magnitude * 2 ** (10 - exponent));
  // `steps` is 1024 * mantissa; its carry runs into the exponent by plain addition.
  const biased = exponent + 15;
  return sign | (biased === 1 && steps < 1024 ? steps : (biased << 10) + steps - 1024);
}

/** The value of an IEEE binary16 given by its bits. */
export function float16Value(pattern: number): number {
  const sign = pattern & 0x8000 ? -1 : 1;
  const exponent = (pattern >>> 10) & 0x1f;
  const mantissa = pattern & 0x3ff;
  if (exponent === 0x1f) return mantissa ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  if (exponent === 0) return sign * mantissa * 2 ** -24;
  return sign * (1024 + mantissa) * 2 ** (exponent - 25);
}

/** Rounds to the nearest integer, halves to the even one: Python's and PyTorch's `round`. */
export function roundHalfToEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest < 0.5) return floor === 0 && value < 0 ? -0 : floor;
  if (rest > 0.5 || floor % 2 !== 0) return floor + 1 === 0 ? -0 : floor + 1;
  return floor === 0 && Object.is(value, -0) ? -0 : floor;
}
