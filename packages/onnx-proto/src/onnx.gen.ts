/** Made from `onnx.proto` by `generate/generate.ts`: the messages, enums and field table of ONNX. Not edited by hand. */
import type { Schema } from './schema.ts';

/** ONNX enum `AttributeProto.AttributeType`. */
export const AttributeProtoAttributeType = {
  UNDEFINED: 0,
  FLOAT: 1,
  INT: 2,
  STRING: 3,
  TENSOR: 4,
  GRAPH: 5,
  FLOATS: 6,
  INTS: 7,
  STRINGS: 8,
  TENSORS: 9,
  GRAPHS: 10,
  SPARSE_TENSOR: 11,
  SPARSE_TENSORS: 12,
  TYPE_PROTO: 13,
  TYPE_PROTOS: 14,
} as const;

/** ONNX enum `TensorProto.DataType`. */
export const TensorProtoDataType = {
  UNDEFINED: 0,
  FLOAT: 1,
  UINT8: 2,
  INT8: 3,
  UINT16: 4,
  INT16: 5,
  INT32: 6,
  INT64: 7,
  STRING: 8,
  BOOL: 9,
  FLOAT16: 10,
  DOUBLE: 11,
  UINT32: 12,
  UINT64: 13,
  COMPLEX64: 14,
  COMPLEX128: 15,
  BFLOAT16: 16,
  FLOAT8E4M3FN: 17,
  FLOAT8E4M3FNUZ: 18,
  FLOAT8E5M2: 19,
  FLOAT8E5M2FNUZ: 20,
  UINT4: 21,
  INT4: 22,
  FLOAT4E2M1: 23,
  FLOAT8E8M0: 24,
  UINT2: 25,
  INT2: 26,
  FLOAT6E2M3: 27,
  FLOAT6E3M2: 28,
} as const;

/** ONNX enum `TensorProto.DataLocation`. */
export const TensorProtoDataLocation = {
  DEFAULT: 0,
  EXTERNAL: 1,
} as const;

/** ONNX enum `SequenceProto.DataType`. */
export const SequenceProtoDataType = {
  UNDEFINED: 0,
  TENSOR: 1,
  SPARSE_TENSOR: 2,
  SEQUENCE: 3,
  MAP: 4,
  OPTIONAL: 5,
} as const;

/** ONNX enum `OptionalProto.DataType`. */
export const OptionalProtoDataType = {
  UNDEFINED: 0,
  TENSOR: 1,
  SPARSE_TENSOR: 2,
  SEQUENCE: 3,
  MAP: 4,
  OPTIONAL: 5,
} as const;

/** ONNX enum `OperatorStatus`. */
export const OperatorStatus = {
  EXPERIMENTAL: 0,
  STABLE: 1,
} as const;

/** ONNX message `ModelProto`. */
export interface ModelProto {
  irVersion?: number;
  producerName?: string;
  producerVersion?: string;
  domain?: string;
  modelVersion?: number;
  docString?: string;
  graph?: GraphProto;
  opsetImport: readonly OperatorSetIdProto[];
  metadataProps: readonly StringStringEntryProto[];
  trainingInfo: readonly TrainingInfoProto[];
  functions: readonly FunctionProto[];
  configuration: readonly DeviceConfigurationProto[];
}

/** ONNX message `OperatorSetIdProto`. */
export interface OperatorSetIdProto {
  domain?: string;
  version?: number;
}

/** ONNX message `StringStringEntryProto`. */
export interface StringStringEntryProto {
  key?: string;
  value?: string;
}

/** ONNX message `TrainingInfoProto`. */
export interface TrainingInfoProto {
  initialization?: GraphProto;
  algorithm?: GraphProto;
  initializationBinding: readonly StringStringEntryProto[];
  updateBinding: readonly StringStringEntryProto[];
}

/** ONNX message `FunctionProto`. */
export interface FunctionProto {
  name?: string;
  input: readonly string[];
  output: readonly string[];
  attribute: readonly string[];
  node: readonly NodeProto[];
  docString?: string;
  opsetImport: readonly OperatorSetIdProto[];
  domain?: string;
  attributeProto: readonly AttributeProto[];
  valueInfo: readonly ValueInfoProto[];
  overload?: string;
  metadataProps: readonly StringStringEntryProto[];
}

