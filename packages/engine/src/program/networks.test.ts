import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { blockedConv2d } from '../kernels/blocked/conv2d.ts';
import { blockedGlobalAveragePool } from '../kernels/blocked/global-average-pool.ts';
import { type BlockedImage, blockedElements, blockedLanes } from '../kernels/blocked/image.ts';
import { fromBlocked, toBlocked } from '../kernels/blocked/layout.ts';
import { chooseConv2d, conv2dBorder } from '../kernels/blocked/method.ts';
import { packConv2dWeights } from '../kernels/blocked/pack.ts';
import { blockedPool2d } from '../kernels/blocked/pool2d.ts';
import { gemm } from '../kernels/gemm.ts';
import { softmax } from '../kernels/softmax.ts';
import { allocate } from '../memory/allocate.ts';
import { withExecutor } from '../runtime/executor.ts';
import { numbers } from '../testing/operands.ts';
import { closeProgramTargets, makeProgramTargets } from '../testing/program-targets.ts';
import type { Padding, Slice } from '../types.ts';
import { planMemory } from './plan-memory.ts';
import { recordProgram } from './program.ts';

const made = makeProgramTargets();
afterAll(() => closeProgramTargets(made));

/** A convolution or a pool of a random network. */
interface Layer {
  readonly kind: 'convolution' | 'depthwise' | 'pool';
  readonly channels: number;
  readonly kernel: number;
  readonly stride: number;
  readonly relu: boolean;
  /** Whether its input is added, where extents allow. */
  readonly residual: boolean;
}

const layer: fc.Arbitrary<Layer> = fc.record({
  kind: fc.constantFrom('convolution', 'convolution', 'depthwise', 'pool'),
  channels: fc.constantFrom(8, 16, 20, 32, 48),
  kernel: fc.constantFrom(1, 3, 5),
  stride: fc.constantFrom(1, 1, 2),
  relu: fc.boolean(),
  residual: fc.boolean(),
});

const network = fc.record({
  size: fc.integer({ min: 4, max: 40 }),
  layers: fc.array(layer, { minLength: 1, maxLength: 6 }),
  classes: fc.integer({ min: 1, max: 40 }),
  seed: fc.nat(1000),
});

const CHANNELS = 3;

function slice(values: Float32Array): Slice {
  const storage = allocate(values.byteLength);
  storage.bytes().set(new Uint8Array(values.buffer));
  return { storage, offset: 0 };
}

/** Builds a network whose images share an arena, and a function that runs it. */
function build({ size, layers, classes, seed }: typeof network extends fc.Arbitrary<infer T> ? T : never) {
  const lanes = blockedLanes();
  const border: Padding = [2, 4, 2, 4];
  const shapes = [{ batch: 1, channels: CHANNELS, height: size, width: size, lanes: 1, border }];
  let next = seed;
  const plans = layers.map((one, i) => {
    const from = shapes.at(-1)!;
    // Planes are read by the first convolution only.
    const kind = i === 0 ? 'convolution' : one.kind;
    const outChannels = kind === 'convolution' ? one.channels : from.channels;
    const pad = one.kernel >> 1;
    const out = Math.floor((from.height + 2 * pad - one.kernel) / one.stride) + 1;
    const windows = {
      kernel: [one.kernel, one.kernel],
      stride: [one.stride, one.stride],
      padding: [pad, pad, pad, pad],
    } as const;
    const groups = kind === 'depthwise' ? from.channels : 1;
    const shape = {
      ...{ batch: 1, inChannels: from.channels, inHeight: from.height, inWidth: from.width },
      ...{ outChannels, outHeight: out, outWidth: out, dilation: [1, 1] as const, groups },
      ...windows,
    };
    shapes.push({ batch: 1, channels: outChannels, height: out, width: out, lanes, border });
    if (kind === 'pool') return { kind, windows, one };
    const method = i === 0 ? 'planar' : chooseConv2d(shape);
    // Some borders are too small for some methods, which copy their input then.
    expect(conv2dBorder(shape, method)[0]).toBeLessThanOrEqual(2);
    const elements = ((outChannels * from.channels) / groups) * one.kernel ** 2;
    const weights = packConv2dWeights({
      ...shape,
      method,
      w: slice(numbers(next++, elements)),
      bias: slice(numbers(next++, outChannels)),
    });
    return { kind, weights, one };
  });
  const last = shapes.at(-1)!;
  shapes.push({ ...last, height: 1, width: 1, border: [0, 0, 0, 0] });
  const { offsets, bytes } = planMemory(
    shapes.map((shape, i) => ({ bytes: blockedElements(shape) * 4, first: i, last: i + 1 })),
  );
  const arena = allocate(bytes);
  const images = shapes.map(
    (shape, i): BlockedImage => ({ ...shape, storage: arena, offset: offsets[i]! / 4 }),
  );
  const [input, plain] = [CHANNELS * size ** 2, last.channels].map((count) => slice(new Float32Array(count)));
  const [w, logits, y] = [
    slice(numbers(next, classes * last.channels)),
    slice(new Float32Array(classes)),
    slice(new Float32Array(classes)),
  ];
  const run = (): void => {
    toBlocked({ x: input!, y: images[0]! });
    for (const [i, plan] of plans.entries()) {
      const [x, to] = [images[i]!, images[i + 1]!];
      if (plan.kind === 'pool') {
        blockedPool2d({ kind: plan.one.relu ? 'max' : 'average', x, y: to, ...plan.windows });
        continue;
      }
      const same = (['channels', 'height', 'width', 'lanes'] as const).every((key) => x[key] === to[key]);
      blockedConv2d({
        x,
        weights: plan.weights,
        y: to,
        ...(plan.one.residual && same && { residual: x }),
        ...(plan.one.relu && { activation: { kind: 'relu' } }),
      });
    }
    const [features, average] = images.slice(-2) as [BlockedImage, BlockedImage];
    blockedGlobalAveragePool({ x: features, y: average });
    fromBlocked({ x: average, y: plain! });
    gemm({ a: plain!, b: w, c: logits, m: 1, n: classes, k: last.channels, transB: true });
    softmax({ x: logits, y, outer: 1, size: classes, inner: 1 });
  };
  return { input: input!, y, run };
}

describe.each(made)('networks on $name', ({ executor }) => {
  it('give the same bits as one program and layer by layer, whatever the arena held before', () => {
    fc.assert(
      fc.property(network, (drawn) =>
        withExecutor(executor, () => {
          const { input, y, run } = build(drawn);
          const program = recordProgram(run);
          for (const seed of [drawn.seed + 100, drawn.seed + 200]) {
            const image = numbers(seed, CHANNELS * drawn.size ** 2);
            input.storage.bytes().set(new Uint8Array(image.buffer));
            run();
            const expected = y.storage.bytes().slice();
            y.storage.bytes().fill(0);
            program.run();
            expect(y.storage.bytes().slice()).toEqual(expected);
          }
          program.dispose();
        }),
      ),
      { numRuns: 25 },
    );
  }, 60_000);
});
