/** Writes any message of the schema in its wire form: protobufjs writes the primitives, the field table the structure. */
import protobuf from 'protobufjs/minimal.js';
import { OnnxFormatError } from './errors.ts';
import { type Messages, schema } from './onnx.gen.ts';
import type { Field } from './schema.ts';

type Writer = protobuf.Writer;

/**
 * What a message may be written from: every field optional, lists read-only, and plain numbers wherever the decoded
 * message has a bigint (`ints: [1, 1]`). Every decoded message is one.
 */
export type Encodable<T> = T extends bigint
  ? bigint | number
  : T extends string | number | Uint8Array | Int32Array | Float32Array | Float64Array
    ? T
    : T extends BigInt64Array | BigUint64Array
      ? T | readonly (bigint | number)[]
      : T extends readonly (infer Element)[]
        ? readonly Encodable<Element>[]
        : { readonly [Key in keyof T]?: Encodable<T[Key]> | undefined };

const MAX_DEPTH = 100;

function wireTypeOf(field: Field): number {
  if (field.packed) return 2;
  switch (field.type) {
    case 'count':
    case 'int64':
    case 'uint64':
    case 'int32':
    case 'enum':
      return 0;
    case 'float':
      return 5;
    case 'double':
      return 1;
    default:
      return 2;
  }
}

function writeMessage(writer: Writer, name: string, message: object, path: string, depth: number): void {
  if (depth > MAX_DEPTH) throw new OnnxFormatError(path, `messages nested deeper than ${MAX_DEPTH}`);
  for (const field of schema[name]!) {
    const value = (message as Record<string, unknown>)[field.name];
    if (value === undefined || value === null) continue;
    const at = `${path}.${field.name}`;
    const tag = (field.id << 3) | wireTypeOf(field);
    if (!field.repeated) {
      writer.uint32(tag);
      writeValue(writer, field.type, value, at, depth);
      continue;
    }
    const list = value as ArrayLike<unknown>;
    if (typeof list !== 'object' || typeof list.length !== 'number') throw mismatch(at, 'a list', value);
    if (list.length === 0) continue;
    if (field.packed) writer.uint32(tag).fork();
    for (let i = 0; i < list.length; i++) {
      if (!field.packed) writer.uint32(tag);
      writeValue(writer, field.type, list[i], `${at}[${i}]`, depth);
    }
    if (field.packed) writer.ldelim();
  }
}

function writeValue(writer: Writer, type: string, value: unknown, path: string, depth: number): void {
  switch (type) {
    case 'count':
    case 'int64':
      writer.int64(integer(value, path, -(2n ** 63n), 2n ** 63n - 1n));
      return;
    case 'uint64':
      writer.uint64(integer(value, path, 0n, 2n ** 64n - 1n));
      return;
    case 'int32':
    case 'enum':
      writer.int32(Number(integer(value, path, -(2n ** 31n), 2n ** 31n - 1n)));
      return;
    case 'float':
    case 'double':
      if (typeof value !== 'number') throw mismatch(path, 'a number', value);
      writer[type](value);
      return;
    case 'string':
      if (typeof value !== 'string') throw mismatch(path, 'a string', value);
      writer.string(value);
      return;
    case 'bytes':
      if (!(value instanceof Uint8Array)) throw mismatch(path, 'a Uint8Array', value);
      writer.bytes(value);
      return;
    default:
      if (typeof value !== 'object' || value === null) throw mismatch(path, `a ${type}`, value);
      writer.fork();
      writeMessage(writer, type, value, path, depth + 1);
      writer.ldelim();
  }
}

/** protobufjs takes exact 64-bit integers as numbers where they are safe, and as decimal strings beyond. */
function integer(value: unknown, path: string, min: bigint, max: bigint): number | string {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max) return value;
  if (typeof value === 'bigint' && value >= min && value <= max) {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : BigInt.asIntN(64, value).toString();
  }
  throw mismatch(path, `an integer from ${min} to ${max}`, value);
}

function mismatch(path: string, expected: string, got: unknown): OnnxFormatError {
  const what =
    typeof got === 'object' || typeof got === 'function' ? typeof got : `${typeof got} ${String(got)}`;
  return new OnnxFormatError(path, `expected ${expected}, got ${what}`);
}

/**
 * Writes the message `name`. Fields are written in order of their numbers; absent, `undefined` and empty ones are not
 * written.
 *
 * @throws {OnnxFormatError} naming the field when a value is not of its type or does not fit it.
 */
export function encode<Name extends keyof Messages>(
  name: Name,
  message: Encodable<Messages[Name]>,
): Uint8Array {
  const writer = new protobuf.Writer();
  writeMessage(writer, name, message, name, 0);
  return writer.finish(true).slice();
}
