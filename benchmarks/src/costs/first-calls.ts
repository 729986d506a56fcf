// `first-calls.ts`: a process that uses the engine for the first time and tells what that takes, as JSON.

import {
  allocate,
  blockedConv2d,
  blockedElements,
  blockedLanes,
  chooseConv2d,
  conv2dBorder,
  engineInfo,
  gemm,
  packConv2dWeights,
  type Slice,
  setNumThreads,
} from '@sconce/engine';
import { makeChains, timed } from './chains.ts';

/** Milliseconds. */
export interface FirstCalls {
  /** The choice of a target, its self-check included. */
  readonly start: number;
  /** The first kernel of a process. */
  readonly chain: number;
  /** The first product and the first convolution, when the code generator has run for a while. */
  readonly gemm: number;
  readonly convolution: number;
}

const zeros = (elements: number): Slice => {
  const storage = allocate(elements * 4);
  storage.bytes().fill(0);
  return { storage, offset: 0 };
};

/** What the first call takes more than those after it. */
function first(call: () => void): number {
  const made = timed(call);
  return made - Math.min(...Array.from({ length: 5 }, () => timed(call)));
}

const start = timed(() => {
  engineInfo();
  setNumThreads(1);
});
const [chain] = makeChains(1) as [number];
makeChains(60);

const size = 100;
const product = {
  a: zeros(size * size),
  b: zeros(size * size),
  c: zeros(size * size),
  m: size,
  n: size,
  k: size,
};
const gemmMs = first(() => gemm(product));

const shape = {
  ...{ batch: 1, inChannels: 64, inHeight: 14, inWidth: 14, outChannels: 64, outHeight: 14, outWidth: 14 },
  ...({ kernel: [3, 3], stride: [1, 1], padding: [1, 1, 1, 1], dilation: [1, 1] } as const),
  groups: 1,
};
const image = (border: readonly [number, number, number, number]) => {
  const its = { batch: 1, channels: 64, height: 14, width: 14, lanes: blockedLanes(), border };
  return { ...its, ...zeros(blockedElements(its)) };
};
const [x, y] = [image(conv2dBorder(shape, chooseConv2d(shape))), image([0, 0, 0, 0])];
const w = zeros(64 * 64 * 9);
const convolution = first(() => blockedConv2d({ x, y, weights: packConv2dWeights({ ...shape, w }) }));

const result: FirstCalls = { start, chain, gemm: gemmMs, convolution };
process.stdout.write(JSON.stringify(result));
