import { countRefused, fixtureBytes, mutants } from '@sconce/testing';
import { describe, expect, test } from 'vitest';
import { decode, decodeModel, encode, encodeModel, OnnxFormatError } from './index.ts';
import { sample } from './testing/sample.ts';

const model = encodeModel(sample('ModelProto', 4));

function failure(bytes: Uint8Array): OnnxFormatError {
  try {
    decodeModel(bytes);
  } catch (error) {
    expect(error).toBeInstanceOf(OnnxFormatError);
    return error as OnnxFormatError;
  }
  throw new Error('expected an OnnxFormatError');
}

test('an empty file, text and a picture are no models', () => {
  expect(failure(new Uint8Array(0)).message).toContain('the file is empty, expected an ONNX model');
  failure(new TextEncoder().encode('#!/bin/sh\necho hello, this is not a model\n'));
  failure(new TextEncoder().encode('{"name": "model.json"}'));
  failure(Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52));
});

test.each(['empty.onnx', 'not-onnx.onnx', 'no-graph.onnx', 'truncated.onnx'])('%s is refused', (file) => {
  const error = failure(fixtureBytes(`hostile/${file}`));
  expect(error.message).toMatch(/^ModelProto.*(expected|malformed)/);
});

test.each(['huge-dims.onnx', 'negative-dim.onnx', 'unknown-data-type.onnx', 'wrong-attribute.onnx'])(
  '%s is a message all the same: what it means is for the importer to judge',
  (file) => {
    expect(decodeModel(fixtureBytes(`hostile/${file}`)).graph).toBeDefined();
  },
);

test('every truncation either fails with an OnnxFormatError or still is a model', () => {
  for (let length = 0; length < model.length; length += length < 2000 ? 1 : 97) {
    try {
      expect(decodeModel(model.subarray(0, length)).graph ?? 'functions').toBeDefined();
    } catch (error) {
      expect(error).toBeInstanceOf(OnnxFormatError);
    }
  }
});

test('a truncated tensor is named with its place and the missing bytes', () => {
  const graph = { initializer: [{ name: 'w', rawData: new Uint8Array(100) }] };
  const error = failure(encodeModel({ graph }).subarray(0, 60));
  expect(error.path).toBe('ModelProto.graph');
  expect(error.what).toMatch(/^ends early, expected \d+ bytes, got \d+$/);
  expect(error.offset).toBeGreaterThan(0);
});

test('a length that promises gigabytes is refused before anything is allocated', () => {
  // graph { initializer { raw_data: 2 GiB - 1 of bytes that are not there } }
  const claim = [0x4a, 0xff, 0xff, 0xff, 0xff, 0x07];
  const error = failure(Uint8Array.of(0x3a, 8, 0x2a, 6, ...claim));
  expect(error.path).toBe('ModelProto.graph.initializer[0].rawData');
  expect(error.what).toBe('ends early, expected 2147483647 bytes, got 0');
});

test('graphs nested deeper than 100 are refused, not followed into a stack overflow', () => {
  let bytes: Uint8Array = new Uint8Array(0);
  // Each round wraps the graph as node { attribute { g } } of a new one.
  for (let i = 0; i < 2000; i++) {
    for (const tag of [0x32, 0x2a, 0x0a]) bytes = prefix(tag, bytes);
  }
  const error = failure(prefix(0x3a, bytes));
  expect(error.what).toBe('messages nested deeper than 100');
});

test('unknown groups nested in each other are refused too', () => {
  const deep = new Uint8Array(100_000).fill(0x0b);
  expect(() => decode('NodeProto', deep)).toThrow(OnnxFormatError);
});

test('a message nested deeper than 100 is refused when writing', () => {
  let type: object = {};
  for (let i = 0; i < 150; i++) type = { sequenceType: { elemType: type } };
  expect(() => encode('TypeProto', type)).toThrow('messages nested deeper than 100');
});

test('a dimension beyond 2^53 is refused', () => {
  const dims = [0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f];
  expect(() => decode('TensorProto', Uint8Array.from(dims))).toThrow(
    'TensorProto.dims: 9223372036854775807 is too large, expected a number below 2^53',
  );
});

describe('malformed bytes', () => {
  test.each([
    ['a varint of eleven bytes', 'TensorProto', [0x38, ...new Array(10).fill(0xff), 1]],
    ['field number 0', 'TensorProto', [0x00, 1]],
    ['wire type 7', 'TensorProto', [0x0f, 1]],
    ['an end of group without a start', 'TensorProto', [0x0c]],
    ['packed floats of five bytes', 'TensorProto', [0x22, 5, 0, 0, 0, 0, 0]],
    ['packed numbers that end inside one', 'TensorProto', [0x2a, 2, 1, 0xff]],
    ['a double that is cut', 'TensorProto', [0x51, 1, 2, 3]],
  ] as const)('%s', (_, name, bytes) => {
    expect(() => decode(name, Uint8Array.from(bytes))).toThrow(OnnxFormatError);
  });
});

test('two thousand mutants of a model end in a model or an OnnxFormatError', () => {
  expect(countRefused(mutants(model, 2000), OnnxFormatError, decodeModel)).toBeGreaterThan(500);
});

function prefix(tag: number, bytes: Uint8Array): Uint8Array {
  const length: number[] = [];
  for (let rest = bytes.length; ; rest >>>= 7) {
    length.push(rest > 127 ? (rest & 127) | 128 : rest);
    if (rest <= 127) break;
  }
  const joined = new Uint8Array(1 + length.length + bytes.length);
  joined.set([tag, ...length]);
  joined.set(bytes, 1 + length.length);
  return joined;
}
