import { describe, expect, test } from 'vitest';
import { decode, encode, type Messages } from './index.ts';
import { schema } from './onnx.gen.ts';
import { sample } from './testing/sample.ts';

const names = Object.keys(schema) as (keyof Messages)[];

/** `message` without the empty lists that decoding fills in. */
function sparse(message: unknown): unknown {
  if (Array.isArray(message)) return message.map(sparse);
  if (typeof message !== 'object' || message === null || ArrayBuffer.isView(message)) return message;
  return Object.fromEntries(
    Object.entries(message)
      .filter(([, value]) => !(typeof value === 'object' && 'length' in value && value.length === 0))
      .map(([key, value]) => [key, sparse(value)]),
  );
}

describe.each(names)('%s', (name) => {
  test('comes back as it was written, with every field set', () => {
    for (let seed = 1; seed <= 8; seed++) {
      const message = sample(name, 3, seed);
      const bytes = encode(name, message);
      const back = decode(name, bytes);
      expect(sparse(back)).toEqual(sparse(message));
      expect(encode(name, back)).toEqual(bytes);
    }
  });
});

test('64-bit integers are exact at both ends of their range', () => {
  const ints = [2n ** 63n - 1n, -(2n ** 63n), 2n ** 53n + 1n, -1n, 0n];
  expect(decode('AttributeProto', encode('AttributeProto', { ints })).ints).toEqual(ints);
  const tensor = { int64Data: BigInt64Array.from(ints), uint64Data: BigUint64Array.of(2n ** 64n - 1n, 0n) };
  const back = decode('TensorProto', encode('TensorProto', tensor));
  expect(back.int64Data).toEqual(tensor.int64Data);
  expect(back.uint64Data).toEqual(tensor.uint64Data);
});

test('numbers stand for bigints when writing', () => {
  const bytes = encode('AttributeProto', { ints: [1, -2], i: 3 });
  expect(bytes).toEqual(encode('AttributeProto', { ints: [1n, -2n], i: 3n }));
});

test('special floats keep their bits', () => {
  const floatData = Float32Array.of(Number.NaN, Infinity, -Infinity, -0, 1e-45);
  const back = decode('TensorProto', encode('TensorProto', { floatData }));
  expect(back.floatData).toEqual(floatData);
});

test('raw data and string attributes are views of the bytes read', () => {
  const rawData = new Uint8Array(1000).fill(7);
  const tensor = { rawData, dims: [1000] };
  const file = encode('ModelProto', { graph: { initializer: [tensor] } });
  const shifted = new Uint8Array(file.length + 16);
  shifted.set(file, 16);
  const read = decode('ModelProto', shifted.subarray(16)).graph?.initializer[0]?.rawData;
  expect(read?.buffer).toBe(shifted.buffer);
  expect(read).toEqual(rawData);
});

test('packed fields are read unpacked too, and in several parts', () => {
  // int64_data (field 7): 5 unpacked, then [6, 7] packed, then 8 unpacked.
  const bytes = Uint8Array.of(0x38, 5, 0x3a, 2, 6, 7, 0x38, 8);
  expect(decode('TensorProto', bytes).int64Data).toEqual(BigInt64Array.of(5n, 6n, 7n, 8n));
  // dims (field 1) packed, as proto3 writers do.
  expect(decode('TensorProto', Uint8Array.of(0x0a, 2, 3, 4)).dims).toEqual([3, 4]);
  // floats (field 7 of AttributeProto) packed.
  expect(decode('AttributeProto', Uint8Array.of(0x3a, 4, 0, 0, 0x80, 0x3f)).floats).toEqual([1]);
});

test('many parts of one packed field take linear time', () => {
  const parts = new Uint8Array(600_000);
  for (let i = 0; i < parts.length; i += 2) parts.set([0x38, 1], i);
  expect(decode('TensorProto', parts).int64Data.length).toBe(300_000);
});

test('a message that occurs twice is merged, and the last member of a oneof wins', () => {
  // tensor_type { elem_type: 1 } then tensor_type { shape {} }
  const merged = decode('TypeProto', Uint8Array.of(0x0a, 2, 8, 1, 0x0a, 2, 0x12, 0));
  expect(merged.tensorType).toEqual({ elemType: 1, shape: { dim: [] } });
  // dim_value: 3 then dim_param: "N"
  const dimension = decode('TensorShapeProtoDimension', Uint8Array.of(8, 3, 0x12, 1, 0x4e));
  expect(dimension).toEqual({ dimParam: 'N' });
});

test('unknown fields of every wire type are skipped', () => {
  const unknown = [
    [0xa0, 0x06, 0x96, 0x01], // field 100, varint
    [0xa1, 0x06, 1, 2, 3, 4, 5, 6, 7, 8], // 64-bit
    [0xa2, 0x06, 3, 1, 2, 3], // bytes
    [0xa3, 0x06, 0x08, 1, 0xa4, 0x06], // group
    [0xa5, 0x06, 1, 2, 3, 4], // 32-bit
  ].flat();
  const known = encode('OperatorSetIdProto', { domain: 'ai.onnx', version: 20 });
  const bytes = Uint8Array.of(...unknown, ...known, ...unknown);
  expect(decode('OperatorSetIdProto', bytes)).toEqual({ domain: 'ai.onnx', version: 20 });
});

describe('values that do not fit are refused when writing, naming the field', () => {
  test.each([
    ['a fraction', { dims: [1.5] }, 'TensorProto.dims[0]: expected an integer'],
    ['a text for a number', { dataType: 'FLOAT' }, 'TensorProto.dataType: expected an integer'],
    ['an int32 out of range', { dataType: 2 ** 31 }, 'got number 2147483648'],
    ['a number for bytes', { rawData: 3 }, 'TensorProto.rawData: expected a Uint8Array, got number 3'],
    ['a number for text', { name: 3 }, 'TensorProto.name: expected a string, got number 3'],
    ['a number for a list', { dims: 3 }, 'TensorProto.dims: expected a list, got number 3'],
    ['a text for a message', { segment: 'x' }, 'TensorProto.segment: expected a TensorProtoSegment'],
    ['a bigint for a float', { floatData: [1n] }, 'TensorProto.floatData[0]: expected a number'],
  ])('%s', (_, tensor, message) => {
    expect(() => encode('TensorProto', tensor as never)).toThrow(message);
  });
});
