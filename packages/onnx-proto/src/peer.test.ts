/** The npm package `onnx-proto` (ONNX 1.10, IR version 8) is an independent reader and writer of the same format. */

import { fixtureBytes, fixturesLike } from '@sconce/testing';
import { onnx } from 'onnx-proto';
import { describe, expect, test } from 'vitest';
import { decode, decodeModel, encode, encodeModel, type Messages } from './index.ts';
import { schema } from './onnx.gen.ts';
import { sample } from './testing/sample.ts';

/** What ONNX has gained since the peer's schema. */
const newer = new Set([
  'ModelProto.configuration',
  'GraphProto.metadataProps',
  'NodeProto.overload',
  'NodeProto.metadataProps',
  'NodeProto.deviceConfigurations',
  'ValueInfoProto.metadataProps',
  'TensorProto.metadataProps',
  'FunctionProto.attributeProto',
  'FunctionProto.valueInfo',
  'FunctionProto.overload',
  'FunctionProto.metadataProps',
  'TypeProto.opaqueType',
]);

/** Our message in the form the peer's `toObject` gives: 64-bit integers as text, empty lists and newer fields left out. */
function asPeer(name: string, message: object): unknown {
  const object: Record<string, unknown> = {};
  for (const field of schema[name]!) {
    const value = (message as Record<string, unknown>)[field.name];
    if (value === undefined || newer.has(`${name}.${field.name}`)) continue;
    const convert = (element: unknown): unknown => {
      if (field.type in schema) return asPeer(field.type, element as object);
      if (field.type === 'bytes') return Uint8Array.from(element as Uint8Array);
      return ['count', 'int64', 'uint64'].includes(field.type) ? String(element) : element;
    };
    if (!field.repeated) object[field.name] = convert(value);
    else if ((value as ArrayLike<unknown>).length > 0) {
      object[field.name] = Array.from(value as ArrayLike<unknown>, convert);
    }
  }
  return object;
}

const peerOptions = { longs: String, enums: Number };

/** Node's Buffers, which the peer makes of bytes, as plain arrays. */
function plainBytes(value: unknown): unknown {
  if (value instanceof Uint8Array) return Uint8Array.from(value);
  if (Array.isArray(value)) return value.map(plainBytes);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, element]) => [key, plainBytes(element)]));
}

const shared = [
  'ModelProto',
  'GraphProto',
  'NodeProto',
  'TensorProto',
  'TypeProto',
  'FunctionProto',
] as const;

describe.each(shared)('%s with every field set', (name) => {
  const Peer = onnx[name];
  const seeds = [1, 2, 3, 4, 5, 6, 7, 8];

  test.each(seeds)('written by us, is read by the peer (seed %d)', (seed) => {
    const message = sample(name, 4, seed);
    const read = Peer.toObject(Peer.decode(encode(name, message)) as never, peerOptions);
    expect(plainBytes(read)).toEqual(asPeer(name, message));
  });

  test.each(seeds)('written by the peer, is read by us (seed %d)', (seed) => {
    const written = Peer.decode(encode(name, sample(name, 4, seed)));
    const read: Messages[typeof name] = decode(name, Peer.encode(written as never).finish());
    expect(asPeer(name, read)).toEqual(plainBytes(Peer.toObject(written as never, peerOptions)));
  });
});

describe('models that PyTorch exported', () => {
  test.each(fixturesLike('models/*/*.onnx'))(
    '%s: reads as the peer reads it, and survives being written',
    (file) => {
      const bytes = fixtureBytes(file);
      const model = decodeModel(bytes);
      const peer = onnx.ModelProto.toObject(onnx.ModelProto.decode(bytes), peerOptions);
      expect(asPeer('ModelProto', model)).toEqual(plainBytes(peer));
      const written = encodeModel(model);
      expect(decodeModel(written)).toEqual(model);
      for (const tensor of model.graph?.initializer ?? []) {
        if (tensor.rawData !== undefined) expect(tensor.rawData.buffer).toBe(bytes.buffer);
      }
    },
  );
});