/** ONNX message `GraphProto`. */
export interface GraphProto {
  node: readonly NodeProto[];
  name?: string;
  initializer: readonly TensorProto[];
  docString?: string;
  input: readonly ValueInfoProto[];
  output: readonly ValueInfoProto[];
  valueInfo: readonly ValueInfoProto[];
  quantizationAnnotation: readonly TensorAnnotation[];
  sparseInitializer: readonly SparseTensorProto[];
  metadataProps: readonly StringStringEntryProto[];
}

/** ONNX message `NodeProto`. */
export interface NodeProto {
  input: readonly string[];
  output: readonly string[];
  name?: string;
  opType?: string;
  attribute: readonly AttributeProto[];
  docString?: string;
  domain?: string;
  overload?: string;
  metadataProps: readonly StringStringEntryProto[];
  deviceConfigurations: readonly NodeDeviceConfigurationProto[];
}

/** ONNX message `AttributeProto`. */
export interface AttributeProto {
  name?: string;
  f?: number;
  i?: bigint;
  s?: Uint8Array;
  t?: TensorProto;
  g?: GraphProto;
  floats: readonly number[];
  ints: readonly bigint[];
  strings: readonly Uint8Array[];
  tensors: readonly TensorProto[];
  graphs: readonly GraphProto[];
  docString?: string;
  tp?: TypeProto;
  typeProtos: readonly TypeProto[];
  type?: number;
  refAttrName?: string;
  sparseTensor?: SparseTensorProto;
  sparseTensors: readonly SparseTensorProto[];
}

/** ONNX message `ValueInfoProto`. */
export interface ValueInfoProto {
  name?: string;
  type?: TypeProto;
  docString?: string;
  metadataProps: readonly StringStringEntryProto[];
}

/** ONNX message `TensorAnnotation`. */
export interface TensorAnnotation {
  tensorName?: string;
  quantParameterTensorNames: readonly StringStringEntryProto[];
}

/** ONNX message `TensorProto`. */
export interface TensorProto {
  dims: readonly number[];
  dataType?: number;
  segment?: TensorProtoSegment;
  floatData: Float32Array;
  int32Data: Int32Array;
  stringData: readonly Uint8Array[];
  int64Data: BigInt64Array;
  name?: string;
  rawData?: Uint8Array;
  doubleData: Float64Array;
  uint64Data: BigUint64Array;
  docString?: string;
  externalData: readonly StringStringEntryProto[];
  dataLocation?: number;
  metadataProps: readonly StringStringEntryProto[];
}

/** ONNX message `TensorProto.Segment`. */
export interface TensorProtoSegment {
  begin?: number;
  end?: number;
}

/** ONNX message `SparseTensorProto`. */
export interface SparseTensorProto {
  values?: TensorProto;
  indices?: TensorProto;
  dims: readonly number[];
}

/** ONNX message `TensorShapeProto`. */
export interface TensorShapeProto {
  dim: readonly TensorShapeProtoDimension[];
}

/** ONNX message `TensorShapeProto.Dimension`. */
export interface TensorShapeProtoDimension {
  dimValue?: number;
  dimParam?: string;
  denotation?: string;
}

/** ONNX message `TypeProto`. */
export interface TypeProto {
  tensorType?: TypeProtoTensor;
  sequenceType?: TypeProtoSequence;
  mapType?: TypeProtoMap;
  opaqueType?: TypeProtoOpaque;
  sparseTensorType?: TypeProtoSparseTensor;
  optionalType?: TypeProtoOptional;
  denotation?: string;
}

/** ONNX message `TypeProto.Tensor`. */
export interface TypeProtoTensor {
  elemType?: number;
  shape?: TensorShapeProto;
}

/** ONNX message `TypeProto.Sequence`. */
export interface TypeProtoSequence {
  elemType?: TypeProto;
}

/** ONNX message `TypeProto.Map`. */
export interface TypeProtoMap {
  keyType?: number;
  valueType?: TypeProto;
}

/** ONNX message `TypeProto.Optional`. */
export interface TypeProtoOptional {
  elemType?: TypeProto;
}

/** ONNX message `TypeProto.SparseTensor`. */
export interface TypeProtoSparseTensor {
  elemType?: number;
  shape?: TensorShapeProto;
}

/** ONNX message `TypeProto.Opaque`. */
export interface TypeProtoOpaque {
  domain?: string;
  name?: string;
}

/** ONNX message `DeviceConfigurationProto`. */
export interface DeviceConfigurationProto {
  name?: string;
  numDevices?: number;
  device: readonly string[];
}

