// Makes a network runnable: weights packed, memory allocated, all layers recorded as one program.

import {
  allocate,
  type BlockedImage,
  blockedConv2d,
  blockedElements,
  blockedGlobalAveragePool,
  blockedPool2d,
  copyStrided,
  elementwise,
  fromBlocked,
  gemm,
  type Program,
  packConv2dWeights,
  recordProgram,
  type Slice,
  type Storage,
  toBlocked,
} from '@sconce/engine';
import type { Extent, Layer, Network } from './layers.ts';
import { type Place, type Plan, planNetwork } from './plan.ts';

/** A network that runs. */
export interface Built {
  readonly program: Program;
  /** Where images go in: contiguous channels, rows, columns. */
  readonly input: Storage;
  readonly outputs: ReadonlyMap<string, Storage>;
  /** Multiply-adds of the definition, twice. */
  readonly flops: number;
  readonly arenaBytes: number;
  dispose(): void;
}

/** A step of the program. */
interface Step {
  readonly name: string;
  run(): void;
}

/** What layers are built with. */
interface Workshop {
  readonly plan: Plan;
  image(name: string): BlockedImage;
  /** A storage that the network keeps. */
  own(elements: number): Storage;
  constant(values: Float32Array): Slice;
  output(name: string): Slice;
}

/** Builds a network whose layers are fused. */
export function build(network: Network, threads: number): Built {
  const plan = planNetwork(network);
  const owned: Storage[] = [];
  const own = (elements: number): Storage => {
    const storage = allocate(elements * 4);
    owned.push(storage);
    return storage;
  };
  const arena = own(plan.arenaBytes / 4);
  const apart = new Map(plan.apart.map((root) => [root, zeroed(own(elementsOf(plan.places.get(root)!)))]));
  const outputs = new Map(network.outputs.map((name) => [name, own(count(plan.extents.get(name)!))]));
  const workshop: Workshop = {
    plan,
    own,
    image: (name) => {
      const { shape, root, within } = plan.places.get(name)!;
      const storage = apart.get(root);
      if (storage !== undefined) return { ...shape, storage, offset: within };
      return { ...shape, storage: arena, offset: plan.offsets.get(root)! / 4 + within };
    },
    constant: (values) => {
      const storage = own(values.length);
      floatsOf(storage).set(values);
      return { storage, offset: 0 };
    },
    output: (name) => ({ storage: outputs.get(name)!, offset: 0 }),
  };
  const input = own(count(network.input.extent));
  const x = workshop.image(network.input.name);
  const steps: Step[] = [
    { name: 'input', run: () => toBlocked({ x: { storage: input, offset: 0 }, y: x }) },
    ...network.layers.flatMap((layer) => stepsOf(layer, network, workshop)),
  ];
  const program = recordProgram(
    (label) => {
      for (const { name, run } of steps) {
        label(name);
        run();
      }
    },
    { threads },
  );
  return {
    program,
    input,
    outputs,
    flops: network.layers.reduce((sum, layer) => sum + flopsOf(layer, plan), 0),
    arenaBytes: plan.arenaBytes,
    dispose: () => {
      program.dispose();
      for (const storage of owned) storage.dispose();
    },
  };
}

/** The storage of a float32 tensor as such. */
export function floatsOf(storage: Storage): Float32Array {
  const { buffer, byteOffset, byteLength } = storage.bytes();
  return new Float32Array(buffer, byteOffset, byteLength / 4);
}

