/** Reads the fixtures that real PyTorch made, and compares tensors by the project's tolerance. */
import { readSafetensors } from '@sconce/checkpoint';
import type { Tensor } from '@sconce/tensor';
import { fixtureBytes } from '@sconce/testing';

/** A lookup in a safetensors fixture that throws for names it does not hold. */
export function readTensors(path: string): (name: string) => Tensor {
  const { tensors } = readSafetensors(fixtureBytes(path));
  return (name) => {
    const found = tensors.get(name);
    if (found === undefined) throw new Error(`${path}: no tensor ${name}`);
    return found;
  };
}

/**
 * The first element outside of `torch.testing.assert_close`'s defaults for float32, or of twice PyTorch's own distance
 * between float32 and float64 where that is larger; an empty string when there is none. Other dtypes must be equal.
 */
export function firstDifference(actual: Tensor, expected: Tensor, expected64?: Tensor): string {
  if (actual.dtype !== expected.dtype) return `dtype: expected ${expected.dtype}, got ${actual.dtype}`;
  if (actual.shape.join() !== expected.shape.join())
    return `shape: expected [${expected.shape}], got [${actual.shape}]`;
  const got = Array.from(actual.toTypedArray(), Number);
  const want = Array.from(expected.toTypedArray(), Number);
  const exact = expected64 === undefined ? want : Array.from(expected64.toTypedArray(), Number);
  const own = 2 * Math.max(0, ...want.map((value, i) => finiteDistance(value, exact[i] as number)));
  for (const [i, value] of want.entries()) {
    const allowed =
      expected.dtype === 'float32' && Number.isFinite(value)
        ? Math.max(1e-5 + 1.3e-6 * Math.abs(value), own)
        : 0;
    const distance = Object.is(got[i], value) || got[i] === value ? 0 : Math.abs((got[i] as number) - value);
    if (!(distance <= allowed)) return `element ${i}: expected ${value}, got ${got[i]}`;
  }
  return '';
}

/** The first element that differs in its bits. */
export function firstBitDifference(actual: Tensor, expected: Tensor): string {
  if (actual.dtype !== expected.dtype) return `dtype: expected ${expected.dtype}, got ${actual.dtype}`;
  if (actual.shape.join() !== expected.shape.join())
    return `shape: expected [${expected.shape}], got [${actual.shape}]`;
  const got = Array.from(actual.toTypedArray(), Number);
  const want = Array.from(expected.toTypedArray(), Number);
  const i = want.findIndex((value, at) => !Object.is(got[at], value));
  return i < 0 ? '' : `element ${i}: expected ${want[i]}, got ${got[i]}`;
}

function finiteDistance(a: number, b: number): number {
  const distance = Math.abs(a - b);
  return Number.isFinite(distance) ? distance : 0;
}
