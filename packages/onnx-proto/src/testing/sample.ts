/** Makes a message of any kind with every field set, so that tests reach all of the schema. */
import type { Encodable } from '../encode.ts';
import { type Messages, schema } from '../onnx.gen.ts';

/**
 * A message `name` with every field set to values that differ by `seed`; one member of every oneof. Messages nest
 * `depth` deep.
 */
export function sample<Name extends keyof Messages>(
  name: Name,
  depth = 4,
  seed = 1,
): Encodable<Messages[Name]> {
  return build(name, depth, seed) as Encodable<Messages[Name]>;
}

function build(name: string, depth: number, seed: number): Record<string, unknown> {
  const message: Record<string, unknown> = {};
  const taken = new Set<string>();
  const fields = schema[name]!;
  // Which member of a oneof is set depends on the seed, so that all of them occur somewhere.
  const rotated = fields.map((_, i) => fields[(i + seed) % fields.length]!);
  for (const field of rotated) {
    const nested = field.type in schema;
    if (nested && depth === 0) continue;
    if (field.oneof && taken.has(field.oneof)) continue;
    if (field.oneof) taken.add(field.oneof);
    const one = (i: number): unknown =>
      nested
        ? build(field.type, depth - 1, seed + i + field.id)
        : scalar(field.type, seed + 7 * i + field.id);
    if (!field.repeated) message[field.name] = one(0);
    else if (field.packed) message[field.name] = packed(field.type, [one(0), one(1), one(2)]);
    else message[field.name] = nested ? [one(0)] : [one(0), one(1)];
  }
  return message;
}

function scalar(type: string, seed: number): unknown {
  switch (type) {
    case 'count':
      return seed % 3 === 0 ? -seed : seed * 1_000_003;
    case 'int64':
      return seed % 2 === 0 ? -(2n ** 63n) + BigInt(seed) : 2n ** 62n + BigInt(seed);
    case 'uint64':
      return 2n ** 64n - BigInt(seed);
    case 'int32':
      return seed % 2 === 0 ? -seed : seed * 65_537;
    case 'enum':
      return seed % 2;
    case 'float':
      return Math.fround(seed / 3);
    case 'double':
      return seed / 3;
    case 'string':
      return `text ${seed} \u00e9\u4e2d\u{1f600}`;
    default:
      return Uint8Array.of(seed, 0, 255);
  }
}

function packed(type: string, values: unknown[]): unknown {
  switch (type) {
    case 'int64':
      return BigInt64Array.from(values as bigint[]);
    case 'uint64':
      return BigUint64Array.from(values as bigint[]);
    case 'int32':
      return Int32Array.from(values as number[]);
    case 'float':
      return Float32Array.from(values as number[]);
    default:
      return Float64Array.from(values as number[]);
  }
}
