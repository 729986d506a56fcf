import { Tensor } from '@sconce/tensor';
import { countRefused, fixtureBytes, fixturesLike, mutants } from '@sconce/testing';
import { zipSync } from 'fflate';
import { describe, expect, test } from 'vitest';
import { CheckpointError, readSafetensors, readStateDict, readTorch } from './index.ts';
import { describeTensor, valuesOf } from './testing/describe.ts';
import { expectedTensors } from './testing/fixtures.ts';

const expected = expectedTensors();

describe('state dicts that PyTorch saved', () => {
  test.each(['state-dict.pt', 'protocol-4.pt'])('%s: every dtype, view and value', (file) => {
    const tensors = readStateDict(fixtureBytes(`checkpoint/${file}`));
    const described = Object.fromEntries(
      [...tensors].map(([name, tensor]) => [name, describeTensor(tensor)]),
    );
    expect(described).toEqual(expected.stateDict);
    expect([...tensors.keys()]).toEqual(Object.keys(expected.stateDict));
  });

  test('views share the storage they shared in PyTorch', () => {
    const tensors = readStateDict(fixtureBytes('checkpoint/state-dict.pt'));
    const storage = tensors.get('base')!.storage;
    for (const name of ['transposed', 'sliced', 'expanded']) expect(tensors.get(name)!.storage).toBe(storage);
    expect(tensors.get('float32')!.storage).not.toBe(storage);
  });

  test('an archive of a big-endian machine holds the same values', () => {
    for (const [name, tensor] of readStateDict(fixtureBytes('checkpoint/big-endian.pt'))) {
      expect([name, valuesOf(tensor)]).toEqual([name, expected.stateDict[name]!.values]);
    }
  });

  test.each(fixturesLike('models/*/weights.pt'))('%s agrees with the safetensors file beside it', (file) => {
    const state = readStateDict(fixtureBytes(file));
    const { tensors } = readSafetensors(fixtureBytes(file.replace('.pt', '.safetensors')));
    expect([...state.keys()].sort()).toEqual([...tensors.keys()].sort());
    for (const [name, tensor] of state) {
      const other = tensors.get(name)!;
      expect([name, tensor.dtype, tensor.shape]).toEqual([name, other.dtype, other.shape]);
      expect(Buffer.compare(tensor.toBytes(), other.toBytes())).toBe(0);
    }
  });
});

test('a whole checkpoint is read as Maps, arrays, numbers, texts and tensors', () => {
  const value = readTorch(fixtureBytes('checkpoint/checkpoint.pt')) as Map<string, unknown>;
  expect(value.get('epoch')).toBe(7);
  expect(value.get('tuple')).toEqual([1, -1, 2.5, null, true, 'text \u00e9\u4e2d']);
  expect(value.get('large')).toEqual([2 ** 31, -(2 ** 31), 2n ** 53n + 1n, -(2n ** 70n)]);
  expect(value.get('size')).toEqual([2, 3]);
  expect(value.get('dtype')).toBe('torch.float16');
  expect(value.get('device')).toBe('cpu');
  expect(value.get('bytes')).toEqual(Uint8Array.of(250, 251, 252, 253, 254, 255));
  expect(value.get('set')).toEqual(new Set([3]));
  const parameter = value.get('parameter');
  expect(parameter).toBeInstanceOf(Tensor);
  expect(valuesOf(parameter as Tensor)).toEqual([1, 2]);
  const optimizer = value.get('optimizer') as Map<string, Map<number, Map<string, Tensor>>>;
  const momentum = optimizer.get('state')!.get(0)!.get('momentum_buffer')!;
  expect(describeTensor(momentum)).toEqual(expected.optimizerState);
  expect([...(value.get('model') as Map<string, Tensor>).keys()]).toEqual(['weight', 'bias']);
});

describe('refused, with what is wrong', () => {
  const read = (file: string) => () => readTorch(fixtureBytes(`checkpoint/${file}`), { file });

  test('a checkpoint that is no state dict', () => {
    expect(() => readStateDict(fixtureBytes('checkpoint/checkpoint.pt'), { file: 'checkpoint.pt' })).toThrow(
      'checkpoint.pt: epoch: holds a number, expected a state dict (names and tensors); readTorch reads the whole file',
    );
  });

  test('dtypes without a counterpart', () => {
    expect(read('complex.pt')).toThrow(
      'complex.pt: complex/data/0: storage of type ComplexFloatStorage, expected',
    );
    expect(read('uint16.pt')).toThrow('uint16.pt: uint16/data/0: tensor of dtype torch.uint16, expected');
  });

  test('the form of PyTorch before 1.6', () => {
    const legacy = Uint8Array.of(
      0x80,
      2,
      0x8a,
      10,
      0x6c,
      0xfc,
      0x9c,
      0x46,
      0xf9,
      0x20,
      0x6a,
      0xa8,
      0x50,
      0x19,
      0x2e,
    );
    expect(() => readTorch(legacy, { file: 'old.pt' })).toThrow('old.pt: is a pickle without an archive');
  });

  test('files of other kinds', () => {
    expect(() => readTorch(new Uint8Array(0))).toThrow('not a PyTorch file, expected a zip archive');
    expect(read('arrays.npz')).toThrow(
      'arrays.npz: not a PyTorch file, expected data.pkl in the zip archive',
    );
    const script = zipSync({ 'm/data.pkl': new Uint8Array(1), 'm/constants.pkl': new Uint8Array(1) });
    expect(() => readTorch(script)).toThrow('is a TorchScript archive');
  });
});

