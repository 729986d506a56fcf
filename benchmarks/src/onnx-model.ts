// Small ONNX models made in code: what the peer runs.

import { AttributeType, DataType, type Encodable, encodeModel, type NodeProto } from '@sconce/onnx-proto';

/** An attribute's value under its type. */
type Attribute =
  | { readonly string: string }
  | { readonly int: number }
  | { readonly float: number }
  | { readonly ints: readonly number[] };

/** One operator of the default domain. */
export interface ModelNode {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly output: string;
  readonly attributes?: Readonly<Record<string, Attribute>>;
}

/** A constant of the model: float32, or int64 for shapes and axes. */
interface ModelConstant {
  readonly shape: readonly number[];
  readonly data: Float32Array | BigInt64Array;
}

/** A model of float32 inputs and one output, float32 unless it says so. */
export interface SmallModel {
  readonly nodes: readonly ModelNode[];
  readonly inputs: Readonly<Record<string, readonly number[]>>;
  readonly constants: Readonly<Record<string, ModelConstant>>;
  readonly output: { readonly name: string; readonly shape: readonly number[]; readonly dtype?: 'int64' };
}

/** IR version and opset that onnxruntime 1.30 supports and that have every operator used here. */
const VERSIONS = { ir: 10, opset: 20 } as const;

/** Writes a model. */
export function encodeSmallModel(model: SmallModel): Uint8Array {
  return encodeModel({
    irVersion: VERSIONS.ir,
    producerName: 'sconce-benchmarks',
    opsetImport: [{ domain: '', version: VERSIONS.opset }],
    graph: {
      name: 'benchmark',
      node: model.nodes.map(nodeProto),
      input: Object.entries(model.inputs).map(([name, shape]) => value(name, shape)),
      output: [value(model.output.name, model.output.shape, model.output.dtype)],
      initializer: Object.entries(model.constants).map(([name, { shape, data }]) => ({
        name,
        dims: shape,
        dataType: data instanceof Float32Array ? DataType.FLOAT : DataType.INT64,
        rawData: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
      })),
    },
  });
}

function nodeProto(node: ModelNode): Encodable<NodeProto> {
  return {
    opType: node.op,
    name: node.output,
    input: node.inputs,
    output: [node.output],
    attribute: Object.entries(node.attributes ?? {}).map(([name, value]) => {
      if ('int' in value) return { name, type: AttributeType.INT, i: value.int };
      if ('string' in value)
        return { name, type: AttributeType.STRING, s: new TextEncoder().encode(value.string) };
      if ('float' in value) return { name, type: AttributeType.FLOAT, f: value.float };
      return { name, type: AttributeType.INTS, ints: value.ints };
    }),
  };
}

const value = (name: string, shape: readonly number[], dtype?: 'int64') => ({
  name,
  type: {
    tensorType: {
      elemType: dtype === 'int64' ? DataType.INT64 : DataType.FLOAT,
      shape: { dim: shape.map((size) => ({ dimValue: size })) },
    },
  },
});
