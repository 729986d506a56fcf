/**
 * The types of the intermediate representation. A node is an ONNX operator in the form it has at
 * {@link NEWEST_OPSET}; importers upgrade to it, exporters write from it, the executor runs it.
 */
import type { Tensor } from '@sconce/tensor';

/** The newest version of ONNX's default operator set, the one every node of the default domain speaks. */
export const NEWEST_OPSET = 28;

/** Names of ONNX's element types. Those a Tensor can have carry the tensor's dtype name. */
export const onnxElementTypes = [
  'undefined',
  'float32',
  'uint8',
  'int8',
  'uint16',
  'int16',
  'int32',
  'int64',
  'string',
  'bool',
  'float16',
  'float64',
  'uint32',
  'uint64',
  'complex64',
  'complex128',
  'bfloat16',
  'float8e4m3fn',
  'float8e4m3fnuz',
  'float8e5m2',
  'float8e5m2fnuz',
  'uint4',
  'int4',
  'float4e2m1',
  'float8e8m0',
  'uint2',
  'int2',
  'float6e2m3',
  'float6e3m2',
] as const;

/** Element type of a value; its index in {@link onnxElementTypes} is ONNX's `TensorProto.DataType` number. */
export type OnnxElementType = (typeof onnxElementTypes)[number];

/** A dimension: a size, a symbol, or `null` when nothing is known. */
export type Dimension = number | string | null;

/** What is known of a value before a run. */
export interface ValueInfo {
  readonly name: string;
  readonly dtype: OnnxElementType;
  /** Absent when even the rank is unknown. */
  readonly shape?: readonly Dimension[];
  readonly metadata?: ReadonlyMap<string, string>;
}

/** The value of an attribute with its kind. Integers beyond 2^53 are bigints. */
export type AttributeValue =
  | { readonly type: 'int'; readonly value: number | bigint }
  | { readonly type: 'float'; readonly value: number }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'tensor'; readonly value: Tensor }
  | { readonly type: 'ints'; readonly value: readonly (number | bigint)[] }
  | { readonly type: 'floats'; readonly value: readonly number[] }
  | { readonly type: 'strings'; readonly value: readonly string[] };

/** One operator call. Inputs and outputs are value names; an empty name is an absent optional one. */
export interface Node {
  name: string;
  opType: string;
  /** Empty for ONNX's default domain. */
  domain: string;
  inputs: string[];
  outputs: string[];
  attributes: Map<string, AttributeValue>;
  metadata: Map<string, string>;
}

/** A graph: named inputs, constants, nodes in any order, outputs. */
export interface Graph {
  name: string;
  /** Values to be fed. Initializers are never among them. */
  inputs: ValueInfo[];
  outputs: ValueInfo[];
  nodes: Node[];
  /** Constants by value name. */
  initializers: Map<string, Tensor>;
  /** What is known of values that are neither inputs nor outputs, initializers included. */
  valueInfo: Map<string, ValueInfo>;
  /** Metadata of the model. */
  metadata: Map<string, string>;
  /** Metadata of the graph itself. */
  graphMetadata: Map<string, string>;
  /** Version of the default domain that the nodes speak: always {@link NEWEST_OPSET}. */
  opset: number;
}

/** An operator's name with its domain, as messages show it: `Conv`, `com.microsoft::FusedConv`. */
export function operatorName(node: { readonly opType: string; readonly domain: string }): string {
  return node.domain === '' ? node.opType : `${node.domain}::${node.opType}`;
}
