/** Reads the fixtures that real PyTorch made, and compares tensors by the project's tolerance rule. For tests only. */
import { fixtureBytes } from '@sconce/testing';
import { type DType, fromBytes, Tensor } from '../index.ts';

const safetensorsNames: Readonly<Record<string, DType>> = {
  F32: 'float32',
  F64: 'float64',
  F16: 'float16',
  BF16: 'bfloat16',
  I8: 'int8',
  U8: 'uint8',
  I16: 'int16',
  I32: 'int32',
  I64: 'int64',
  U16: 'uint16',
  U32: 'uint32',
  U64: 'uint64',
  BOOL: 'bool',
};

/** Looks tensors up in a safetensors fixture by their keys; every call gives a new tensor. */
export function readTensors(path: string): (key: string) => Tensor {
  const bytes = fixtureBytes(path);
  const headerLength = Number(new DataView(bytes.buffer).getBigUint64(0, true));
  type Entry = { dtype: string; shape: number[]; data_offsets: [number, number] };
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + headerLength))) as Record<
    string,
    Entry
  >;
  return (key) => {
    const entry = header[key];
    if (entry === undefined) throw new Error(`fixture ${path} has no tensor ${key}`);
    const dtype = safetensorsNames[entry.dtype];
    if (dtype === undefined) throw new Error(`fixture ${path}: tensor ${key} has dtype ${entry.dtype}`);
    const [start, end] = entry.data_offsets.map((offset) => 8 + headerLength + offset) as [number, number];
    return fromBytes(bytes.subarray(start, end), dtype, entry.shape);
  };
}

/** `torch.testing.assert_close`'s default tolerances; other dtypes must be equal. */
const tolerances: Partial<Record<DType, { rtol: number; atol: number }>> = {
  float16: { rtol: 1e-3, atol: 1e-5 },
  bfloat16: { rtol: 1.6e-2, atol: 1e-5 },
  float32: { rtol: 1.3e-6, atol: 1e-5 },
  float64: { rtol: 1e-7, atol: 1e-7 },
};

/**
 * What is wrong with a result, or undefined: dtype and shape must agree, elements must be within the dtype's tolerance
 * or twice PyTorch's own distance between its float32 and float64 results.
 */
export function findDifference(actual: unknown, expected: Tensor, reference64?: Tensor): string | undefined {
  if (!(actual instanceof Tensor)) return `expected a tensor, got ${typeof actual}`;
  if (actual.dtype !== expected.dtype) return `expected dtype ${expected.dtype}, got ${actual.dtype}`;
  if (actual.shape.join() !== expected.shape.join())
    return `expected shape [${expected.shape}], got [${actual.shape}]`;
  const a = actual.toTypedArray();
  const b = expected.toTypedArray();
  const wide = reference64?.toTypedArray();
  const { rtol, atol } = tolerances[expected.dtype] ?? { rtol: 0, atol: 0 };
  let own = 0;
  b.forEach((value: number | bigint, i: number) => {
    const difference = wide === undefined ? 0 : distance(value, wide[i]!);
    // Where only one of both is finite the distance says nothing about precision.
    if (Number.isFinite(difference)) own = Math.max(own, difference);
  });
  for (let i = 0; i < b.length; i++) {
    const want = b[i]!;
    const permitted = Math.max(own * 2, Number.isFinite(want) ? atol + rtol * Math.abs(Number(want)) : 0);
    const difference = distance(a[i]!, want);
    if (!(difference <= permitted))
      return `element ${i}: expected ${want}, got ${a[i]}, permitted ${permitted}`;
  }
  return undefined;
}

function distance(a: number | bigint, b: number | bigint): number {
  if (a === b || (Number.isNaN(a) && Number.isNaN(b))) return 0;
  if (typeof a === 'bigint' || typeof b === 'bigint') return Math.abs(Number(BigInt(a) - BigInt(b)));
  const difference = Math.abs(a - b);
  return Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference;
}
