/** The 16-bit floats as numbers. */

/** The number with the given bits of IEEE 754 binary16. */
export function fromFloat16(bits: number): number {
  const [exponent, fraction] = [(bits >> 10) & 31, bits & 1023];
  const sign = bits & 0x8000 ? -1 : 1;
  if (exponent === 31) return fraction ? Number.NaN : sign * Infinity;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25));
}

/** The bits of the nearest binary16, ties to even. */
export function toFloat16(value: number): number {
  if (Number.isNaN(value)) return 0x7e00;
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const magnitude = Math.abs(value);
  if (magnitude >= 65520) return sign | 0x7c00;
  let exponent = -14;
  while (magnitude >= 2 ** (exponent + 1)) exponent++;
  const quotient = magnitude / 2 ** (exponent - 10);
  const below = Math.floor(quotient);
  const up = quotient - below > 0.5 || (quotient - below === 0.5 && below % 2 === 1);
  // a mantissa that overflows carries into the exponent
  return sign | (below + (up ? 1 : 0) + (exponent + 14) * 1024);
}

const word = new DataView(new ArrayBuffer(4));

/** The number with the given bits of bfloat16. */
export function fromBfloat16(bits: number): number {
  word.setUint32(0, bits * 65536);
  return word.getFloat32(0);
}

/** The bits of the nearest bfloat16 of a float32, ties to even. */
export function toBfloat16(value: number): number {
  if (Number.isNaN(value)) return 0x7fc0;
  word.setFloat32(0, value);
  const bits = word.getUint32(0);
  const [upper, lower] = [bits >>> 16, bits & 0xffff];
  return upper + (lower > 0x8000 || (lower === 0x8000 && upper % 2 === 1) ? 1 : 0);
}
