/**
 * The shape of the table that `onnx.gen.ts` holds and the codec walks: for every message its fields, in order of
 * their numbers.
 */

/**
 * How a field's value is written on the wire and held in JavaScript. `int64` and `uint64` are exact bigints;
 * `count` is an int64 held as a JavaScript number; `enum` is held as its number.
 */
export type Scalar =
  | 'count'
  | 'int64'
  | 'uint64'
  | 'int32'
  | 'enum'
  | 'float'
  | 'double'
  | 'string'
  | 'bytes';

/** One field of a message. */
export interface Field {
  readonly id: number;
  readonly name: string;
  /** A scalar kind, or the name of a message in the table. */
  readonly type: string;
  readonly repeated?: true;
  /** Written packed, held as a typed array. Reading takes the packed and the unpacked form of every field. */
  readonly packed?: true;
  /** Name of the oneof the field belongs to: setting it clears the others. */
  readonly oneof?: string;
}

/** The fields of every message, by the message's name. */
export type Schema = Readonly<Record<string, readonly Field[]>>;