/** ONNX message `NodeDeviceConfigurationProto`. */
export interface NodeDeviceConfigurationProto {
  configurationId?: string;
  shardingSpec: readonly ShardingSpecProto[];
  pipelineStage?: number;
}

/** ONNX message `ShardingSpecProto`. */
export interface ShardingSpecProto {
  tensorName?: string;
  device: readonly number[];
  indexToDeviceGroupMap: readonly IntIntListEntryProto[];
  shardedDim: readonly ShardedDimProto[];
}

/** ONNX message `ShardedDimProto`. */
export interface ShardedDimProto {
  axis?: number;
  simpleSharding: readonly SimpleShardedDimProto[];
}

/** ONNX message `SimpleShardedDimProto`. */
export interface SimpleShardedDimProto {
  dimValue?: number;
  dimParam?: string;
  numShards?: number;
}

/** ONNX message `IntIntListEntryProto`. */
export interface IntIntListEntryProto {
  key?: number;
  value: readonly number[];
}

/** ONNX message `SequenceProto`. */
export interface SequenceProto {
  name?: string;
  elemType?: number;
  tensorValues: readonly TensorProto[];
  sparseTensorValues: readonly SparseTensorProto[];
  sequenceValues: readonly SequenceProto[];
  mapValues: readonly MapProto[];
  optionalValues: readonly OptionalProto[];
}

/** ONNX message `MapProto`. */
export interface MapProto {
  name?: string;
  keyType?: number;
  keys: readonly bigint[];
  stringKeys: readonly Uint8Array[];
  values?: SequenceProto;
}

/** ONNX message `OptionalProto`. */
export interface OptionalProto {
  name?: string;
  elemType?: number;
  tensorValue?: TensorProto;
  sparseTensorValue?: SparseTensorProto;
  sequenceValue?: SequenceProto;
  mapValue?: MapProto;
  optionalValue?: OptionalProto;
}

/** ONNX message `OperatorProto`. */
export interface OperatorProto {
  opType?: string;
  sinceVersion?: number;
  status?: number;
  docString?: string;
}

/** ONNX message `OperatorSetProto`. */
export interface OperatorSetProto {
  magic?: string;
  irVersion?: number;
  irVersionPrerelease?: string;
  domain?: string;
  opsetVersion?: number;
  docString?: string;
  irBuildMetadata?: string;
  operator: readonly OperatorProto[];
  functions: readonly FunctionProto[];
}

/** Every message by its name. */
export interface Messages {
  ModelProto: ModelProto;
  OperatorSetIdProto: OperatorSetIdProto;
  StringStringEntryProto: StringStringEntryProto;
  TrainingInfoProto: TrainingInfoProto;
  FunctionProto: FunctionProto;
  GraphProto: GraphProto;
  NodeProto: NodeProto;
  AttributeProto: AttributeProto;
  ValueInfoProto: ValueInfoProto;
  TensorAnnotation: TensorAnnotation;
  TensorProto: TensorProto;
  TensorProtoSegment: TensorProtoSegment;
  SparseTensorProto: SparseTensorProto;
  TensorShapeProto: TensorShapeProto;
  TensorShapeProtoDimension: TensorShapeProtoDimension;
  TypeProto: TypeProto;
  TypeProtoTensor: TypeProtoTensor;
  TypeProtoSequence: TypeProtoSequence;
  TypeProtoMap: TypeProtoMap;
  TypeProtoOptional: TypeProtoOptional;
  TypeProtoSparseTensor: TypeProtoSparseTensor;
  TypeProtoOpaque: TypeProtoOpaque;
  DeviceConfigurationProto: DeviceConfigurationProto;
  NodeDeviceConfigurationProto: NodeDeviceConfigurationProto;
  ShardingSpecProto: ShardingSpecProto;
  ShardedDimProto: ShardedDimProto;
  SimpleShardedDimProto: SimpleShardedDimProto;
  IntIntListEntryProto: IntIntListEntryProto;
  SequenceProto: SequenceProto;
  MapProto: MapProto;
  OptionalProto: OptionalProto;
  OperatorProto: OperatorProto;
  OperatorSetProto: OperatorSetProto;
}

