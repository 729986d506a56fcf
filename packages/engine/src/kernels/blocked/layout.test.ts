import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { withExecutor } from '../../runtime/executor.ts';
import { numbers, operand } from '../../testing/operands.ts';
import { targets } from '../../testing/targets.ts';
import { type BlockedShape, blockedElements, blockedLanes, geometryOf } from './image.ts';
import { fromBlocked, toBlocked } from './layout.ts';
import { expectPaddingZero, fencedImage } from './testing/images.ts';

function shapes(extent: number): fc.Arbitrary<BlockedShape> {
  const upTo = (max: number, min = 0): fc.Arbitrary<number> => fc.integer({ min, max });
  return fc.record({
    batch: upTo(2),
    channels: upTo(2 * blockedLanes() + 3, 1),
    height: upTo(extent),
    width: upTo(extent),
    border: fc.oneof(fc.constant([0, 0, 0, 0] as const), fc.tuple(upTo(2), upTo(2), upTo(2), upTo(2))),
    lanes: fc.constantFrom(1, blockedLanes()),
  });
}

function check(shape: BlockedShape): void {
  const { batch, channels, height, width, lanes } = shape;
  const values = numbers(5, batch * channels * height * width);
  const image = fencedImage(shape, values);
  expectPaddingZero(image);
  image.fenced.checkFences();
  const got = image.fenced.read();
  const { row, block, image: step, origin } = geometryOf(shape);
  let at = 0;
  for (let n = 0; n < batch; n++) {
    for (let c = 0; c < channels; c++) {
      const first = n * step + Math.floor(c / lanes) * block + origin + (c % lanes);
      for (let i = 0; i < height; i++) {
        for (let j = 0; j < width; j++) {
          if (got[first + i * row + j * lanes] !== values[at++])
            expect.fail(`image ${n}, channel ${c}, ${i}, ${j}`);
        }
      }
    }
  }
  const plain = operand(values.length);
  fromBlocked({ x: image, y: plain });
  expect(plain.read()).toEqual(values);
  plain.checkFences();
}

describe.each(targets)('blocked layout on $name', ({ executor, small }) => {
  it('goes there and back for every extent, border and number of channels', () => {
    withExecutor(executor, () =>
      fc.assert(fc.property(shapes(small ? 7 : 25), check), { numRuns: small ? 30 : 150 }),
    );
  });
});

describe('blocked layout', () => {
  it('keeps blocks from starting at the same lines of the cache', () => {
    const shape = { batch: 1, channels: 32, height: 64, width: 64, border: [0, 0, 0, 0], lanes: 16 } as const;
    expect(geometryOf(shape).block).toBe(64 * 64 * 16 + 16);
    expect(blockedElements(shape)).toBe(2 * (64 * 64 * 16 + 16));
  });

  it('refuses images that are none', () => {
    const shape = {
      batch: 1,
      channels: 3,
      height: 2,
      width: 2,
      border: [0, 0, 0, 0],
      lanes: blockedLanes(),
    } as const;
    const [x, y] = [operand(12), fencedImage(shape)];
    expect(() => toBlocked({ x, y: { ...y, lanes: 5 } })).toThrow(/toBlocked: y has another number of lanes/);
    expect(() => toBlocked({ x, y: { ...y, border: [0, -1, 0, 0] } })).toThrow(/invalid y border 1/);
    expect(() => toBlocked({ x, y: { ...y, channels: 300 } })).toThrow(/toBlocked: y is too small/);
    expect(() => fromBlocked({ x: y, y: { ...operand(11), offset: 50 } })).toThrow(
      /fromBlocked: y is too small/,
    );
  });
});
