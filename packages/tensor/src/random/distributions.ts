/** Fills tensors in place from the distributions of PyTorch's CPU generator, draw for draw. */
import { cast, elementWriter, flatElements, materialize, newTensor, viewOf } from '../access.ts';
import { requireFloat } from '../arguments.ts';
import { type DType, dtypeInfo, type ElementArray } from '../dtype.ts';
import { fail } from '../errors.ts';
import { elementsOf } from '../memory.ts';
import { forEachRow } from '../strided.ts';
import type { Tensor } from '../tensor.ts';
import { fma32, fma64 } from './fused.ts';
import type { Generator } from './generator.ts';
import { normalBlock32, normalBlock64 } from './normal-block.ts';

/** The tensor with its dimensions in the order of memory, largest stride first: draws follow it, not the indices. */
function inMemoryOrder(tensor: Tensor): Tensor {
  const order = tensor.shape
    .map((_, d) => d)
    .sort((a, b) => tensor.strides[b]! - tensor.strides[a]! || a - b);
  return viewOf(
    tensor,
    order.map((d) => tensor.shape[d]!),
    order.map((d) => tensor.strides[d]!),
  );
}

/** Sets every element, in the order of memory, to what `draw` gives. */
function fillInMemoryOrder(tensor: Tensor, draw: () => number | bigint): void {
  const view = inMemoryOrder(tensor);
  const elements = elementsOf(tensor);
  const write = elementWriter(tensor.dtype);
  forEachRow(view.shape, [view], (offsets, length, steps) => {
    let at = offsets[0]!;
    for (let n = 0; n < length; n++, at += steps[0]!) elements[at] = write(draw());
  });
}

/** What rounds a number to a dtype. */
function rounder(dtype: DType): (value: number) => number {
  const { codec } = dtypeInfo(dtype);
  if (codec !== undefined) return (value) => codec.decode(codec.encode(value));
  return dtype === 'float32' ? Math.fround : (value) => value;
}

/** Uniform numbers in [from, to). */
export function fillUniform(tensor: Tensor, from: number, to: number, generator: Generator): void {
  requireFloat('uniform_', tensor);
  if (!(from <= to))
    fail('uniform_', `uniform_ expects to return a [from, to) range, but found from=${from} > to=${to}`);
  const { engine } = generator;
  if (tensor.dtype === 'float64') {
    fillInMemoryOrder(tensor, () => {
      const value = fma64(engine.uniform53(), to - from, from);
      return value === to ? from : value;
    });
    return;
  }
  const low = Math.fround(from);
  const high = Math.fround(to);
  const width = Math.fround(high - low);
  const round = rounder(tensor.dtype);
  const [roundedLow, roundedHigh] = [round(low), round(high)];
  fillInMemoryOrder(tensor, () => {
    const value = round(fma32(engine.uniform24(), width, low));
    return value === roundedHigh ? roundedLow : value;
  });
}

/** Normal numbers. 16 and more that lie densely are made in blocks, others one by one. */
export function fillNormal(tensor: Tensor, mean: number, std: number, generator: Generator): void {
  requireFloat('normal_', tensor);
  if (!(std >= 0)) fail('normal_', `normal expects std >= 0.0, but found std ${std}`);
  if (tensor.numel() < 16 || !tensor.isContiguous()) {
    fillInMemoryOrder(tensor, () => fma64(generator.normal(), std, mean));
    return;
  }
  const { engine } = generator;
  const elements = flatElements(tensor);
  const { codec } = dtypeInfo(tensor.dtype);
  if (codec !== undefined) fillHalfBlocks(elements, mean, std, generator, codec.encode);
  else if (tensor.dtype === 'float64') {
    fillBlocks(
      elements,
      () => engine.uniform53(),
      (at) => normalBlock64(elements as Float64Array, at, mean, std),
    );
  } else {
    const [m, s] = [Math.fround(mean), Math.fround(std)];
    fillBlocks(
      elements,
      () => engine.uniform24(),
      (at) => normalBlock32(elements as Float32Array, at, m, s),
    );
  }
}

function fillBlocks(elements: ElementArray, draw: () => number, transform: (at: number) => void): void {
  const count = elements.length;
  for (let i = 0; i < count; i++) elements[i] = draw();
  for (let at = 0; at + 16 <= count; at += 16) transform(at);
  if (count % 16 === 0) return;
  // The last 16 are drawn anew, over part of the last full block.
  for (let i = count - 16; i < count; i++) elements[i] = draw();
  transform(count - 16);
}

function fillHalfBlocks(
  elements: ElementArray,
  mean: number,
  std: number,
  { engine }: Generator,
  encode: (value: number) => number,
): void {
  const block = new Float32Array(16);
  const fill = (at: number): void => {
    for (let i = 0; i < 16; i++) block[i] = engine.uniform24();
    normalBlock32(block, 0, Math.fround(mean), Math.fround(std));
    for (let i = 0; i < 16; i++) elements[at + i] = encode(block[i]!);
  };
  for (let at = 0; at + 16 <= elements.length; at += 16) fill(at);
  if (elements.length % 16 !== 0) fill(elements.length - 16);
}

/** Ones with probability p, else zeros. */
export function fillBernoulli(tensor: Tensor, p: number, generator: Generator): void {
  if (!(p >= 0 && p <= 1)) fail('bernoulli_', `bernoulli_ expects p to be in [0, 1], but got p=${p}`);
  const { engine } = generator;
  fillInMemoryOrder(tensor, () => (engine.uniform53() < p ? 1 : 0));
}

/** Ones where a uniform draw lies below the element of `p`, a tensor of the same shape. */
export function bernoulliOf(p: Tensor, generator: Generator): Tensor {
  requireFloat('bernoulli', p);
  const { engine } = generator;
  const result = newTensor(p.shape, p.dtype);
  const double = p.dtype === 'float64';
  const chances = flatElements(materialize(cast(p, double ? 'float64' : 'float32'))) as Float64Array;
  for (const chance of chances) {
    if (!(chance >= 0 && chance <= 1))
      fail('bernoulli', 'Expected p_in >= 0 && p_in <= 1 to be true', '0 to 1', String(chance));
  }
  let i = 0;
  fillInMemoryOrder(result, () => {
    const drawn = double ? engine.uniform53() : engine.uniform24();
    return drawn < chances[i++]! ? 1 : 0;
  });
  return result;
}

/** Whole numbers in [low, high). Ranges below 2^28 take one draw each, others two. */
export function fillIntegers(tensor: Tensor, low: bigint, high: bigint, generator: Generator): void {
  if (low >= high)
    fail('randint', `random_ expects 'from' to be less than 'to', but got from=${low} >= to=${high}`);
  const { engine } = generator;
  const range = high - low;
  if (range >= 2n ** 28n) {
    fillInMemoryOrder(tensor, () => low + (engine.uint64() % range));
    return;
  }
  const small = Number(range);
  const base = Number(low);
  const exact = Number.isSafeInteger(base) && Number.isSafeInteger(base + small);
  fillInMemoryOrder(tensor, () => {
    const offset = engine.uint32() % small;
    return exact ? base + offset : low + BigInt(offset);
  });
}

/** The numbers 0 to n - 1 in random order. */
export function randomPermutation(n: number, { engine }: Generator): number[] {
  const order = Array.from({ length: n }, (_, i) => i);
  for (let i = 0; i < n - 1; i++) {
    const j = i + (engine.uint32() % (n - i));
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}
