/** Fills tensors in place with uniform and normal numbers, and with ones and zeros, as PyTorch's CPU generator does. */
import { randomBernoulli, randomNormal, randomUniform } from '@sconce/engine';
import { castInto, elementWriter, flatElements, newTensor, viewOf } from '../access.ts';
import { type DType, dtypeInfo } from '../dtype.ts';
import { fail } from '../errors.ts';
import type { Tensor } from '../tensor.ts';
import { fillEach, throughDense } from './filling.ts';
import { fma32, fma64 } from './fused.ts';
import type { Generator } from './generator.ts';
import type { Mt19937 } from './mt19937.ts';
import { normalBlock32, normalBlock64 } from './normal-block.ts';
import { forEachChunk } from './words.ts';

/** From so many elements on, kernels of the engine are faster than a loop. */
export const MANY: number = 1024;

/** Largest finite number of each floating-point dtype. */
const largest: Partial<Record<DType, number>> = {
  float64: Number.MAX_VALUE,
  float32: 3.4028234663852886e38,
  float16: 65504,
  bfloat16: 3.3895313892515355e38,
};

/** Names of dtypes as PyTorch's checks of bounds write them. */
export const cppNames: Readonly<Record<DType, string>> = {
  bool: 'bool',
  uint8: 'unsigned char',
  int8: 'signed char',
  int16: 'short int',
  int32: 'int',
  int64: 'long int',
  uint16: 'short unsigned int',
  uint32: 'unsigned int',
  uint64: 'long unsigned int',
  float16: 'c10::Half',
  bfloat16: 'c10::BFloat16',
  float32: 'float',
  float64: 'double',
};

/** Refuses dtypes without fractions in PyTorch's words. */
function requireFraction(operator: string, kernel: string, { dtype }: Tensor): void {
  const { kind, scalarName } = dtypeInfo(dtype);
  if (kind !== 'float') {
    fail(operator, `"${kernel}" not implemented for '${scalarName}'`, 'a floating-point dtype', dtype);
  }
}

/** Uniform numbers in [from, to). @throws TensorError for other dtypes than floating-point ones, or bounds out of range */
export function fillUniform(tensor: Tensor, from: number, to: number, generator: Generator): void {
  requireFraction('uniform_', 'check_uniform_bounds', tensor);
  const limit = largest[tensor.dtype]!;
  for (const [name, value] of Object.entries({ from, to })) {
    if (!(Math.abs(value) <= limit))
      fail('uniform_', `${name} is out of bounds for ${cppNames[tensor.dtype]}`);
  }
  if (from > to) {
    fail('uniform_', `uniform_ expects to return a [from, to) range, but found from=${from} > to=${to}`);
  }
  if (!(to - from <= limit)) {
    fail(
      'uniform_',
      `uniform_ expects to-from <= std::numeric_limits<${dtypeInfo(tensor.dtype).scalarName}>::max(), but found to=${to} and from=${from} which result in to-from to exceed the limit`,
    );
  }
  throughDense(tensor, (dense) => uniform(dense, from, to, generator.engine));
}

function uniform(dense: Tensor, low: number, high: number, engine: Mt19937): void {
  const { dtype } = dense;
  const { codec } = dtypeInfo(dtype);
  if (codec !== undefined) {
    const singles = newTensor(dense.shape, 'float32');
    uniform(singles, low, high, engine);
    castInto(singles, dense);
    replace(dense, codec.encode(high), codec.encode(low));
  } else if (dense.numel() >= MANY) uniformByKernel(dense, low, high, engine);
  else if (dtype === 'float64') {
    fillEach(dense, () => {
      const value = fma64(engine.uniform53(), high - low, low);
      return value === high ? low : value;
    });
  } else {
    const [from, to] = [Math.fround(low), Math.fround(high)];
    const width = Math.fround(to - from);
    fillEach(dense, () => {
      const value = fma32(engine.uniform24(), width, from);
      return value === to ? from : value;
    });
  }
}

/** A number that is rounded to the upper bound becomes the lower one. */
function replace(halves: Tensor, high: number, low: number): void {
  const bits = flatElements(halves);
  const other = (high & 0x7fff) === 0 ? high ^ 0x8000 : high;
  for (let i = 0; i < bits.length; i++) if (bits[i] === high || bits[i] === other) bits[i] = low;
}

function uniformByKernel(dense: Tensor, low: number, high: number, engine: Mt19937): void {
  const dtype = dense.dtype === 'float64' ? 'float64' : 'float32';
  const each = dtype === 'float64' ? 2 : 1;
  const { storage, offset } = dense;
  forEachChunk(engine, dense.numel() * each, (words, first, length) => {
    const y = { storage, offset: offset + first / each };
    randomUniform({ dtype, words, y, count: length / each, low, high });
  });
}

/**
 * Normal numbers. 16 and more that lie densely are made in blocks, others one by one.
 * @throws TensorError for other dtypes than floating-point ones, or a negative `std`
 */
