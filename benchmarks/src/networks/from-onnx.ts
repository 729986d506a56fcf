// Reads a network from an ONNX model: one layer for each node, operators that convolutional networks for images have.

import type { Pair } from '@sconce/engine';
import { DataType, decodeModel, type NodeProto, type TensorProto } from '@sconce/onnx-proto';
import type { Extent, Layer, Network } from './layers.ts';

interface Constant {
  readonly dims: readonly number[];
  readonly data: Float32Array;
}

/** A node with its attributes and constants at hand. */
interface Reader {
  readonly node: NodeProto;
  readonly inputs: readonly string[];
  readonly output: string;
  ints(name: string, otherwise: readonly number[]): readonly number[];
  float(name: string, otherwise: number): number;
  constant(input: number): Constant | undefined;
  fail(problem: string): never;
}

type Read = (node: Reader) => Layer;

const operators: Readonly<Record<string, Read>> = {
  Conv: (node) => {
    const { dims, data } = required(node, 1);
    const [outputs, , ...kernel] = dims;
    return {
      kind: 'convolution',
      ...between(node, 1),
      shape: dims as [number, number, number, number],
      weights: data,
      bias: node.constant(2)?.data ?? new Float32Array(outputs!),
      stride: pair(node.ints('strides', [1, 1])),
      padding: sides(node.ints('pads', [0, 0, 0, 0])),
      dilation: pair(
        node.ints(
          'dilations',
          kernel.map(() => 1),
        ),
      ),
      groups: node.ints('group', [1])[0]!,
    };
  },
  BatchNormalization: (node) => {
    const [weight, bias, mean, variance] = [1, 2, 3, 4].map((input) => required(node, input).data);
    const epsilon = node.float('epsilon', 1e-5);
    const scale = weight!.map((value, i) => value / Math.sqrt(variance![i]! + epsilon));
    return {
      kind: 'affine',
      ...between(node, 1),
      scale,
      shift: bias!.map((value, i) => value - mean![i]! * scale[i]!),
    };
  },
  Relu: (node) => ({ kind: 'activation', ...between(node), activation: { kind: 'relu' } }),
  Clip: (node) => {
    const [min, max] = [required(node, 1).data[0]!, required(node, 2).data[0]!];
    return { kind: 'activation', ...between(node, 1), activation: { kind: 'clamp', min, max } };
  },
  Add: (node) => ({ kind: 'addition', ...between(node, 2) }),
  Mul: (node) => ({ kind: 'scale', ...between(node, 1), factor: required(node, 1).data[0]! }),
  MaxPool: (node) => ({
    kind: 'maxPool',
    ...between(node, 1),
    kernel: pair(node.ints('kernel_shape', [])),
    stride: pair(node.ints('strides', [1, 1])),
    padding: sides(node.ints('pads', [0, 0, 0, 0])),
  }),
  GlobalAveragePool: (node) => ({ kind: 'globalAverage', ...between(node) }),
  Flatten: (node) => ({ kind: 'flatten', ...between(node) }),
  Sigmoid: (node) => ({ kind: 'sigmoid', ...between(node) }),
  Concat: (node) => ({ kind: 'concatenation', ...between(node, node.inputs.length) }),
  Resize: (node) => {
    const [, , height, width] = required(node, 2).data;
    return { kind: 'upsample', ...between(node, 1), factors: [height!, width!] };
  },
  Gemm: (node) => {
    if (node.ints('transB', [0])[0] !== 1) node.fail('transB is 0, expected 1');
    const { dims, data } = required(node, 1);
    const bias = node.constant(2)?.data ?? new Float32Array(dims[0]!);
    return { kind: 'linear', ...between(node, 1), outputs: dims[0]!, weights: data, bias };
  },
};

function between({ inputs, output }: Reader, count = 1): Pick<Layer, 'inputs' | 'output'> {
  return { inputs: inputs.slice(0, count), output };
}

function required(node: Reader, input: number): Constant {
  return node.constant(input) ?? node.fail(`input ${input} is no constant`);
}

const pair = ([height, width]: readonly number[]): Pair => [height!, width!];

/** ONNX says top, left, bottom, right. */
const sides = ([top, left, bottom, right]: readonly number[]) => [top!, bottom!, left!, right!] as const;

/** @throws Error naming the node that is no layer of such networks */
export function readNetwork(model: Uint8Array, extent: Extent): Network {
  const { graph } = decodeModel(model);
  if (graph === undefined) throw new Error('readNetwork: the model has no graph');
  const constants = new Map(graph.initializer.map((tensor) => [tensor.name, tensor]));
  const layers = graph.node.map((node) => {
    const read = operators[node.opType ?? ''];
    const reader = readerOf(node, constants);
    return read?.(reader) ?? reader.fail('there is no such layer');
  });
  return {
    input: { name: graph.input[0]!.name!, extent },
    layers,
    outputs: graph.output.map(({ name }) => name!),
  };
}

function readerOf(node: NodeProto, constants: ReadonlyMap<string | undefined, TensorProto>): Reader {
  const attribute = (name: string) => node.attribute.find((one) => one.name === name);
  return {
    node,
    inputs: node.input,
    output: node.output[0]!,
    ints: (name, otherwise) => {
      const found = attribute(name);
      if (found === undefined) return otherwise;
      return found.ints.length > 0 ? found.ints.map(Number) : [Number(found.i)];
    },
    float: (name, otherwise) => attribute(name)?.f ?? otherwise,
    constant: (input) => {
      const tensor = constants.get(node.input[input]);
      return tensor && { dims: tensor.dims, data: floatsOf(tensor) };
    },
    fail: (problem) => {
      throw new Error(`readNetwork: node '${node.name}' (${node.opType}): ${problem}`);
    },
  };
}

function floatsOf({ name, dataType, rawData, floatData }: TensorProto): Float32Array {
  if (dataType !== DataType.FLOAT) throw new Error(`readNetwork: constant '${name}' is not float32`);
  return rawData === undefined ? floatData : new Float32Array(rawData.slice().buffer);
}
