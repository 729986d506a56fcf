// What the engine is to reach, as ratio to the peer: geometric means over the rows of a group.

const blocked: Readonly<Record<string, number>> = {
  'blocked conv3x3': 2,
  'blocked pointwise': 1.05,
  'blocked strided and first layer': 1.1,
  'blocked depthwise': 1.8,
};

const native: Readonly<Record<string, number>> = {
  'gemm square': 1,
  'gemm square below 192': 0.9,
  'gemm transposed': 1,
  'gemm transformer': 1,
  'elementwise chain': 2,
  softmax: 1.2,
  'layer norm': 1.2,
  pooling: 1.2,
  reduction: 1.2,
  transpose: 1.2,
};

/** Tensors beside PyTorch, and where the group says so, beside TensorFlow.js. */
const tensor: Readonly<Record<string, number>> = {
  'large elementwise': 1,
  matmul: 1,
  'conv2d forward': 1,
  'conv2d backward': 1,
  'softmax and layer norm': 1,
  'transpose copies': 1,
  'gather and embedding': 1,
  'sort, cumsum and cat': 1,
  'LeNet training': 1.3,
  'LeNet forward (tfjs)': 5,
  'LeNet training (tfjs)': 5,
};

/** Steps of training beside PyTorch, and beside TensorFlow.js. */
const train: Readonly<Record<string, number>> = {
  'ResNet-18 step': 1,
  'LSTM step': 1,
  'transformer step': 1,
  'LSTM step (tfjs)': 5,
  'transformer step (tfjs)': 5,
};

/** Largest part of a peer's peak memory, of a process that trains. */
export const WANTED_MEMORY = 1.3;

/** On WebAssembly, every product and convolution. */
const WEB = 1.8;

/** The ratio that is wanted of a group; `null` where none is. Blocked images are judged with AVX-512 only. */
export function wantedRatio(benchmark: string, engine: string, group: string): number | null {
  if (benchmark === 'web' || benchmark === 'browser') return WEB;
  const training = benchmark === 'tensor' ? tensor : benchmark === 'train' ? train : undefined;
  if (training !== undefined) return engine === 'wasm' ? null : (training[group] ?? null);
  if (benchmark !== 'kernels' || engine === 'wasm') return null;
  return native[group] ?? (engine === 'avx512' ? blocked[group] : undefined) ?? null;
}

/** What two threads are to gain over one, by group, on rows that are large enough. */
export function wantedScaling(group: string): number {
  return /conv3x3/.test(group) ? 1.7 : 1.85;
}
