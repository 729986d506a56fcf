// Elements of every dtype as numbers, or as bigints where they are whole, and the casts between them as C++ compilers make them
// on x86-64.

import { dtypeBytes, type EngineDType, isIntegerDType } from '../dtype.ts';

/** An element: a number of a float dtype, a bigint of an integer dtype (bool's are 0 and 1). */
export type Scalar = number | bigint;

const INT32_MIN = -(2n ** 31n);
const INT64_MIN = -(2n ** 63n);

/** Wraps a whole number around. */
export function wrap(value: bigint, dtype: EngineDType): bigint {
  if (dtype === 'bool') return value === 0n ? 0n : 1n;
  const bits = 8 * dtypeBytes[dtype];
  return dtype.startsWith('uint') ? BigInt.asUintN(bits, value) : BigInt.asIntN(bits, value);
}

/** Rounds a number to a float dtype. */
export function roundTo(value: number, dtype: EngineDType): number {
  switch (dtype) {
    case 'float32':
      return Math.fround(value);
    case 'float16':
      return roundToBits(Math.fround(value), 10, -14, 65504);
    case 'bfloat16':
      return roundToBits(Math.fround(value), 7, -126, 3.3895313892515355e38);
    default:
      return value;
  }
}

function roundToBits(value: number, fraction: number, smallest: number, largest: number): number {
  if (value === 0 || !Number.isFinite(value)) return value;
  const magnitude = Math.abs(value);
  const unit = 2 ** (Math.max(Math.floor(Math.log2(magnitude)), smallest) - fraction);
  const scaled = magnitude / unit;
  const floor = Math.floor(scaled);
  const rest = scaled - floor;
  const up = rest > 0.5 || (rest === 0.5 && floor % 2 === 1);
  const rounded = (floor + (up ? 1 : 0)) * unit;
  return Math.sign(value) * (rounded > largest ? Number.POSITIVE_INFINITY : rounded);
}

/** The processor's conversion to 32 or 64 bits: towards zero, the smallest integer where there is none. */
function truncated(value: number, smallest: bigint): bigint {
  if (!Number.isFinite(value)) return smallest;
  const whole = BigInt(Math.trunc(value));
  return whole < smallest || whole >= -smallest ? smallest : whole;
}

/** A value of one dtype as one of another. */
export function castScalar(value: Scalar, to: EngineDType): Scalar {
  if (typeof value === 'bigint') {
    if (isIntegerDType(to)) return wrap(value, to);
    // a whole number is rounded once, but to float32 on the way to 16-bit floats
    return roundTo(to === 'float64' ? Number(value) : roundWhole(value), to);
  }
  if (!isIntegerDType(to)) return roundTo(value, to);
  switch (to) {
    case 'bool':
      return value === 0 ? 0n : 1n;
    case 'int64':
    case 'uint32':
    case 'uint8':
      return wrap(truncated(value, INT64_MIN), to);
    case 'uint64':
      return value >= 2 ** 63
        ? BigInt.asUintN(64, truncated(value - 2 ** 63, INT64_MIN) ^ (2n ** 63n))
        : BigInt.asUintN(64, truncated(value, INT64_MIN));
    default:
      return wrap(truncated(value, INT32_MIN), to);
  }
}

/** The nearest float32 of a whole number, ties to even. */
function roundWhole(value: bigint): number {
  const magnitude = value < 0n ? -value : value;
  const extra = BigInt(Math.max(0, magnitude.toString(2).length - 24));
  const unit = 1n << extra;
  const floor = magnitude / unit;
  const twice = 2n * (magnitude % unit);
  const up = twice > unit || (twice === unit && floor % 2n === 1n);
  return Number((floor + (up ? 1n : 0n)) * unit) * (value < 0n ? -1 : 1);
}

/** Reads element `i` of a dtype. */
export function readScalar(dtype: EngineDType, bytes: Uint8Array, i: number): Scalar {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const at = i * dtypeBytes[dtype];
  switch (dtype) {
    case 'float32':
      return view.getFloat32(at, true);
    case 'float64':
      return view.getFloat64(at, true);
    case 'bfloat16':
      return new Float32Array(Uint32Array.of(view.getUint16(at, true) << 16).buffer)[0]!;
    case 'float16': {
      const bits = view.getUint16(at, true);
      const [exponent, fraction] = [(bits >> 10) & 31, bits & 1023];
      const sign = bits >> 15 ? -1 : 1;
      if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
      return sign * (exponent ? (1 + fraction / 1024) * 2 ** (exponent - 15) : fraction * 2 ** -24);
    }
    case 'int8':
      return BigInt(view.getInt8(at));
    case 'int16':
      return BigInt(view.getInt16(at, true));
    case 'int32':
      return BigInt(view.getInt32(at, true));
    case 'int64':
      return view.getBigInt64(at, true);
    case 'uint16':
      return BigInt(view.getUint16(at, true));
    case 'uint32':
      return BigInt(view.getUint32(at, true));
    case 'uint64':
      return view.getBigUint64(at, true);
    default:
      return BigInt(view.getUint8(at));
  }
}

/** Writes element `i`, a value of the dtype. */
export function writeScalar(dtype: EngineDType, bytes: Uint8Array, i: number, value: Scalar): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const width = dtypeBytes[dtype];
  const at = i * width;
  if (typeof value === 'bigint') {
    for (let byte = 0; byte < width; byte++) {
      view.setUint8(at + byte, Number(BigInt.asUintN(8, value >> BigInt(8 * byte))));
    }
  } else if (dtype === 'float64') view.setFloat64(at, value, true);
  else if (dtype === 'float32') view.setFloat32(at, value, true);
  else if (dtype === 'bfloat16') {
    view.setUint16(at, new Uint32Array(Float32Array.of(value).buffer)[0]! >>> 16, true);
  } else view.setUint16(at, halfBits(value), true);
}

/** The bits of a number that float16 holds. */
function halfBits(value: number): number {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const magnitude = Math.abs(value);
  if (Number.isNaN(value)) return 0x7e00;
  if (magnitude === Number.POSITIVE_INFINITY) return sign | 0x7c00;
  if (magnitude < 2 ** -14) return sign | (magnitude * 2 ** 24);
  const exponent = Math.floor(Math.log2(magnitude));
  return sign | ((exponent + 15) << 10) | ((magnitude / 2 ** exponent - 1) * 1024);
}
