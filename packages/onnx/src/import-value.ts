/** Declared values: name, element type, shape. */
import type { Dimension, ValueInfo } from '@sconce/graph';
import type { TypeProto, ValueInfoProto } from '@sconce/onnx-proto';
import { toMap } from './model-info.ts';
import { elementTypeName } from './tensor-proto.ts';

const otherTypes: readonly (readonly [keyof TypeProto, string])[] = [
  ['sequenceType', 'sequences'],
  ['mapType', 'maps'],
  ['optionalType', 'optionals'],
  ['sparseTensorType', 'sparse tensors'],
  ['opaqueType', 'opaque values'],
];

/** Reads a declaration. Only tensors are supported; anything else goes to `report`. */
export function importValue(
  proto: ValueInfoProto,
  what: 'input' | 'output' | 'value',
  report: (message: string) => void,
): ValueInfo | undefined {
  const name = proto.name ?? '';
  const other = otherTypes.find(([key]) => proto.type?.[key] !== undefined);
  if (other) {
    report(`${what} '${name}': ${other[1]} are not supported`);
    return undefined;
  }
  const type = proto.type?.tensorType;
  if (type === undefined && what === 'input') {
    report(`input '${name}': expected a tensor type, got none`);
    return undefined;
  }
  const dtype = elementTypeName(type?.elemType);
  if (dtype === undefined) {
    report(`${what} '${name}': data type ${type?.elemType} is not known`);
    return undefined;
  }
  const shape = type?.shape?.dim.map(({ dimValue, dimParam }): Dimension => dimValue ?? (dimParam || null));
  if (shape?.some((size) => typeof size === 'number' && size < 0)) {
    report(`${what} '${name}': expected sizes of at least 0, got [${shape.join(', ')}]`);
    return undefined;
  }
  const metadata = toMap(proto.metadataProps);
  return { name, dtype, ...(shape && { shape }), ...(metadata.size > 0 && { metadata }) };
}
