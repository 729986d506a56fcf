/**
 * Reads any message of the schema from its wire form. protobufjs reads the primitives; the field table gives the
 * structure. Model files are hostile input: every length is checked against the bytes that are there, depth and
 * number of messages are limited, and what is wrong is named with its path and offset.
 */
import protobuf from 'protobufjs/minimal.js';
import { OnnxFormatError } from './errors.ts';
import { type Messages, schema } from './onnx.gen.ts';
import { type PackedArray, packedFrom } from './packed.ts';
import type { Field } from './schema.ts';
import { countTerminators, readVarint64 } from './varint.ts';

type Reader = protobuf.Reader;
type Fields = Record<string, unknown>;

/** How deep messages may lie in each other, as in protobuf's own implementations. */
const MAX_DEPTH = 100;
/** How many messages one file may hold: bounds what a small file of empty messages can make of itself. */
const MAX_MESSAGES = 10_000_000;

const WIRE_VARINT = 0;
const WIRE_64 = 1;
const WIRE_BYTES = 2;
const WIRE_32 = 5;

const noElements: readonly never[] = Object.freeze([]);

/** Per message: its fields by number, and the value every new message starts from. */
interface Layout {
  readonly fields: ReadonlyMap<number, Field>;
  readonly oneofs: ReadonlyMap<string, readonly string[]>;
  readonly empty: () => Fields;
}

const layouts = new Map<string, Layout>();

function layoutOf(name: string): Layout {
  let layout = layouts.get(name);
  if (!layout) {
    const fields = schema[name];
    if (!fields) throw new Error(`internal: no ONNX message is called ${name}`);
    const repeated = fields.filter((field) => field.repeated);
    layout = {
      fields: new Map(fields.map((field) => [field.id, field])),
      oneofs: new Map(
        fields
          .filter((field) => field.oneof)
          .map(({ oneof, name: own }) => [
            own,
            fields.filter((other) => other.oneof === oneof && other.name !== own).map((other) => other.name),
          ]),
      ),
      empty: () => {
        const message: Fields = {};
        for (const field of repeated) {
          message[field.name] = field.packed ? packedFrom(field.type, 0, Number) : noElements;
        }
        return message;
      },
    };
    layouts.set(name, layout);
  }
  return layout;
}

/** The wire type a scalar has outside packed fields; undefined for messages. */
function wireTypeOf(type: string): number {
  switch (type) {
    case 'count':
    case 'int64':
    case 'uint64':
    case 'int32':
    case 'enum':
      return WIRE_VARINT;
    case 'float':
      return WIRE_32;
    case 'double':
      return WIRE_64;
    default:
      return WIRE_BYTES;
  }
}

class Decoder {
  readonly #reader: Reader;
  #messages = 0;
  readonly #growing: [Fields, Field][] = [];
  /** Names and indices on the way to the field being read, for errors. */
  readonly #path: string[];

  constructor(bytes: Uint8Array, root: string) {
    this.#reader = new protobuf.Reader(bytes);
    this.#path = [root];
  }

