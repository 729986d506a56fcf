/**
 * Compiles `onnx.proto` with protobufjs's parser to `onnx.gen.ts`: one interface per message, one const object per
 * enum, and the field table the codec walks. Run by `pnpm --filter @sconce/onnx-proto generate`.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import protobuf from 'protobufjs';
import type { Scalar } from '../schema.ts';

const source = new URL('../onnx.proto', import.meta.url);
const target = new URL('../onnx.gen.ts', import.meta.url);

const scalarTypes: Readonly<Record<Scalar, string>> = {
  count: 'number',
  int64: 'bigint',
  uint64: 'bigint',
  int32: 'number',
  enum: 'number',
  float: 'number',
  double: 'number',
  string: 'string',
  bytes: 'Uint8Array',
};

const packedTypes: Record<string, string> = {
  int64: 'BigInt64Array',
  uint64: 'BigUint64Array',
  int32: 'Int32Array',
  float: 'Float32Array',
  double: 'Float64Array',
};

function isScalar(type: string): type is Scalar {
  return Object.hasOwn(scalarTypes, type);
}

/** `onnx.TypeProto.Tensor` becomes `TypeProtoTensor`. */
function flatName(object: protobuf.ReflectionObject): string {
  return object.fullName.split('.').slice(2).join('');
}

function collect(namespace: protobuf.NamespaceBase): (protobuf.Type | protobuf.Enum)[] {
  return namespace.nestedArray.flatMap((object) => {
    if (object instanceof protobuf.Type) return [object, ...collect(object)];
    if (object instanceof protobuf.Enum) return [object];
    return object instanceof protobuf.Namespace ? collect(object) : [];
  });
}

function fieldType(field: protobuf.Field): string {
  if (field.resolvedType instanceof protobuf.Type) return flatName(field.resolvedType);
  if (field.resolvedType instanceof protobuf.Enum) return 'enum';
  const type = field.type === 'int64' && field.options?.['jstype'] === 'JS_NUMBER' ? 'count' : field.type;
  if (!isScalar(type)) throw new Error(`onnx.proto: ${field.fullName}: no rule for type ${type}`);
  return type;
}

function printInterface(type: protobuf.Type): string {
  const lines = type.fieldsArray.map((field) => {
    const wire = fieldType(field);
    const element = isScalar(wire) ? scalarTypes[wire] : wire;
    if (field.packed) return `  ${field.name}: ${packedTypes[wire]};`;
    if (field.repeated) return `  ${field.name}: readonly ${element}[];`;
    return `  ${field.name}?: ${element};`;
  });
  return `/** ONNX message \`${type.fullName.slice(6)}\`. */\nexport interface ${flatName(type)} {\n${lines.join('\n')}\n}\n`;
}

function printEnum(type: protobuf.Enum): string {
  const lines = Object.entries(type.values).map(([key, value]) => `  ${key}: ${value},`);
  return `/** ONNX enum \`${type.fullName.slice(6)}\`. */\nexport const ${flatName(type)} = {\n${lines.join('\n')}\n} as const;\n`;
}

function printFields(type: protobuf.Type): string {
  const fields = [...type.fieldsArray].sort((a, b) => a.id - b.id);
  const lines = fields.map((field) => {
    const entries = [`id: ${field.id}`, `name: '${field.name}'`, `type: '${fieldType(field)}'`];
    if (field.repeated) entries.push('repeated: true');
    if (field.packed) entries.push('packed: true');
    if (field.partOf) entries.push(`oneof: '${field.partOf.name}'`);
    return `{ ${entries.join(', ')} }`;
  });
  const list = lines.length === 1 ? lines[0] : `\n${lines.map((line) => `    ${line},`).join('\n')}\n  `;
  return `  ${flatName(type)}: [${list}],`;
}

/** The text of `onnx.gen.ts` that belongs to the present `onnx.proto`. */
export function generate(): string {
  const { root } = protobuf.parse(readFileSync(source, 'utf8'));
  root.resolveAll();
  const objects = collect(root);
  const messages = objects.filter((object) => object instanceof protobuf.Type);
  const enums = objects.filter((object) => object instanceof protobuf.Enum);
  return [
    '/** Made from `onnx.proto` by `generate/generate.ts`: the messages, enums and field table of ONNX. Not edited by hand. */',
    "import type { Schema } from './schema.ts';\n",
    ...enums.map(printEnum),
    ...messages.map(printInterface),
    '/** Every message by its name. */',
    `export interface Messages {\n${messages.map((type) => `  ${flatName(type)}: ${flatName(type)};`).join('\n')}\n}\n`,
    '/** The fields of every message, in order of their numbers. */',
    `export const schema: Schema = {\n${messages.map(printFields).join('\n')}\n};\n`,
  ].join('\n');
}

/** Where the generated text lives. */
export function currentText(): string {
  return readFileSync(target, 'utf8');
}

if (import.meta.main) writeFileSync(target, generate());
