import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { assertSameResults } from '../compare.ts';
import { encodeSmallModel, type ModelNode } from '../onnx-model.ts';
import { PeerRun } from '../peer.ts';
import { fillUniform } from '../random.ts';
import { build, floatsOf } from './build.ts';
import { readNetwork } from './from-onnx.ts';
import { fuse } from './fuse.ts';
import type { Extent, Network } from './layers.ts';
import { planNetwork } from './plan.ts';
import { resnet18 } from './resnet18.ts';

const kinds = ({ layers }: Network): Record<string, number> =>
  Object.fromEntries([...Map.groupBy(layers, ({ kind }) => kind)].map(([kind, all]) => [kind, all.length]));

const residuals = ({ layers }: Network): number =>
  layers.filter((layer) => layer.kind === 'convolution' && layer.residual !== undefined).length;

/** Runs a model on both sides. */
async function compare(model: Uint8Array, extent: Extent): Promise<void> {
  const network = fuse(readNetwork(model, extent));
  const data = new Float32Array(extent.reduce((product, size) => product * size, 1));
  fillUniform(data, [-1, 1], 1);
  const peer = await PeerRun.create(model, { [network.input.name]: { shape: [1, ...extent], data } }, 1);
  const built = build(network, 1);
  try {
    floatsOf(built.input).set(data);
    // What one run leaves in the arena must not matter to the next.
    for (let run = 0; run < 2; run++) built.program.run();
    for (const [name, storage] of built.outputs) {
      assertSameResults(name, floatsOf(storage), peer.outputs[name]!.data, 1e-4);
    }
  } finally {
    built.dispose();
    await peer.release();
  }
}

describe('networks as programs', () => {
  it('leave of ResNet-18 convolutions with everything in their epilogues', () => {
    const read = readNetwork(resnet18(), [3, 224, 224]);
    expect(kinds(read)).toMatchObject({ convolution: 20, affine: 20, addition: 8, activation: 17 });
    const fused = fuse(read);
    expect(kinds(fused)).toEqual({ convolution: 20, maxPool: 1, globalAverage: 1, flatten: 1, linear: 1 });
    expect(residuals(fused)).toBe(8);
  });

  it('share an arena in which no tensor is written over that is still read', () => {
    const network = fuse(readNetwork(resnet18(), [3, 224, 224]));
    const { places, offsets, arenaBytes } = planNetwork(network);
    const written = new Map<string, readonly [number, number]>();
    const range = (name: string): readonly [number, number] => {
      const { root, shape } = places.get(name)!;
      const first = offsets.get(root)!;
      return [first, first + shape.channels * shape.height * shape.width * 4];
    };
    let all = 0;
    for (const { inputs, output } of network.layers) {
      for (const name of inputs) {
        if (name !== network.input.name) expect(written.get(name)).toEqual(range(name));
      }
      const [first, end] = range(output);
      for (const [name, [start, stop]] of written) if (start < end && first < stop) written.delete(name);
      written.set(output, [first, end]);
      expect(end).toBeLessThanOrEqual(arenaBytes);
      all += end - first;
    }
    expect(arenaBytes).toBeLessThan(all / 2);
  });

  it('compute what onnxruntime computes of the cat detector', async () => {
    const detector = new URL('../../../fixtures/models/cat-detector/dynamo.onnx', import.meta.url);
    await compare(await readFile(fileURLToPath(detector)), [3, 96, 64]);
  }, 60_000);

  it('compute what onnxruntime computes of branches, residuals and a head', async () => {
    const constants: Record<string, { shape: readonly number[]; data: Float32Array }> = {};
    const constant = (name: string, shape: readonly number[], low = -0.5, high = 0.5): string => {
      const data = new Float32Array(shape.reduce((product, size) => product * size, 1));
      fillUniform(data, [low, high], Object.keys(constants).length);
      constants[name] = { shape, data };
      return name;
    };
    const nodes: ModelNode[] = [];
    const add = (op: string, inputs: readonly string[], attributes: ModelNode['attributes'] = {}): string => {
      const output = `t${nodes.length}`;
      nodes.push({ op, inputs, output, attributes });
      return output;
    };
    const convolution = (x: string, from: number, to: number, size: number, stride: number): string => {
      const w = constant(`w${nodes.length}`, [to, from, size, size]);
      const pads = { ints: Array(4).fill(size >> 1) };
      const y = add('Conv', [x, w], { strides: { ints: [stride, stride] }, pads });
      const [scale, shift, mean] = ['scale', 'shift', 'mean'].map((n) =>
        constant(`${n}${nodes.length}`, [to]),
      );
      const variance = constant(`variance${nodes.length}`, [to], 0.5, 1.5);
      return add('BatchNormalization', [y, scale!, shift!, mean!, variance]);
    };
    const stem = add('Relu', [convolution('image', 3, 24, 3, 2)]);
    const pool = { kernel_shape: { ints: [2, 2] }, strides: { ints: [2, 2] } };
    const small = add('MaxPool', [stem], pool);
    const left = convolution(small, 24, 40, 3, 1);
    const right = convolution(small, 24, 40, 1, 1);
    const sum = add('Relu', [add('Add', [left, right])]);
    const again = add('Relu', [add('Add', [sum, convolution(sum, 40, 40, 3, 1)])]);
    const flat = add('Flatten', [add('GlobalAveragePool', [again])]);
    const head = [flat, constant('fc', [7, 40]), constant('bias', [7])];
    nodes.push({ op: 'Gemm', inputs: head, output: 'y', attributes: { transB: { int: 1 } } });
    const inputs = { image: [1, 3, 30, 26] };
    await compare(
      encodeSmallModel({ nodes, inputs, constants, output: { name: 'y', shape: [1, 7] } }),
      [3, 30, 26],
    );
  }, 60_000);

  it('say what they have no layer for', () => {
    const model = encodeSmallModel({
      nodes: [{ op: 'Tanh', inputs: ['x'], output: 'y' }],
      inputs: { x: [1, 3, 4, 4] },
      constants: {},
      output: { name: 'y', shape: [1, 3, 4, 4] },
    });
    expect(() => readNetwork(model, [3, 4, 4])).toThrow(
      "readNetwork: node 'y' (Tanh): there is no such layer",
    );
  });

  it('say which layer nothing computes by itself', () => {
    const model = encodeSmallModel({
      nodes: [{ op: 'Relu', inputs: ['x'], output: 'y' }],
      inputs: { x: [1, 3, 4, 4] },
      constants: {},
      output: { name: 'y', shape: [1, 3, 4, 4] },
    });
    expect(() => planNetwork(fuse(readNetwork(model, [3, 4, 4])))).toThrow(
      "planNetwork: 'y' (activation) follows no convolution that it can be fused with",
    );
  });
});
