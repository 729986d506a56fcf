import { tensor } from '@sconce/tensor';
import { countRefused, fixtureBytes, mutants } from '@sconce/testing';
import { zipSync } from 'fflate';
import { describe, expect, test } from 'vitest';
import { CheckpointError, readNpy, readNpz, writeNpy } from './index.ts';
import { describeTensor, valuesOf } from './testing/describe.ts';
import { expectedTensors } from './testing/fixtures.ts';

const { stateDict } = expectedTensors();
const names = ['float64', 'float32', 'float16', 'int64', 'int32', 'int16', 'int8', 'uint8', 'bool'];

test.each([...names, 'int64.edges', 'empty', 'scalar'])(
  'NumPy\u2019s %s is read, and written byte for byte',
  (name) => {
    const bytes = fixtureBytes(`checkpoint/${name.replace('.', '-')}.npy`);
    const read = readNpy(bytes);
    const { dtype, shape, values } = stateDict[name]!;
    expect([read.dtype, read.shape, valuesOf(read)]).toEqual([dtype, shape, values]);
    expect(writeNpy(read)).toEqual(bytes);
  },
);

test('Fortran order becomes strides', () => {
  const read = readNpy(fixtureBytes('checkpoint/fortran.npy'));
  expect(describeTensor(read)).toEqual({ ...stateDict['base'], stride: [1, 4] });
});

test('big-endian numbers are turned', () => {
  expect(describeTensor(readNpy(fixtureBytes('checkpoint/big-endian.npy')))).toEqual(stateDict['base']);
});

test('archives, stored and compressed, hold arrays by name', () => {
  const stored = readNpz(fixtureBytes('checkpoint/arrays.npz'));
  expect([...stored.keys()]).toEqual(['base', 'float64']);
  expect(describeTensor(stored.get('base')!)).toEqual(stateDict['base']);
  expect(valuesOf(stored.get('float64')!)).toEqual(stateDict['float64']!.values);
  const compressed = readNpz(fixtureBytes('checkpoint/compressed.npz'));
  expect(describeTensor(compressed.get('base')!)).toEqual(stateDict['base']);
  expect(compressed.get('zeros')!.shape).toEqual([100, 100]);
});

describe('refused, with what is wrong', () => {
  const good = fixtureBytes('checkpoint/float32.npy');
  const withHeader = (header: string): Uint8Array => {
    const bytes = good.slice();
    bytes.set(new TextEncoder().encode(header.padEnd(117)), 10);
    return bytes;
  };
  const header = (descr: string, shape: string) =>
    `{'descr': '${descr}', 'fortran_order': False, 'shape': ${shape}, }`;

  test.each([
    ['another file', fixtureBytes('images/chelsea.png'), 'not an npy file'],
    ['format 9', good.slice().fill(9, 6, 7), 'npy format 9, expected 1, 2 or 3'],
    ['a cut header', good.subarray(0, 40), 'npy file ends early, expected a header of 118 bytes'],
    ['cut data', good.subarray(0, good.length - 1), 'holds 23 bytes of data, expected 24'],
    ['a header with code', withHeader("__import__('os').system('id')"), 'npy header is not valid'],
    ['a shape that overflows', withHeader(header('<f4', '(9999999999, 9999999999)')), 'is not valid'],
    [
      'complex numbers',
      fixtureBytes('checkpoint/complex.npy'),
      'dtype <c8 is not supported, expected one of f8 f4',
    ],
    ['texts', fixtureBytes('checkpoint/text.npy'), 'dtype <U2 is not supported'],
    ['objects', withHeader(header('|O', '(3,)')), 'dtype |O is not supported'],
  ])('%s', (_, bytes, message) => {
    const read = () => readNpy(bytes, { file: 'x.npy' });
    expect(read).toThrow(CheckpointError);
    expect(read).toThrow(message);
    expect(read).toThrow('x.npy: ');
  });

  test('an archive that holds something else', () => {
    expect(() => readNpz(zipSync({ 'a.txt': Uint8Array.of(1) }), { file: 'x.npz' })).toThrow(
      'x.npz: a.txt: not an npy',
    );
    expect(() => readNpz(good)).toThrow('not an npz file, expected a zip archive');
  });

  test('bfloat16 when writing', () => {
    expect(() => writeNpy(tensor([1], { dtype: 'bfloat16' }))).toThrow('npy files have no bfloat16');
  });

  test('hundreds of damaged files are read or refused with a CheckpointError', () => {
    expect(
      countRefused(mutants(fixtureBytes('checkpoint/compressed.npz'), 300), CheckpointError, readNpz),
    ).toBeGreaterThan(100);
    expect(countRefused(mutants(good, 300), CheckpointError, readNpy)).toBeGreaterThan(50);
  });
});
