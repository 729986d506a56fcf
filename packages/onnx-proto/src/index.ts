/** The ONNX schema (IR version 14), read and written: the face of `@sconce/onnx-proto`. */
import { decode } from './decode.ts';
import { type Encodable, encode } from './encode.ts';
import { OnnxFormatError } from './errors.ts';
import type {
  FunctionProto,
  GraphProto,
  ModelProto,
  NodeProto,
  OptionalProto,
  SequenceProto,
  SparseTensorProto,
  TensorProto,
  TypeProto,
} from './onnx.gen.ts';

export { decode } from './decode.ts';
export { type Encodable, encode } from './encode.ts';
export { OnnxFormatError } from './errors.ts';
export type * from './onnx.gen.ts';
export {
  AttributeProtoAttributeType as AttributeType,
  OperatorStatus,
  OptionalProtoDataType as OptionalDataType,
  SequenceProtoDataType as SequenceDataType,
  TensorProtoDataLocation as DataLocation,
  TensorProtoDataType as DataType,
} from './onnx.gen.ts';

/** The newest IR version of ONNX that the schema covers. */
export const IR_VERSION = 14;

/**
 * Reads an `.onnx` file. Large tensors (`rawData`) are views of `bytes`, not copies.
 *
 * @throws {OnnxFormatError} when the bytes are no ONNX model, with path and offset.
 */
export function decodeModel(bytes: Uint8Array): ModelProto {
  const model = decode('ModelProto', bytes);
  if (model.graph === undefined && model.functions.length === 0) {
    const what = bytes.length === 0 ? 'the file is empty' : 'holds no graph';
    throw new OnnxFormatError('ModelProto', `${what}, expected an ONNX model`, bytes.length);
  }
  return model;
}

/** Writes an `.onnx` file. Throws {@link OnnxFormatError} naming the field that holds a value of the wrong type. */
export const encodeModel = (model: Encodable<ModelProto>): Uint8Array => encode('ModelProto', model);

/** Reads a GraphProto. Throws {@link OnnxFormatError}. */
export const decodeGraph = (bytes: Uint8Array): GraphProto => decode('GraphProto', bytes);
/** Writes a GraphProto. Throws {@link OnnxFormatError}. */
export const encodeGraph = (graph: Encodable<GraphProto>): Uint8Array => encode('GraphProto', graph);

/** Reads a NodeProto. Throws {@link OnnxFormatError}. */
export const decodeNode = (bytes: Uint8Array): NodeProto => decode('NodeProto', bytes);
/** Writes a NodeProto. Throws {@link OnnxFormatError}. */
export const encodeNode = (node: Encodable<NodeProto>): Uint8Array => encode('NodeProto', node);

/** Reads a FunctionProto. Throws {@link OnnxFormatError}. */
export const decodeFunction = (bytes: Uint8Array): FunctionProto => decode('FunctionProto', bytes);
/** Writes a FunctionProto. Throws {@link OnnxFormatError}. */
export const encodeFunction = (value: Encodable<FunctionProto>): Uint8Array => encode('FunctionProto', value);

/** Reads a TensorProto, as in the `.pb` files of ONNX's test data. Throws {@link OnnxFormatError}. */
export const decodeTensor = (bytes: Uint8Array): TensorProto => decode('TensorProto', bytes);
/** Writes a TensorProto. Throws {@link OnnxFormatError}. */
export const encodeTensor = (tensor: Encodable<TensorProto>): Uint8Array => encode('TensorProto', tensor);

/** Reads a SparseTensorProto. Throws {@link OnnxFormatError}. */
export const decodeSparseTensor = (bytes: Uint8Array): SparseTensorProto =>
  decode('SparseTensorProto', bytes);
/** Writes a SparseTensorProto. Throws {@link OnnxFormatError}. */
export const encodeSparseTensor = (tensor: Encodable<SparseTensorProto>): Uint8Array =>
  encode('SparseTensorProto', tensor);

/** Reads a TypeProto. Throws {@link OnnxFormatError}. */
export const decodeType = (bytes: Uint8Array): TypeProto => decode('TypeProto', bytes);
/** Writes a TypeProto. Throws {@link OnnxFormatError}. */
export const encodeType = (type: Encodable<TypeProto>): Uint8Array => encode('TypeProto', type);

/** Reads a SequenceProto, as in the `.pb` files of ONNX's test data. Throws {@link OnnxFormatError}. */
export const decodeSequence = (bytes: Uint8Array): SequenceProto => decode('SequenceProto', bytes);
/** Writes a SequenceProto. Throws {@link OnnxFormatError}. */
export const encodeSequence = (sequence: Encodable<SequenceProto>): Uint8Array =>
  encode('SequenceProto', sequence);

/** Reads an OptionalProto, as in the `.pb` files of ONNX's test data. Throws {@link OnnxFormatError}. */
export const decodeOptional = (bytes: Uint8Array): OptionalProto => decode('OptionalProto', bytes);
/** Writes an OptionalProto. Throws {@link OnnxFormatError}. */
export const encodeOptional = (optional: Encodable<OptionalProto>): Uint8Array =>
  encode('OptionalProto', optional);
