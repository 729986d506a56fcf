import { arange, type DType, dtypes, ones, Tensor, tensor, zeros } from '@sconce/tensor';
import { fixtureBytes } from '@sconce/testing';
import { describe, expect, test } from 'vitest';
import { CheckpointError, readStateDict, readTorch, writeTorch } from './index.ts';
import { describeTensor } from './testing/describe.ts';

describe('writeTorch', () => {
  test('writes what readTorch reads: nested dicts, lists, numbers, texts, bytes and sets', () => {
    const value = {
      epoch: 7,
      numbers: [0, 255, 256, -1, 2 ** 31, -(2 ** 40), 2n ** 70n, -(2n ** 63n), 0.5, Number.NaN, -0, 1e300],
      nested: new Map<unknown, unknown>([[0, { step: tensor(3), 'text é中': 'text é中' }]]),
      flags: [true, false, null],
      bytes: Uint8Array.of(0, 127, 128, 255),
      set: new Set([3, 'a']),
      empty: [{}, [], new Map()],
      numbered: { 0: 'a', 12: 'b', '01': 'c' },
    };
    const read = readTorch(writeTorch(value)) as Map<string, unknown>;
    expect(read.get('epoch')).toBe(7);
    expect(read.get('numbers')).toEqual(value.numbers);
    expect(read.get('numbered')).toEqual(
      new Map<unknown, string>([
        [0, 'a'],
        [12, 'b'],
        ['01', 'c'],
      ]),
    );
    expect(read.get('flags')).toEqual(value.flags);
    expect(read.get('bytes')).toEqual(value.bytes);
    expect(read.get('set')).toEqual(value.set);
    expect(read.get('empty')).toEqual([new Map(), [], new Map()]);
    const nested = (read.get('nested') as Map<number, Map<string, unknown>>).get(0)!;
    expect((nested.get('step') as Tensor).item()).toBe(3);
    expect(nested.get('text é中')).toBe('text é中');
  });

  test('keeps dtypes, strides, offsets and shared storages of what PyTorch saved', () => {
    const before = readStateDict(fixtureBytes('checkpoint/state-dict.pt'));
    const after = readStateDict(writeTorch(before));
    const described = (tensors: ReadonlyMap<string, Tensor>): unknown =>
      [...tensors].map(([name, one]) => [name, describeTensor(one), one.strides, one.offset]);
    expect(described(after)).toEqual(described(before));
    expect(after.get('transposed')!.storage).toBe(after.get('base')!.storage);
  });

  test('keeps what does not fill its storage', () => {
    const base = arange(12).reshape([3, 4]);
    const read = readTorch(writeTorch([base.narrow(1, 1, 2), zeros([0, 3]), ones([])])) as Tensor[];
    expect(read.map((one) => one.tolist())).toEqual([
      [
        [1, 2],
        [5, 6],
        [9, 10],
      ],
      [],
      1,
    ]);
  });

  test('aligns storages to 64 bytes, and gives the same bytes for the same value', () => {
    const value = (): object => ({ name: 'x', a: tensor([1, 2, 3]), b: tensor([1n]) });
    const bytes = writeTorch(value() as never);
    expect(Buffer.compare(bytes, writeTorch(value() as never))).toBe(0);
    const at = Buffer.from(bytes).indexOf(Buffer.from(tensor([1, 2, 3]).toBytes()));
    expect(at % 64).toBe(0);
  });

  test('refuses what Python has no counterpart for, and says where it lies', () => {
    const cases: [unknown, string][] = [
      [{ a: [1, () => 1] }, 'cannot save a function'],
      [{ a: new Date(0) }, 'cannot save an object of class Date'],
      [new Map([[{}, 1]]), 'cannot save a dict with a key of type object'],
    ];
    for (const [value, message] of cases) {
      expect(() => writeTorch(value as never)).toThrow(CheckpointError);
      expect(() => writeTorch(value as never)).toThrow(message);
    }
    expect(() => writeTorch({ a: [1, Symbol('s')] as never })).toThrow('a[1]');
    const loop: unknown[] = [];
    loop.push(loop);
    expect(() => writeTorch(loop as never)).toThrow('holds itself');
    const x = tensor([1, 2]);
    const other = new Tensor(x.storage, 'int32', [2]);
    expect(() => writeTorch([x, other])).toThrow('view the same data as different types');
    const unsaved = (Object.keys(dtypes) as DType[]).filter(
      (dtype) => dtype.startsWith('uint') && dtype !== 'uint8',
    );
    for (const dtype of unsaved) expect(() => writeTorch(zeros([1], { dtype }))).toThrow(`dtype ${dtype}`);
  });
});