/** The fields of every message, in order of their numbers. */
export const schema: Schema = {
  ModelProto: [
    { id: 1, name: 'irVersion', type: 'count' },
    { id: 2, name: 'producerName', type: 'string' },
    { id: 3, name: 'producerVersion', type: 'string' },
    { id: 4, name: 'domain', type: 'string' },
    { id: 5, name: 'modelVersion', type: 'count' },
    { id: 6, name: 'docString', type: 'string' },
    { id: 7, name: 'graph', type: 'GraphProto' },
    { id: 8, name: 'opsetImport', type: 'OperatorSetIdProto', repeated: true },
    { id: 14, name: 'metadataProps', type: 'StringStringEntryProto', repeated: true },
    { id: 20, name: 'trainingInfo', type: 'TrainingInfoProto', repeated: true },
    { id: 25, name: 'functions', type: 'FunctionProto', repeated: true },
    { id: 26, name: 'configuration', type: 'DeviceConfigurationProto', repeated: true },
  ],
  OperatorSetIdProto: [
    { id: 1, name: 'domain', type: 'string' },
    { id: 2, name: 'version', type: 'count' },
  ],
  StringStringEntryProto: [
    { id: 1, name: 'key', type: 'string' },
    { id: 2, name: 'value', type: 'string' },
  ],
  TrainingInfoProto: [
    { id: 1, name: 'initialization', type: 'GraphProto' },
    { id: 2, name: 'algorithm', type: 'GraphProto' },
    { id: 3, name: 'initializationBinding', type: 'StringStringEntryProto', repeated: true },
    { id: 4, name: 'updateBinding', type: 'StringStringEntryProto', repeated: true },
  ],
  FunctionProto: [
    { id: 1, name: 'name', type: 'string' },
    { id: 4, name: 'input', type: 'string', repeated: true },
    { id: 5, name: 'output', type: 'string', repeated: true },
    { id: 6, name: 'attribute', type: 'string', repeated: true },
    { id: 7, name: 'node', type: 'NodeProto', repeated: true },
    { id: 8, name: 'docString', type: 'string' },
    { id: 9, name: 'opsetImport', type: 'OperatorSetIdProto', repeated: true },
    { id: 10, name: 'domain', type: 'string' },
    { id: 11, name: 'attributeProto', type: 'AttributeProto', repeated: true },
    { id: 12, name: 'valueInfo', type: 'ValueInfoProto', repeated: true },
    { id: 13, name: 'overload', type: 'string' },
    { id: 14, name: 'metadataProps', type: 'StringStringEntryProto', repeated: true },
  ],
  GraphProto: [
    { id: 1, name: 'node', type: 'NodeProto', repeated: true },
    { id: 2, name: 'name', type: 'string' },
    { id: 5, name: 'initializer', type: 'TensorProto', repeated: true },
    { id: 10, name: 'docString', type: 'string' },
    { id: 11, name: 'input', type: 'ValueInfoProto', repeated: true },
    { id: 12, name: 'output', type: 'ValueInfoProto', repeated: true },
    { id: 13, name: 'valueInfo', type: 'ValueInfoProto', repeated: true },
    { id: 14, name: 'quantizationAnnotation', type: 'TensorAnnotation', repeated: true },
    { id: 15, name: 'sparseInitializer', type: 'SparseTensorProto', repeated: true },
    { id: 16, name: 'metadataProps', type: 'StringStringEntryProto', repeated: true },
  ],
  NodeProto: [
    { id: 1, name: 'input', type: 'string', repeated: true },
    { id: 2, name: 'output', type: 'string', repeated: true },
    { id: 3, name: 'name', type: 'string' },
    { id: 4, name: 'opType', type: 'string' },
    { id: 5, name: 'attribute', type: 'AttributeProto', repeated: true },
    { id: 6, name: 'docString', type: 'string' },
    { id: 7, name: 'domain', type: 'string' },
    { id: 8, name: 'overload', type: 'string' },
    { id: 9, name: 'metadataProps', type: 'StringStringEntryProto', repeated: true },
    { id: 10, name: 'deviceConfigurations', type: 'NodeDeviceConfigurationProto', repeated: true },
  ],
  AttributeProto: [
    { id: 1, name: 'name', type: 'string' },
    { id: 2, name: 'f', type: 'float' },
    { id: 3, name: 'i', type: 'int64' },
    { id: 4, name: 's', type: 'bytes' },
    { id: 5, name: 't', type: 'TensorProto' },
    { id: 6, name: 'g', type: 'GraphProto' },
    { id: 7, name: 'floats', type: 'float', repeated: true },
    { id: 8, name: 'ints', type: 'int64', repeated: true },
    { id: 9, name: 'strings', type: 'bytes', repeated: true },
    { id: 10, name: 'tensors', type: 'TensorProto', repeated: true },
    { id: 11, name: 'graphs', type: 'GraphProto', repeated: true },
    { id: 13, name: 'docString', type: 'string' },
    { id: 14, name: 'tp', type: 'TypeProto' },
    { id: 15, name: 'typeProtos', type: 'TypeProto', repeated: true },
    { id: 20, name: 'type', type: 'enum' },
    { id: 21, name: 'refAttrName', type: 'string' },
    { id: 22, name: 'sparseTensor', type: 'SparseTensorProto' },
    { id: 23, name: 'sparseTensors', type: 'SparseTensorProto', repeated: true },
  ],
  ValueInfoProto: [
    { id: 1, name: 'name', type: 'string' },
    { id: 2, name: 'type', type: 'TypeProto' },
    { id: 3, name: 'docString', type: 'string' },
    { id: 4, name: 'metadataProps', type: 'StringStringEntryProto', repeated: true },
  ],
  TensorAnnotation: [
    { id: 1, name: 'tensorName', type: 'string' },
    { id: 2, name: 'quantParameterTensorNames', type: 'StringStringEntryProto', repeated: true },
  ],
  TensorProto: [
    { id: 1, name: 'dims', type: 'count', repeated: true },
    { id: 2, name: 'dataType', type: 'int32' },
    { id: 3, name: 'segment', type: 'TensorProtoSegment' },
    { id: 4, name: 'floatData', type: 'float', repeated: true, packed: true },
    { id: 5, name: 'int32Data', type: 'int32', repeated: true, packed: true },
    { id: 6, name: 'stringData', type: 'bytes', repeated: true },
    { id: 7, name: 'int64Data', type: 'int64', repeated: true, packed: true },
    { id: 8, name: 'name', type: 'string' },
    { id: 9, name: 'rawData', type: 'bytes' },
    { id: 10, name: 'doubleData', type: 'double', repeated: true, packed: true },
    { id: 11, name: 'uint64Data', type: 'uint64', repeated: true, packed: true },
    { id: 12, name: 'docString', type: 'string' },
    { id: 13, name: 'externalData', type: 'StringStringEntryProto', repeated: true },
    { id: 14, name: 'dataLocation', type: 'enum' },
    { id: 16, name: 'metadataProps', type: 'StringStringEntryProto', repeated: true },
  ],
  TensorProtoSegment: [
    { id: 1, name: 'begin', type: 'count' },
    { id: 2, name: 'end', type: 'count' },
  ],
  SparseTensorProto: [
    { id: 1, name: 'values', type: 'TensorProto' },
    { id: 2, name: 'indices', type: 'TensorProto' },
    { id: 3, name: 'dims', type: 'count', repeated: true },
  ],
  TensorShapeProto: [{ id: 1, name: 'dim', type: 'TensorShapeProtoDimension', repeated: true }],
  TensorShapeProtoDimension: [
    { id: 1, name: 'dimValue', type: 'count', oneof: 'value' },
    { id: 2, name: 'dimParam', type: 'string', oneof: 'value' },
    { id: 3, name: 'denotation', type: 'string' },
  ],
  TypeProto: [
    { id: 1, name: 'tensorType', type: 'TypeProtoTensor', oneof: 'value' },
    { id: 4, name: 'sequenceType', type: 'TypeProtoSequence', oneof: 'value' },
    { id: 5, name: 'mapType', type: 'TypeProtoMap', oneof: 'value' },
    { id: 6, name: 'denotation', type: 'string' },
    { id: 7, name: 'opaqueType', type: 'TypeProtoOpaque', oneof: 'value' },
    { id: 8, name: 'sparseTensorType', type: 'TypeProtoSparseTensor', oneof: 'value' },
    { id: 9, name: 'optionalType', type: 'TypeProtoOptional', oneof: 'value' },
  ],
  TypeProtoTensor: [
    { id: 1, name: 'elemType', type: 'int32' },
    { id: 2, name: 'shape', type: 'TensorShapeProto' },
  ],
  TypeProtoSequence: [{ id: 1, name: 'elemType', type: 'TypeProto' }],
  TypeProtoMap: [
    { id: 1, name: 'keyType', type: 'int32' },
    { id: 2, name: 'valueType', type: 'TypeProto' },
  ],
  TypeProtoOptional: [{ id: 1, name: 'elemType', type: 'TypeProto' }],
  TypeProtoSparseTensor: [
    { id: 1, name: 'elemType', type: 'int32' },
    { id: 2, name: 'shape', type: 'TensorShapeProto' },
  ],
  TypeProtoOpaque: [
    { id: 1, name: 'domain', type: 'string' },
    { id: 2, name: 'name', type: 'string' },
  ],
  DeviceConfigurationProto: [
    { id: 1, name: 'name', type: 'string' },
    { id: 2, name: 'numDevices', type: 'int32' },
    { id: 3, name: 'device', type: 'string', repeated: true },
  ],
  NodeDeviceConfigurationProto: [
    { id: 1, name: 'configurationId', type: 'string' },
    { id: 2, name: 'shardingSpec', type: 'ShardingSpecProto', repeated: true },
    { id: 3, name: 'pipelineStage', type: 'int32' },
  ],
  ShardingSpecProto: [
    { id: 1, name: 'tensorName', type: 'string' },
    { id: 2, name: 'device', type: 'count', repeated: true },
    { id: 3, name: 'indexToDeviceGroupMap', type: 'IntIntListEntryProto', repeated: true },
    { id: 4, name: 'shardedDim', type: 'ShardedDimProto', repeated: true },
  ],
  ShardedDimProto: [
    { id: 1, name: 'axis', type: 'count' },
    { id: 2, name: 'simpleSharding', type: 'SimpleShardedDimProto', repeated: true },
  ],
  SimpleShardedDimProto: [
    { id: 1, name: 'dimValue', type: 'count', oneof: 'dim' },
    { id: 2, name: 'dimParam', type: 'string', oneof: 'dim' },
    { id: 3, name: 'numShards', type: 'count' },
  ],
  IntIntListEntryProto: [
    { id: 1, name: 'key', type: 'count' },
    { id: 2, name: 'value', type: 'count', repeated: true },
  ],
  SequenceProto: [
    { id: 1, name: 'name', type: 'string' },
    { id: 2, name: 'elemType', type: 'int32' },
    { id: 3, name: 'tensorValues', type: 'TensorProto', repeated: true },
    { id: 4, name: 'sparseTensorValues', type: 'SparseTensorProto', repeated: true },
    { id: 5, name: 'sequenceValues', type: 'SequenceProto', repeated: true },
    { id: 6, name: 'mapValues', type: 'MapProto', repeated: true },
    { id: 7, name: 'optionalValues', type: 'OptionalProto', repeated: true },
  ],
  MapProto: [
    { id: 1, name: 'name', type: 'string' },
    { id: 2, name: 'keyType', type: 'int32' },
    { id: 3, name: 'keys', type: 'int64', repeated: true },
    { id: 4, name: 'stringKeys', type: 'bytes', repeated: true },
    { id: 5, name: 'values', type: 'SequenceProto' },
  ],
  OptionalProto: [
    { id: 1, name: 'name', type: 'string' },
    { id: 2, name: 'elemType', type: 'int32' },
    { id: 3, name: 'tensorValue', type: 'TensorProto' },
    { id: 4, name: 'sparseTensorValue', type: 'SparseTensorProto' },
    { id: 5, name: 'sequenceValue', type: 'SequenceProto' },
    { id: 6, name: 'mapValue', type: 'MapProto' },
    { id: 7, name: 'optionalValue', type: 'OptionalProto' },
  ],
  OperatorProto: [
    { id: 1, name: 'opType', type: 'string' },
    { id: 2, name: 'sinceVersion', type: 'count' },
    { id: 3, name: 'status', type: 'enum' },
    { id: 10, name: 'docString', type: 'string' },
  ],
  OperatorSetProto: [
    { id: 1, name: 'magic', type: 'string' },
    { id: 2, name: 'irVersion', type: 'count' },
    { id: 3, name: 'irVersionPrerelease', type: 'string' },
    { id: 4, name: 'domain', type: 'string' },
    { id: 5, name: 'opsetVersion', type: 'count' },
    { id: 6, name: 'docString', type: 'string' },
    { id: 7, name: 'irBuildMetadata', type: 'string' },
    { id: 8, name: 'operator', type: 'OperatorProto', repeated: true },
    { id: 9, name: 'functions', type: 'FunctionProto', repeated: true },
  ],
};