/** A pickle in the text form of GLOBAL and friends, in an archive. */
function archive(pickle: string, storages: Record<string, Uint8Array> = {}): Uint8Array {
  const bytes = Uint8Array.from(`\x80\x02${pickle}.`, (character) => character.charCodeAt(0));
  const data = Object.entries(storages).map(([key, value]) => [`m/data/${key}`, value]);
  return zipSync({ 'm/data.pkl': bytes, ...Object.fromEntries(data) }, { level: 0 });
}

const text = (value: string): string => `X${String.fromCharCode(value.length)}\0\0\0${value}`;
const storage = (type: string, count: number): string =>
  `(${text('storage')}ctorch\n${type}\n${text('0')}${text('cpu')}K${String.fromCharCode(count)}tQ`;
const tensor = (count: number, offset: string, size: string, stride: string): string =>
  `ctorch._utils\n_rebuild_tensor_v2\n(${storage('FloatStorage', count)}${offset}${size}${stride}\x89)tR`;

describe('pickles that mean harm', () => {
  test.each([
    ['os.system', 'cos\nsystem\n', 'refuses to call os.system'],
    ['posix.system', `cposix\nsystem\n${text('id')}\x85R`, 'refuses to call posix.system'],
    [
      'builtins.eval by STACK_GLOBAL',
      `${text('builtins')}${text('eval')}\x93`,
      'refuses to call builtins.eval',
    ],
    ['a name of Object.prototype', 'ctorch\nconstructor\n', 'refuses to call torch.constructor'],
    ['a storage class that is none', 'ctorch\ntoStringStorage\n', 'refuses to call torch.toStringStorage'],
    ['a call of a text', `${text('x')})R`, 'refuses to call x'],
    ['a call of a dtype', 'ctorch\nfloat32\n)R', 'refuses to call torch.float32'],
    ['the state of an object', `]}b`, 'refuses to set the state of an object'],
    [
      'another encoding',
      `c_codecs\nencode\n(${text('x')}${text('rot13')}tR`,
      'refuses to call _codecs.encode so',
    ],
    ['an empty stack', '0', 'takes a value from an empty stack'],
    ['a value from under a mark', 'N(0R', 'takes a value from an empty stack'],
    ['no mark', 't', 'no mark to go back to'],
    ['a memo that is not there', 'h\x05', 'refers to memo 5'],
    ['an opcode that is none', '\xff', 'unknown pickle opcode 0xff'],
    ['a text longer than the file', 'X\xff\xff\xff\x7fabc', 'ends early, expected 2147483647 bytes, got 4'],
    ['an integer of 100 MB', '\x8b\x00\xe1\xf5\x05', 'integer of 100000000 bytes, expected at most 1024'],
    ['protocol 9', '\x80\x09', 'pickle protocol 9, expected at most 5'],
    ['items of a list', `]${text('a')}K\x01s`, 'sets items of something that is no dict'],
    ['a persistent id that is no storage', `${text('x')}Q`, 'persistent id is not valid'],
  ])('%s', (_, pickle, message) => {
    const run = () => readTorch(archive(pickle), { file: 'evil.pt' });
    expect(run).toThrow(CheckpointError);
    expect(run).toThrow(message);
    expect(run).toThrow('evil.pt: m/data.pkl: ');
  });

  test.each([
    [
      'a tensor longer than its storage',
      tensor(2, 'K\0', 'K\x03\x85', 'K\x01\x85'),
      'expected at least 12 bytes, got 8',
    ],
    ['an offset past it', tensor(2, 'K\x01', 'K\x02\x85', 'K\x01\x85'), 'expected at least 12 bytes, got 8'],
    ['a negative stride', tensor(2, 'K\x01', 'K\x02\x85', 'J\xff\xff\xff\xff\x85'), 'stride -1 is not valid'],
    [
      'a negative size',
      tensor(2, 'K\0', 'J\xff\xff\xff\xff\x85', 'K\x01\x85'),
      'tensor size [-1] is not valid',
    ],
    [
      'a size that is no number',
      tensor(2, 'K\0', `${text('x')}\x85`, 'K\x01\x85'),
      'tensor size ["x"] is not valid',
    ],
    ['fewer strides than sizes', tensor(2, 'K\0', 'K\x01K\x02\x86', 'K\x01\x85'), 'stride [1] is not valid'],
    [
      'a storage shorter than it says',
      tensor(4, 'K\0', 'K\x02\x85', 'K\x01\x85'),
      'storage holds 8 bytes, expected 16',
    ],
  ])('%s', (_, pickle, message) => {
    expect(() => readTorch(archive(pickle, { 0: new Uint8Array(8) }))).toThrow(message);
  });

  test('sizes whose product overflows', () => {
    const size = 'J\xff\xff\xff\x7f'.repeat(3);
    expect(() =>
      readTorch(archive(tensor(2, 'K\0', `${size}\x87`, 'K\0K\0K\0\x87'), { 0: new Uint8Array(8) })),
    ).toThrow('tensor size [2147483647,2147483647,2147483647] is not valid');
  });

  test('a storage that is missing', () => {
    expect(() => readTorch(archive(tensor(2, 'K\0', 'K\x02\x85', 'K\x01\x85')))).toThrow(
      'm/data/0: storage is missing from the archive',
    );
  });
});

test('hundreds of damaged archives are read or refused with a CheckpointError', () => {
  for (const file of ['state-dict.pt', 'checkpoint.pt', 'protocol-4.pt']) {
    expect(
      countRefused(mutants(fixtureBytes(`checkpoint/${file}`), 300), CheckpointError, readTorch),
    ).toBeGreaterThan(50);
  }
});
