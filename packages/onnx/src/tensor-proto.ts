/** TensorProto to Tensor and back. Sizes come from files, so they are checked against the data before use. */

import { type OnnxElementType, onnxElementTypes } from '@sconce/graph';
import { DataLocation, type Encodable, type TensorProto } from '@sconce/onnx-proto';
import { type DType, dtypeInfo, dtypes, fromBytes, type Tensor } from '@sconce/tensor';

/** Gives the bytes of an external data file by its location, or `undefined` when there is none. */
export type ExternalData = (location: string) => Uint8Array | undefined;

/** Name of an ONNX data type number. */
export function elementTypeName(code: number | undefined): OnnxElementType | undefined {
  return onnxElementTypes[code ?? 0];
}

/** The tensor dtype of an element type, `undefined` when tensors have none such. */
function tensorDType(type: OnnxElementType | undefined): DType | undefined {
  return (dtypes as readonly string[]).includes(type ?? '') ? (type as DType) : undefined;
}

/**
 * Reads a tensor. `report` gets what is wrong, with the name in front, and the result is then `undefined`.
 * The data are copied out of the file's bytes.
 */
export function tensorFromProto(
  proto: TensorProto,
  what: string,
  report: (message: string) => void,
  externalData?: ExternalData,
): Tensor | undefined {
  const refuse = (message: string): undefined => {
    report(`${what}: ${message}`);
    return undefined;
  };
  const dtype = tensorDType(elementTypeName(proto.dataType));
  if (dtype === undefined)
    return refuse(`data type ${elementTypeName(proto.dataType) ?? proto.dataType} is not supported`);
  const shape = [...proto.dims];
  const elements = shape.reduce((product, size) => product * size, 1);
  if (shape.some((size) => size < 0) || !Number.isSafeInteger(elements))
    return refuse(`expected sizes of at least 0, got [${shape.join(', ')}]`);
  if (proto.segment !== undefined) return refuse('tensors stored in segments are not supported');
  const wanted = elements * dtypeInfo(dtype).bytes;
  let bytes: Uint8Array | undefined;
  if (proto.dataLocation === DataLocation.EXTERNAL)
    bytes = externalBytes(proto, wanted, refuse, externalData);
  else if (proto.rawData !== undefined) bytes = proto.rawData;
  else bytes = typedBytes(proto, dtype);
  if (bytes === undefined) return undefined;
  if (bytes.byteLength !== wanted)
    return refuse(
      `expected ${wanted} bytes of data for ${dtype}[${shape.join(', ')}], got ${bytes.byteLength}`,
    );
  return fromBytes(bytes, dtype, shape);
}

/** The elements of the typed fields, in the layout that raw data have. */
function typedBytes(proto: TensorProto, dtype: DType): Uint8Array {
  const bytesOf = (array: ArrayBufferView): Uint8Array =>
    new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  switch (dtype) {
    case 'float32':
      return bytesOf(proto.floatData);
    case 'float64':
      return bytesOf(proto.doubleData);
    case 'int64':
      return bytesOf(proto.int64Data);
    case 'int32':
      return bytesOf(proto.int32Data);
    case 'int16':
      return bytesOf(Int16Array.from(proto.int32Data));
    case 'uint16':
    case 'float16':
    case 'bfloat16':
      return bytesOf(Uint16Array.from(proto.int32Data));
    case 'int8':
      return bytesOf(Int8Array.from(proto.int32Data));
    case 'uint32':
      return bytesOf(Uint32Array.from(proto.uint64Data, Number));
    case 'uint64':
      return bytesOf(proto.uint64Data);
    case 'uint8':
    case 'bool':
      return Uint8Array.from(proto.int32Data);
    default:
      return dtype satisfies never;
  }
}

function externalBytes(
  proto: TensorProto,
  wanted: number,
  refuse: (message: string) => undefined,
  externalData: ExternalData | undefined,
): Uint8Array | undefined {
  const entries = new Map(proto.externalData.map(({ key, value }) => [key ?? '', value ?? '']));
  const location = entries.get('location') ?? '';
  if (!isInnerLocation(location))
    return refuse(`external data: expected a location inside the model's folder, got '${location}'`);
  if (externalData === undefined)
    return refuse(
      `data lie in the external file '${location}': create the session from the model's path or URL, or pass externalData`,
    );
  const file = externalData(location);
  if (file === undefined) return refuse(`external data: there is no file '${location}' beside the model`);
  const offset = Number(entries.get('offset') ?? 0);
  const length = entries.has('length') ? Number(entries.get('length')) : wanted;
  if (!Number.isSafeInteger(offset) || !Number.isSafeInteger(length) || offset < 0 || length < 0)
    return refuse(
      `external data: expected offset and length of at least 0, got ${entries.get('offset')} and ${entries.get('length')}`,
    );
  if (offset + length > file.byteLength)
    return refuse(
      `external data: expected ${offset + length} bytes in '${location}', got ${file.byteLength}`,
    );
  return file.subarray(offset, offset + length);
}

/** Whether a location stays inside the model's folder: relative, without `..`. */
export function isInnerLocation(location: string): boolean {
  return (
    location !== '' &&
    !/^[/\\]|^[A-Za-z]:|\0/.test(location) &&
    !location.split(/[/\\]/).some((part) => part === '..')
  );
}

/** Writes a tensor with its data in the raw field. */
export function tensorToProto(tensor: Tensor, name?: string): Encodable<TensorProto> {
  return {
    dims: [...tensor.shape],
    dataType: onnxElementTypes.indexOf(tensor.dtype),
    ...(name !== undefined && { name }),
    rawData: tensor.toBytes(),
  };
}
