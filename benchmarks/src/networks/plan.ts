// Plans a network: the extent of every tensor, the method of every convolution, the borders that readers want, and where
// everything lies in one arena.

import {
  type BlockedShape,
  blockedElements,
  blockedLanes,
  type Conv2dMethod,
  type ConvolutionShape,
  chooseConv2d,
  conv2dBorder,
  type Padding,
  planMemory,
} from '@sconce/engine';
import type { Convolution, Extent, Layer, Network } from './layers.ts';

/** Where a tensor lies. */
export interface Place {
  readonly shape: BlockedShape;
  /** The tensor whose memory it is part of: its own name, or that of a concatenation. */
  readonly root: string;
  /** Elements from the start of the root's memory. */
  readonly within: number;
}

export interface Plan {
  readonly extents: ReadonlyMap<string, Extent>;
  readonly methods: ReadonlyMap<
    Convolution,
    { readonly shape: ConvolutionShape; readonly method: Conv2dMethod }
  >;
  readonly places: ReadonlyMap<string, Place>;
  /** Bytes before each root in the arena. */
  readonly offsets: ReadonlyMap<string, number>;
  readonly arenaBytes: number;
  /** Roots that need memory of their own, whose border nobody writes. */
  readonly apart: readonly string[];
}

/** @throws Error for layers that no fusion has taken away and no kernel computes */
export function planNetwork(network: Network): Plan {
  const extents = extentsOf(network);
  const methods: Map<Convolution, { shape: ConvolutionShape; method: Conv2dMethod }> = new Map();
  const borders = new Map<string, Padding>();
  const lanes = new Map<string, number>();
  for (const layer of network.layers) {
    if (layer.kind !== 'convolution') continue;
    const [name] = layer.inputs as [string];
    const shape = convolutionShape(layer, extents.get(name)!, extents.get(layer.output)!);
    const method = chooseConv2d(shape);
    methods.set(layer, { shape, method });
    if (method === 'planar') lanes.set(name, 1);
    const wanted = conv2dBorder(shape, method);
    const other = borders.get(name) ?? wanted;
    borders.set(name, wanted.map((size, side) => Math.max(size, other[side]!)) as unknown as Padding);
  }
  const shapeOf = (name: string, root: string): BlockedShape => {
    const [channels, height, width] = extents.get(name)!;
    const border = borders.get(root) ?? ([0, 0, 0, 0] as const);
    return { batch: 1, channels, height, width, border, lanes: lanes.get(root) ?? blockedLanes() };
  };
  const places = new Map<string, Place>();
  for (const name of extents.keys()) places.set(name, { shape: shapeOf(name, name), root: name, within: 0 });
  for (const layer of network.layers) if (layer.kind === 'concatenation') joinParts(layer, shapeOf, places);

  const apart = network.layers
    .filter(({ kind }) => kind === 'upsample')
    .map(({ output }) => places.get(output)!.root);
  const uses = usesOf(network, places);
  const shared = [...uses.keys()].filter((root) => !apart.includes(root));
  const { offsets, bytes } = planMemory(
    shared.map((root) => ({ bytes: blockedElements(places.get(root)!.shape) * 4, ...uses.get(root)! })),
  );
  return {
    extents,
    methods,
    places,
    offsets: new Map(shared.map((root, i) => [root, offsets[i]!])),
    arenaBytes: bytes,
    apart,
  };
}

/** What is concatenated is written in place: its channels are whole blocks of the result. */
function joinParts(
  { inputs, output }: Layer,
  shapeOf: (name: string, root: string) => BlockedShape,
  places: Map<string, Place>,
): void {
  let within = 0;
  for (const [i, name] of inputs.entries()) {
    const shape = shapeOf(name, output);
    if (i < inputs.length - 1 && shape.channels % shape.lanes !== 0) {
      throw new Error(
        `planNetwork: '${name}' has ${shape.channels} channels, expected whole blocks to be concatenated`,
      );
    }
    places.set(name, { shape, root: output, within });
    within += blockedElements(shape);
  }
}

/** First and last layer that touch each root. */
function usesOf(
  { input, layers, outputs }: Network,
  places: ReadonlyMap<string, Place>,
): Map<string, { first: number; last: number }> {
  const uses = new Map<string, { first: number; last: number }>();
  const use = (name: string, at: number): void => {
    const { root } = places.get(name)!;
    const { first } = uses.get(root) ?? { first: at };
    uses.set(root, { first, last: at });
  };
  use(input.name, 0);
  layers.forEach(({ inputs, output }, at) => {
    for (const name of [...inputs, output]) use(name, at);
  });
  for (const name of outputs) use(name, layers.length);
  return uses;
}

function convolutionShape(layer: Convolution, from: Extent, to: Extent): ConvolutionShape {
  const { stride, padding, dilation, groups } = layer;
  const [, , height, width] = layer.shape;
  return {
    batch: 1,
    ...{ inChannels: from[0], inHeight: from[1], inWidth: from[2] },
    ...{ outChannels: to[0], outHeight: to[1], outWidth: to[2] },
    kernel: [height, width],
    ...{ stride, padding, dilation, groups },
  };
}

function extentsOf({ input, layers }: Network): Map<string, Extent> {
  const extents = new Map<string, Extent>([[input.name, input.extent]]);
  for (const layer of layers) {
    const inputs = layer.inputs.map((name) => {
      const extent = extents.get(name);
      if (extent === undefined) throw new Error(`planNetwork: '${name}' is read before it is made`);
      return extent;
    });
    extents.set(layer.output, extentOf(layer, inputs));
  }
  return extents;
}

function extentOf(layer: Layer, inputs: readonly Extent[]): Extent {
  const [channels, height, width] = inputs[0]!;
  const windows = (
    kernel: readonly number[],
    stride: readonly number[],
    padding: Padding,
    dilation = [1, 1],
  ) =>
    [height, width].map((size, axis) => {
      const padded = size + padding[2 * axis]! + padding[2 * axis + 1]!;
      return Math.floor((padded - (kernel[axis]! - 1) * dilation[axis]! - 1) / stride[axis]!) + 1;
    }) as [number, number];
  switch (layer.kind) {
    case 'convolution': {
      const [outputs, , ...kernel] = layer.shape;
      return [outputs, ...windows(kernel, layer.stride, layer.padding, [...layer.dilation])];
    }
    case 'maxPool':
      return [channels, ...windows(layer.kernel, layer.stride, layer.padding)];
    case 'globalAverage':
      return [channels, 1, 1];
    case 'flatten':
      return [channels * height * width, 1, 1];
    case 'linear':
      return [layer.outputs, 1, 1];
    case 'upsample':
      return [channels, height * layer.factors[0], width * layer.factors[1]];
    case 'concatenation':
      return [inputs.reduce((sum, [count]) => sum + count, 0), height, width];
    case 'sigmoid':
      return [channels, height, width];
    case 'affine':
    case 'activation':
    case 'addition':
    case 'scale':
      throw new Error(
        `planNetwork: '${layer.output}' (${layer.kind}) follows no convolution that it can be fused with`,
      );
  }
}