export function fillNormal(tensor: Tensor, mean: number, std: number, generator: Generator): void {
  if (!(std >= 0)) fail('normal_', `normal expects std >= 0.0, but found std ${std}`);
  if (tensor.numel() === 0) return;
  requireFraction('normal_', 'normal_kernel_cpu', tensor);
  if (tensor.numel() < 16 || !tensor.isContiguous()) {
    fillEach(tensor, () => fma64(generator.normal(), std, mean));
    return;
  }
  const { engine } = generator;
  if (tensor.dtype === 'float64') normalDoubles(tensor, mean, std, engine);
  else if (tensor.dtype === 'float32') normalSingles(tensor, mean, std, engine);
  else normalHalves(tensor, mean, std, engine);
}

function normalDoubles(dense: Tensor, mean: number, std: number, engine: Mt19937): void {
  uniform(dense, 0, 1, engine);
  const elements = flatElements(dense) as Float64Array;
  const count = elements.length;
  for (let at = 0; at + 16 <= count; at += 16) normalBlock64(elements, at, mean, std);
  if (count % 16 === 0) return;
  // The last 16 are drawn anew, over part of the last full block.
  for (let i = count - 16; i < count; i++) elements[i] = engine.uniform53();
  normalBlock64(elements, count - 16, mean, std);
}

function normalSingles(dense: Tensor, mean: number, std: number, engine: Mt19937): void {
  const count = dense.numel();
  uniform(dense, 0, 1, engine);
  blocksOfSingles(dense, Math.floor(count / 16), mean, std);
  if (count % 16 === 0) return;
  const elements = flatElements(dense) as Float32Array;
  elements.set(lastBlock(engine, mean, std), count - 16);
}

function normalHalves(dense: Tensor, mean: number, std: number, engine: Mt19937): void {
  const count = dense.numel();
  const blocks = Math.floor(count / 16);
  // Here a block's numbers are drawn when it is made, so those behind the last full one are not drawn in vain.
  const singles = newTensor([16 * blocks], 'float32');
  uniform(singles, 0, 1, engine);
  blocksOfSingles(singles, blocks, mean, std);
  castInto(singles, viewOf(dense, [16 * blocks], [1]));
  if (count % 16 === 0) return;
  const write = elementWriter(dense.dtype);
  const elements = flatElements(dense);
  lastBlock(engine, mean, std).forEach((value, i) => {
    elements[count - 16 + i] = write(value);
  });
}

/** Turns uniform numbers into normal ones. */
function blocksOfSingles(singles: Tensor, blocks: number, mean: number, std: number): void {
  if (blocks * 16 >= MANY) {
    randomNormal({ y: singles, blocks, mean, std });
    return;
  }
  const elements = flatElements(singles) as Float32Array;
  const [m, s] = [Math.fround(mean), Math.fround(std)];
  for (let block = 0; block < blocks; block++) normalBlock32(elements, 16 * block, m, s);
}

function lastBlock(engine: Mt19937, mean: number, std: number): Float32Array {
  const block = new Float32Array(16);
  for (let i = 0; i < 16; i++) block[i] = engine.uniform24();
  normalBlock32(block, 0, Math.fround(mean), Math.fround(std));
  return block;
}

/** Ones with probability p, else zeros. @throws TensorError unless p is in [0, 1], or for unsigned dtypes but uint8 */
export function fillBernoulli(tensor: Tensor, p: number, generator: Generator): void {
  if (!(p >= 0 && p <= 1)) fail('bernoulli_', `bernoulli_ expects p to be in [0, 1], but got p=${p}`);
  refuseUnsigned('bernoulli_', 'bernoulli_scalar_cpu_', tensor);
  throughDense(tensor, (dense) => {
    const { storage, offset } = dense;
    const kernel = dense.dtype === 'float32' && dense.numel() >= MANY;
    const write = elementWriter(dense.dtype);
    const [zero, one] = [write(0), write(1)];
    const limit = p * 2 ** 53;
    forEachChunk(generator.engine, 2 * dense.numel(), (words, first, length) => {
      const count = length / 2;
      if (kernel) {
        randomBernoulli({ words, y: { storage, offset: offset + first / 2 }, count, p });
        return;
      }
      const { view } = words;
      const elements = flatElements(dense);
      for (let i = 0, at = first / 2; i < length; i += 2, at++) {
        elements[at] = (view[i]! & 0x1fffff) * 2 ** 32 + view[i + 1]! < limit ? one : zero;
      }
    });
  });
}

/** Refuses the dtypes that PyTorch has few operators for. */
export function refuseUnsigned(operator: string, kernel: string, { dtype }: Tensor): void {
  if (dtype === 'uint16' || dtype === 'uint32' || dtype === 'uint64') {
    fail(operator, `"${kernel}" not implemented for '${dtypeInfo(dtype).scalarName}'`);
  }
}
