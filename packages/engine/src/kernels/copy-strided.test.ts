import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allocate } from '../memory/allocate.ts';
import type { Storage } from '../memory/storage.ts';
import { referenceCopyStrided } from '../reference/movement.ts';
import { withExecutor } from '../runtime/executor.ts';
import { targets } from '../testing/targets.ts';
import { copyStrided } from './copy-strided.ts';

const arrays = { 1: Uint8Array, 2: Uint16Array, 4: Uint32Array, 8: BigUint64Array } as const;

interface Side {
  order: number[];
  gap: number;
  offset: number;
  repeat: boolean[];
}

interface Case {
  elementBytes: 1 | 2 | 4 | 8;
  shape: number[];
  from: Side;
  to: Side;
}

function cases(largest: number): fc.Arbitrary<Case> {
  return fc.integer({ min: 0, max: 6 }).chain((rank) => {
    const dimensions = [...Array(rank).keys()];
    const side = fc.record({
      order: fc.oneof(
        fc.constant([...dimensions].reverse()),
        fc.shuffledSubarray(dimensions, { minLength: rank }),
      ),
      gap: fc.constantFrom(1, 1, 1, 3),
      offset: fc.integer({ min: 0, max: 5 }),
      repeat: fc.array(fc.constantFrom(false, false, true), { minLength: rank, maxLength: rank }),
    });
    const size = fc.integer({ min: rank > 3 ? 1 : 0, max: rank > 3 ? 4 : largest });
    return fc.record({
      elementBytes: fc.constantFrom(1 as const, 2 as const, 4 as const, 8 as const),
      shape: fc.array(size, { minLength: rank, maxLength: rank }),
      from: side,
      to: side,
    });
  });
}

function layout(
  shape: readonly number[],
  side: Side,
  mayRepeat: boolean,
): { strides: number[]; span: number } {
  const strides = shape.map(() => 0);
  let span = 1;
  side.order.forEach((d, i) => {
    if (mayRepeat && side.repeat[d]) return;
    strides[d] = i === 0 ? span * side.gap : span;
    span = strides[d]! * Math.max(1, shape[d]!);
  });
  return { strides, span: span + side.offset };
}

function filled(bytes: number, seed: number): { storage: Storage; bytes: Uint8Array } {
  const storage = allocate(bytes);
  const data = Uint8Array.from({ length: bytes }, (_, i) => (i * 37 + seed) % 251);
  storage.bytes().set(data);
  return { storage, bytes: data };
}

function check({ elementBytes, shape, from, to }: Case): void {
  const source = layout(shape, from, true);
  const target = layout(shape, to, false);
  const x = filled(source.span * elementBytes, 1);
  const y = filled(target.span * elementBytes, 2);
  const kind = arrays[elementBytes];
  const expected = y.bytes.slice();
  referenceCopyStrided({
    shape,
    from: { data: new kind(x.bytes.buffer as ArrayBuffer), offset: from.offset, strides: source.strides },
    to: { data: new kind(expected.buffer), offset: to.offset, strides: target.strides },
  });
  copyStrided({
    shape,
    elementBytes,
    from: { storage: x.storage, offset: from.offset, strides: source.strides },
    to: { storage: y.storage, offset: to.offset, strides: target.strides },
  });
  expect(y.storage.bytes()).toEqual(expected);
}

describe.each(targets)('copyStrided on $name', ({ executor, small }) => {
  it('copies any shape with any strides and touches nothing else', () => {
    const shapes = cases(small ? 7 : 20);
    withExecutor(executor, () => fc.assert(fc.property(shapes, check), { numRuns: small ? 120 : 800 }));
  });

  it('transposes matrices of all sizes around a vector', () => {
    withExecutor(executor, () => {
      for (const rows of [1, 4, 5, 17]) {
        for (const columns of [3, 4, 8, 18]) {
          const side = { gap: 1, offset: 1, repeat: [false, false] };
          check({
            elementBytes: 4,
            shape: [rows, columns],
            from: { ...side, order: [0, 1] },
            to: { ...side, order: [1, 0] },
          });
        }
      }
    });
  });
});

describe('copyStrided', () => {
  it('keeps the bits of NaNs', () => {
    const words = Uint32Array.of(0x7f800001, 0xffc00123, 0x7fc00000, 0x80000000, 5, 6);
    const x = allocate(24);
    x.bytes().set(new Uint8Array(words.buffer));
    const y = allocate(24);
    copyStrided({
      shape: [3, 2],
      elementBytes: 4,
      from: { storage: x, offset: 0, strides: [1, 3] },
      to: { storage: y, offset: 0, strides: [2, 1] },
    });
    expect([...new Uint32Array(y.bytes().slice().buffer)]).toEqual([0, 3, 1, 4, 2, 5].map((i) => words[i]!));
  });

  it('refuses a target that repeats its elements', () => {
    const storage = allocate(16);
    const slice = { storage, offset: 0, strides: [0] };
    expect(() => copyStrided({ shape: [4], elementBytes: 4, from: slice, to: slice })).toThrow(/to repeats/);
  });
});