function stepsOf(layer: Layer, { outputs }: Network, workshop: Workshop): Step[] {
  const leaves = outputs.includes(layer.output);
  const { image, output } = workshop;
  const [from, to] = [layer.inputs[0]!, layer.output];
  switch (layer.kind) {
    case 'convolution': {
      const step = convolutionStep(layer, workshop);
      return leaves ? [step, leave(to, workshop)] : [step];
    }
    case 'maxPool': {
      const { kernel, stride, padding } = layer;
      const operands = { kind: 'max', kernel, stride, padding, x: image(from), y: image(to) } as const;
      return [{ name: `maxPool ${to}`, run: () => blockedPool2d(operands) }];
    }
    case 'globalAverage': {
      const operands = { x: image(from), y: image(to) };
      return [{ name: `globalAverage ${to}`, run: () => blockedGlobalAveragePool(operands) }];
    }
    case 'flatten':
      return [{ name: `flatten ${to}`, run: flattening(image(from), image(to)) }];
    case 'linear': {
      const { storage, offset } = image(from);
      const k = layer.weights.length / layer.outputs;
      const [b, bias] = [workshop.constant(layer.weights), workshop.constant(layer.bias)];
      const c = leaves ? output(to) : image(to);
      const operands = { a: { storage, offset }, b, bias, c, m: 1, n: layer.outputs, k, transB: true };
      return [{ name: `linear ${to}`, run: () => gemm(operands) }];
    }
    case 'upsample':
      return [{ name: `upsample ${to}`, run: () => upsample(image(from), image(to), layer.factors) }];
    case 'sigmoid': {
      if (!leaves) throw new Error(`build: '${to}' (sigmoid) is no output`);
      const y = { ...output(to), strides: [1] };
      const shape = [count(workshop.plan.extents.get(to)!)];
      return [
        { name: `leave ${from}`, run: () => fromBlocked({ x: image(from), y: output(to) }) },
        { name: `sigmoid ${to}`, run: () => elementwise({ op: 'sigmoid', inputs: [y], output: y, shape }) },
      ];
    }
    case 'concatenation':
      return [];
    default:
      throw new Error(`build: '${to}' (${layer.kind}) is no layer that runs by itself`);
  }
}

function convolutionStep(layer: Layer & { kind: 'convolution' }, workshop: Workshop): Step {
  const { shape, method } = workshop.plan.methods.get(layer)!;
  const [w, bias] = [layer.weights, layer.bias].map(workshop.constant) as [Slice, Slice];
  const weights = packConv2dWeights({ ...shape, method, w, bias });
  const [x, y] = [workshop.image(layer.inputs[0]!), workshop.image(layer.output)];
  const residual = layer.residual && workshop.image(layer.residual);
  const { activation } = layer;
  const operands = { x, weights, y, ...(residual && { residual }), ...(activation && { activation }) };
  const { inChannels, outChannels, kernel, stride, outHeight, outWidth } = shape;
  const from = layer.groups > 1 ? `${inChannels}` : `${inChannels}->${outChannels}`;
  const size = `${kernel.join('x')}/${stride[0]} @${outHeight}x${outWidth}${residual ? ' +' : ''}`;
  return { name: `${method} ${from} ${size}`, run: () => blockedConv2d(operands) };
}

function leave(name: string, { image, output }: Workshop): Step {
  return { name: `leave ${name}`, run: () => fromBlocked({ x: image(name), y: output(name) }) };
}

/** One pixel is flat already, as long as blocks are whole: the linear layer reads it as it lies. */
function flattening(x: BlockedImage, y: BlockedImage): () => void {
  if (x.height * x.width !== 1 || x.channels % x.lanes !== 0) {
    return () => fromBlocked({ x, y });
  }
  const row = { strides: [1], storage: x.storage, offset: x.offset };
  const to = { strides: [1], storage: y.storage, offset: y.offset };
  return () => copyStrided({ from: row, to, shape: [x.channels], elementBytes: 4 });
}

/** One strided copy for each pixel that a pixel becomes. */
function upsample(x: BlockedImage, y: BlockedImage, [rows, columns]: readonly [number, number]): void {
  const geometry = ({ height, width, border: [top, bottom, left, right], lanes, offset }: BlockedImage) => {
    const row = (width + left + right) * lanes;
    return { row, first: offset + top * row + left * lanes, area: (height + top + bottom) * row };
  };
  const [from, to] = [geometry(x), geometry(y)];
  const blocks = Math.ceil(x.channels / x.lanes);
  const [fromBlock, toBlock] = [x, y].map((image) => blockedElements({ ...image, batch: 1 }) / blocks);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      copyStrided({
        from: { storage: x.storage, offset: from.first, strides: [fromBlock!, from.row, x.lanes, 1] },
        to: {
          storage: y.storage,
          offset: to.first + i * to.row + j * y.lanes,
          strides: [toBlock!, rows * to.row, columns * y.lanes, 1],
        },
        shape: [blocks, x.height, x.width, x.lanes],
        elementBytes: 4,
      });
    }
  }
}

function flopsOf(layer: Layer, { extents }: Plan): number {
  if (layer.kind === 'linear') return 2 * layer.weights.length;
  if (layer.kind !== 'convolution') return 0;
  const [, height, width] = extents.get(layer.output)!;
  return 2 * layer.weights.length * height * width;
}

function zeroed(storage: Storage): Storage {
  storage.bytes().fill(0);
  return storage;
}

function elementsOf({ shape }: Place): number {
  return blockedElements(shape);
}

function count(extent: Extent): number {
  return extent.reduce((product, size) => product * size, 1);
}
