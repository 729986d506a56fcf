// A multiply-add with one rounding on every target: random numbers are specified to the bit.

import { input, type KernelBuilder, output, type Vector } from '@sconce/codegen';
import { numbersOf } from '../../float-type.ts';
import { type Executor, executor } from '../../runtime/executor.ts';
import { family } from '../../runtime/family.ts';
import { floatsOf, type Region } from '../../runtime/region.ts';

/** How a kernel makes {@link exactFma}: by the target's own instruction, or from sums and products. */
export interface FmaSpec {
  readonly fused: boolean;
}

/** `a * b + c`, rounded once. Not for doubles near over- or underflow. */
export function exactFma<T extends 'f32' | 'f64'>(
  k: KernelBuilder,
  { fused }: FmaSpec,
  a: Vector<T>,
  b: Vector<T>,
  c: Vector<T>,
): Vector<T> {
  if (fused) return k.fma(a, b, c);
  // What `type` says is what the lanes are.
  if (a.type === 'f32') {
    return fma32(k, a as Vector<'f32'>, b as Vector<'f32'>, c as Vector<'f32'>) as Vector<T>;
  }
  return fma64(k, a as Vector<'f64'>, b as Vector<'f64'>, c as Vector<'f64'>) as Vector<T>;
}

type F32 = Vector<'f32'>;
type F64 = Vector<'f64'>;

/** The product of two float32 is exact in double precision; a sum rounded to odd may be rounded again. */
function fma32(k: KernelBuilder, a: F32, b: F32, c: F32): F32 {
  const half = (which: 'low' | 'high'): F64 => {
    const product = k.mul(k.widen('f64', a, which), k.widen('f64', b, which));
    return oddSum(k, product, k.widen('f64', c, which));
  };
  return k.narrow('f32', half('low'), half('high'));
}

/** Boldo and Melquiond, "Emulation of FMA and correctly rounded sums", 2008. */
function fma64(k: KernelBuilder, a: F64, b: F64, c: F64): F64 {
  const product = k.mul(a, b);
  const [highA, lowA] = split(k, a);
  const [highB, lowB] = split(k, b);
  const rest = k.sub(k.sub(k.sub(product, k.mul(highA, highB)), k.mul(lowA, highB)), k.mul(highA, lowB));
  const low = k.sub(k.mul(lowA, lowB), rest);
  const tail = k.add(c, low);
  const head = k.add(product, tail);
  return k.add(head, oddSum(k, sumError(k, c, low, tail), sumError(k, product, tail, head)));
}

/** Veltkamp's splitting in two halves of 26 bits. */
function split(k: KernelBuilder, a: F64): [high: F64, low: F64] {
  const scaled = k.mul(a, 134217729);
  const high = k.sub(scaled, k.sub(scaled, a));
  return [high, k.sub(a, high)];
}

/** The rounding error of `sum = a + b` (Knuth). */
function sumError(k: KernelBuilder, a: F64, b: F64, sum: F64): F64 {
  const part = k.sub(sum, a);
  return k.add(k.sub(a, k.sub(sum, part)), k.sub(b, part));
}

/** `a + b` rounded to odd: an inexact sum whose last bit is 0 goes one step towards the error. */
function oddSum(k: KernelBuilder, a: F64, b: F64): F64 {
  const sum = k.add(a, b);
  const error = sumError(k, a, b, sum);
  const bits = k.reinterpret('i64', sum);
  const inexact = k.compare(error, '!=', 0);
  const even = k.compare(k.and(bits, k.constant('i64', 1)), '==', k.constant('i64', 0));
  const sameSign = k.compare(k.xor(bits, k.reinterpret('i64', error)), '>=', k.constant('i64', 0));
  const step = k.select(sameSign, k.constant('i64', 1), k.constant('i64', -1));
  const odd = k.add(bits, step);
  return k.reinterpret('f64', k.select(k.and(inexact, even), odd, bits));
}

const probeKernel = family(
  'fma-probe',
  { x: input('f32'), y: output('f32'), u: input('f64'), v: output('f64') },
  (k, _spec: object) => {
    const [x, u] = [k.load(k.pointer('x')), k.load(k.pointer('u'))];
    k.store(k.fma(x, x, k.constant('f32', -1)), k.pointer('y'));
    k.store(k.fma(u, u, k.constant('f64', -1)), k.pointer('v'));
  },
);

const known = new WeakMap<Executor, FmaSpec>();

/**
 * Whether the target's multiply-add rounds once. WebAssembly's relaxed one does so where the CPU has an instruction for
 * it, so it is tried out. Not to be called while launches are deferred.
 */
export function fmaSpec(): FmaSpec {
  const current = executor();
  let spec = known.get(current);
  if (spec === undefined) {
    spec = { fused: current.target.fusedMultiplyAdd && roundsOnce(current) };
    known.set(current, spec);
  }
  return spec;
}

/** Squares that lose their last bit where the product is rounded before 1 is subtracted. */
function roundsOnce(current: Executor): boolean {
  const { vectorBytes } = current.target;
  const storage = current.borrow(4 * vectorBytes);
  const [x, y, u, v] = [0, 1, 2, 3].map((i) => ({
    storage,
    address: storage.address + i * vectorBytes,
    bytes: vectorBytes,
  })) as [Region, Region, Region, Region];
  floatsOf(x).fill(1 + 2 ** -12);
  numbersOf(u, 'f64').fill(1 + 2 ** -30);
  current.launch(probeKernel({}), { x, y, u, v });
  const exact = floatsOf(y)[0] === 2 ** -11 + 2 ** -24 && numbersOf(v, 'f64')[0] === 2 ** -29 + 2 ** -60;
  current.release(storage);
  return exact;
}