  fail(what: string): never {
    throw new OnnxFormatError(this.#path.join(''), what, this.#reader.pos);
  }

  /** Reads `name` from the reader's position to `end`. */
  message(name: string, end: number, depth: number, into?: Fields): Fields {
    if (depth > MAX_DEPTH) this.fail(`messages nested deeper than ${MAX_DEPTH}`);
    if (++this.#messages > MAX_MESSAGES) this.fail(`more than ${MAX_MESSAGES} messages`);
    const reader = this.#reader;
    const layout = layoutOf(name);
    const message = into ?? layout.empty();
    const outerEnd = reader.len;
    reader.len = end;
    while (reader.pos < end) {
      const tag = reader.tag();
      const wire = tag & 7;
      const field = layout.fields.get(tag >>> 3);
      if (!field || !this.#field(message, field, wire, depth)) {
        reader.skipType(wire, depth, tag >>> 3);
        continue;
      }
      for (const other of layout.oneofs.get(field.name) ?? noElements) delete message[other];
    }
    if (reader.pos !== end) this.fail(`runs past its end, expected it to end at byte ${end}`);
    reader.len = outerEnd;
    return message;
  }

  /** Reads one occurrence of a field; false when the wire type is not the field's, as an unknown field. */
  #field(message: Fields, field: Field, wire: number, depth: number): boolean {
    const expected = wireTypeOf(field.type);
    const packed = wire === WIRE_BYTES && expected !== WIRE_BYTES && field.repeated === true;
    if (wire !== expected && !packed) return false;
    const list = message[field.name] as readonly unknown[] | undefined;
    this.#path.push(`.${field.name}`);
    if (field.type in schema) {
      if (field.repeated) this.#path.push(`[${list?.length ?? 0}]`);
      const end = this.#end();
      const into = field.repeated ? undefined : (message[field.name] as Fields | undefined);
      const value = this.message(field.type, end, depth + 1, into);
      if (field.repeated) {
        this.#path.pop();
        append(message, field.name, value);
      } else message[field.name] = value;
    } else if (field.packed) {
      this.#grow(message, field, this.#packed(field.type, packed));
    } else if (packed) {
      const end = this.#end();
      const outerEnd = this.#reader.len;
      this.#reader.len = end;
      while (this.#reader.pos < end) append(message, field.name, this.#scalar(field.type));
      if (this.#reader.pos !== end) this.fail(`runs past its end, expected it to end at byte ${end}`);
      this.#reader.len = outerEnd;
    } else {
      const value = this.#scalar(field.type);
      if (field.repeated) append(message, field.name, value);
      else message[field.name] = value;
    }
    this.#path.pop();
    return true;
  }

  /** A packed field that occurs again grows in a plain list until `finish`, so that many occurrences stay linear. */
  #grow(message: Fields, field: Field, values: PackedArray): void {
    const before = message[field.name] as PackedArray | unknown[];
    if (before.length === 0) {
      message[field.name] = values;
      return;
    }
    let list: unknown[];
    if (Array.isArray(before)) list = before;
    else {
      list = Array.from<unknown>(before);
      message[field.name] = list;
      this.#growing.push([message, field]);
    }
    for (const value of values) list.push(value);
  }

  /** Turns the lists of `#grow` into typed arrays. */
  finish(): void {
    for (const [message, field] of this.#growing) {
      const list = message[field.name] as unknown[] | undefined;
      if (list) message[field.name] = packedFrom(field.type, list.length, (i) => list[i]);
    }
  }

  /** Reads a length prefix and checks that so many bytes are there. */
  #end(): number {
    const reader = this.#reader;
    const length = reader.size();
    const left = reader.len - reader.pos;
    if (length > left) this.fail(`ends early, expected ${length} bytes, got ${left}`);
    return reader.pos + length;
  }

  #scalar(type: string): unknown {
    const reader = this.#reader;
    switch (type) {
      case 'int32':
      case 'enum':
        return reader.int32();
      case 'int64':
        return BigInt.asIntN(64, readVarint64(reader));
      case 'uint64':
        return readVarint64(reader);
      case 'count': {
        const value = BigInt.asIntN(64, readVarint64(reader));
        const count = Number(value);
        if (!Number.isSafeInteger(count)) this.fail(`${value} is too large, expected a number below 2^53`);
        return count;
      }
      case 'float':
        return reader.float();
      case 'double':
        return reader.double();
      case 'string':
        this.#checkLength();
        return reader.string();
      default:
        this.#checkLength();
        return reader.bytes();
    }
  }

  /** Fails with both lengths when the length prefix at the reader's position promises more than there is. */
  #checkLength(): void {
    const at = this.#reader.pos;
    this.#end();
    this.#reader.pos = at;
  }

  /** The elements of a packed block, or of one unpacked occurrence, as the field's typed array. */
  #packed(type: string, block: boolean): PackedArray {
    const reader = this.#reader;
    if (!block) return packedFrom(type, 1, () => this.#scalar(type));
    const end = this.#end();
    const bytes = reader.buf.subarray(reader.pos, end);
    const size = type === 'float' ? 4 : type === 'double' ? 8 : 0;
    if (size > 0 && bytes.length % size !== 0) {
      this.fail(`has ${bytes.length} bytes, expected a multiple of ${size}`);
    }
    const outerEnd = reader.len;
    reader.len = end;
    const count = size > 0 ? bytes.length / size : countTerminators(bytes);
    const values = packedFrom(type, count, () => this.#scalar(type));
    if (reader.pos !== end) this.fail('ends inside a number');
    reader.len = outerEnd;
    return values;
  }
}

/** Lists start as one shared frozen array, so that empty fields cost nothing. */
function append(message: Fields, name: string, value: unknown): void {
  const list = message[name] as unknown[];
  if (list.length === 0) message[name] = [value];
  else list.push(value);
}

/**
 * Reads the message `name` from `bytes`. Bytes fields (`rawData`, string attributes) are views of `bytes`; packed
 * numbers are typed arrays; absent optional fields are absent from the object; unknown fields are skipped.
 *
 * @throws {OnnxFormatError} when the bytes are no such message: truncated, malformed, nested deeper than 100.
 */
export function decode<Name extends keyof Messages>(name: Name, bytes: Uint8Array): Messages[Name] {
  const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const decoder = new Decoder(plain, name);
  try {
    const message = decoder.message(name, plain.length, 0);
    decoder.finish();
    return message as unknown as Messages[Name];
  } catch (error) {
    if (error instanceof OnnxFormatError) throw error;
    return decoder.fail(wording(error));
  }
}

/** protobufjs says `index out of range: 5 + 4 > 6` for bytes that end early. */
function wording(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.startsWith('index out of range') ? 'ends early, expected more bytes' : `malformed, ${text}`;
}
