/** The same products and convolutions on one thread and on two. */
import { allocate, conv2d, engineInfo, gemm, type Slice, setNumThreads } from '@sconce/engine';
import { digest } from './digest.ts';
import type { ThreadResults } from './results.ts';

/** Milliseconds that threads may take to start. */
const STARTING = 20_000;

/** Computes on one thread, then on two as soon as they are there, if this host has them. */
export async function runThreads(): Promise<ThreadResults> {
  const before = engineInfo().threads;
  setNumThreads(1);
  const alone = await compute();
  let refusal: string | undefined;
  try {
    setNumThreads(2);
  } catch (error) {
    refusal = String(error);
  }
  const { threads } = engineInfo();
  const until = performance.now() + STARTING;
  let together = await compute();
  while (engineInfo().threadsReady < threads && performance.now() < until) {
    // They start between tasks.
    await new Promise((resolve) => setTimeout(resolve, 10));
    together = await compute();
  }
  const { threadsReady: ready } = engineInfo();
  for (let round = 0; round < 20; round++) together = await compute();
  if (refusal === undefined) setNumThreads(before);
  return { threads, ready, refusal, alone, together };
}

/** Digests of what kernels give that are large enough to be divided. */
async function compute(): Promise<string[]> {
  const size = 400;
  const square = size * size;
  const product = noise(square, 0);
  gemm({ a: noise(square, 1), b: noise(square, 2), c: product, m: size, n: size, k: size });
  const [channels, edge] = [32, 48];
  const images = noise(channels * edge * edge, 0);
  conv2d({
    x: noise(channels * edge * edge, 3),
    w: noise(channels * channels * 9, 4),
    y: images,
    batch: 1,
    inChannels: channels,
    inHeight: edge,
    inWidth: edge,
    outChannels: channels,
    outHeight: edge,
    outWidth: edge,
    kernel: [3, 3],
    stride: [1, 1],
    padding: [1, 1, 1, 1],
    dilation: [1, 1],
    groups: 1,
    activation: { kind: 'relu' },
  });
  return Promise.all([product, images].map(({ storage }) => digest(storage.bytes().slice())));
}

/** Numbers from -1 to 1 that are the same in every host; with seed 0 they are all zero. */
function noise(elements: number, seed: number): Slice {
  const values = new Float32Array(elements);
  let state = seed;
  for (let i = 0; i < elements; i++) {
    state = (Math.imul(state, 1664525) + (seed && 1013904223)) | 0;
    values[i] = state / 2 ** 31;
  }
  const storage = allocate(elements * 4);
  storage.bytes().set(new Uint8Array(values.buffer));
  return { storage, offset: 0 };
}
