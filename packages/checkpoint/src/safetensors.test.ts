import { fromTypedArray, type Tensor, tensor } from '@sconce/tensor';
import { countRefused, fixtureBytes, fixturesLike, mutants } from '@sconce/testing';
import { describe, expect, test } from 'vitest';
import {
  CheckpointError,
  openSafetensors,
  readSafetensors,
  readStateDict,
  writeSafetensors,
} from './index.ts';
import { describeTensor, valuesOf } from './testing/describe.ts';
import { expectedTensors } from './testing/fixtures.ts';

/** A safetensors file of a header and so many bytes of data. */
function file(header: unknown, dataLength: number): Uint8Array {
  const text = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + text.length + dataLength);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  return bytes;
}

const entry = (begin: number, end: number, shape: unknown = [(end - begin) / 4], dtype: unknown = 'F32') => ({
  dtype,
  shape,
  data_offsets: [begin, end],
});

test.each(fixturesLike('models/*/*.safetensors'))('%s is read and written byte for byte', (path) => {
  const bytes = fixtureBytes(path);
  const { tensors, metadata } = readSafetensors(bytes);
  expect(tensors.size).toBeGreaterThan(0);
  // Not toEqual, which takes minutes to print how megabytes differ.
  expect(Buffer.compare(writeSafetensors(tensors, metadata), bytes)).toBe(0);
});

test('every dtype comes back as it was written', () => {
  const state = readStateDict(fixtureBytes('checkpoint/state-dict.pt'));
  const { tensors } = readSafetensors(writeSafetensors(state));
  const { stateDict } = expectedTensors();
  expect([...tensors.keys()].sort()).toEqual(Object.keys(stateDict).sort());
  for (const [name, value] of tensors) {
    const { dtype, shape, values } = stateDict[name]!;
    expect([name, value.dtype, value.shape, valuesOf(value)]).toEqual([name, dtype, shape, values]);
    expect(value.isContiguous()).toBe(true);
  }
});

test('a record of tensors is written as a Map of them is', () => {
  const tensors: Record<string, Tensor> = { a: tensor([1, 2]), 'b.c': tensor([3n]) };
  expect(writeSafetensors(tensors)).toEqual(writeSafetensors(new Map(Object.entries(tensors))));
  expect(readSafetensors(writeSafetensors(tensors)).metadata).toEqual({});
});

test('opening a file copies nothing', () => {
  const bytes = writeSafetensors({ w: fromTypedArray(Float32Array.of(1, 2), [2]) }, { format: 'pt' });
  const opened = openSafetensors(bytes);
  expect(opened.metadata).toEqual({ format: 'pt' });
  const { dtype, shape, bytes: view } = opened.entries.get('w')!;
  expect([dtype, shape, view.length]).toEqual(['float32', [2], 8]);
  expect(view.buffer).toBe(bytes.buffer);
});

test('empty tensors, tensors without dimensions and strange names are kept', () => {
  const name = '__proto__ "quoted" \u00e9\n';
  const tensors = new Map([
    [name, tensor(1.5)],
    ['__proto__', tensor([true, false])],
    ['empty', fromTypedArray(new Float32Array(0), [0, 3])],
  ]);
  const back = readSafetensors(writeSafetensors(tensors)).tensors;
  expect(back.get(name)!.item()).toBe(1.5);
  expect(back.get('__proto__')!.tolist()).toEqual([true, false]);
  expect(describeTensor(back.get('empty')!).shape).toEqual([0, 3]);
});

test('a tensor cannot be called __metadata__', () => {
  expect(() => writeSafetensors({ __metadata__: tensor(1) })).toThrow(
    '__metadata__: no tensor can have this name',
  );
});

describe('refused, with what is wrong', () => {
  test.each([
    ['an empty file', new Uint8Array(0), 'expected at least 8 bytes, got 0'],
    [
      'a header longer than the file',
      file('{}', 0).fill(0xff, 0, 8),
      'expected at most 2 bytes, got 18446744073709551615',
    ],
    ['a header that is no JSON', file('{"a":', 0), 'safetensors header is not valid, expected JSON'],
    ['a header that is a list', file([], 0), 'expected a JSON object'],
    ['a header that is no UTF-8', file('{}', 0).fill(0xc3, 8, 9), 'expected JSON'],
    [
      'metadata that is no text',
      file({ __metadata__: { a: 1 } }, 0),
      '__metadata__: expected an object of texts',
    ],
    [
      'an entry that is no object',
      file({ w: 3 }, 0),
      'w: expected an object with dtype, shape and data_offsets',
    ],
    [
      'a dtype that is none',
      file({ w: entry(0, 4, [1], 'F33') }, 4),
      'w: unknown dtype "F33", expected one of F64 F32',
    ],
    [
      'a dtype without a counterpart',
      file({ w: entry(0, 4, [4], 'F8_E4M3') }, 4),
      'w: unsupported dtype "F8_E4M3"',
    ],
    [
      'a dtype of Object.prototype',
      file({ w: entry(0, 4, [1], 'toString') }, 4),
      'w: unknown dtype "toString"',
    ],
    ['a negative size', file({ w: entry(0, 4, [-1]) }, 4), 'w: shape [-1] is not valid'],
    ['a fraction as size', file({ w: entry(0, 4, [0.5]) }, 4), 'w: shape [0.5] is not valid'],
    [
      'sizes that overflow',
      file({ w: entry(0, 4, [2 ** 40, 2 ** 40]) }, 4),
      'is not valid, expected a list of sizes',
    ],
    [
      'offsets that are none',
      file({ w: { dtype: 'F32', shape: [], data_offsets: [0] } }, 4),
      'data_offsets [0] are not valid',
    ],
    ['offsets past the data', file({ w: entry(0, 8) }, 4), 'w: data_offsets [0, 8] run past the data'],
    ['offsets in reverse', file({ w: entry(4, 0, [0]) }, 4), 'w: data_offsets [4, 0] run past the data'],
    [
      'fewer bytes than the shape',
      file({ w: entry(0, 4, [2]) }, 4),
      'w: holds 4 bytes, expected 8 for F32 [2]',
    ],
    ['tensors that overlap', file({ a: entry(0, 8), b: entry(4, 12) }, 12), 'b: overlaps another tensor'],
    [
      'a gap',
      file({ a: entry(0, 4), b: entry(8, 12) }, 12),
      'b: leaves a gap before it, expected to begin at byte 4',
    ],
    [
      'bytes that belong to no tensor',
      file({ a: entry(0, 4) }, 8),
      'expected 4 bytes of data as the header says, got 8',
    ],
  ])('%s', (_, bytes, message) => {
    const read = () => readSafetensors(bytes, { file: 'm.safetensors' });
    expect(read).toThrow(CheckpointError);
    expect(read).toThrow(message);
    expect(read).toThrow('m.safetensors: ');
  });

  test('hundreds of damaged files are read or refused with a CheckpointError', () => {
    const state = readStateDict(fixtureBytes('checkpoint/state-dict.pt'));
    expect(
      countRefused(mutants(writeSafetensors(state, { a: 'b' }), 500), CheckpointError, readSafetensors),
    ).toBeGreaterThan(100);
  });
});
