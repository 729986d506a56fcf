import { tensor } from '@sconce/tensor';
import { expect, test } from 'vitest';
import { boxIou, nms, VisionError } from './index.ts';

const boxes = [
  [0, 0, 10, 10],
  [1, 1, 11, 11],
  [20, 20, 30, 30],
  [0, 0, 10, 5],
];

test('nms keeps the best of those that overlap, by falling score', () => {
  // The second overlaps the first by 81 / 119, the fourth the first by exactly 1 / 2.
  expect(nms(boxes, [0.8, 0.9, 0.7, 0.6], 0.5).tolist()).toEqual([1, 2, 3]);
  expect(nms(boxes, [0.9, 0.8, 0.7, 0.6], 0.5).tolist()).toEqual([0, 2, 3]);
  expect(nms(boxes, [0.9, 0.8, 0.7, 0.6], 0.49).tolist()).toEqual([0, 2]);
  expect(nms(boxes, [0.1, 0.2, 0.3, 0.4], 0.9).tolist()).toEqual([3, 2, 1, 0]);
});

test('nms takes tensors, gives int64 indices, and keeps the order of equal scores', () => {
  const kept = nms(tensor(boxes), tensor([0.5, 0.5, 0.5, 0.5]), 1);
  expect(kept.dtype).toBe('int64');
  expect(kept.tolist()).toEqual([0, 1, 2, 3]);
  expect(nms([], [], 0.5).shape).toEqual([0]);
});

test('boxes without area overlap nothing', () => {
  expect(boxIou([5, 5, 5, 5], [5, 5, 5, 5])).toBe(0);
  expect(boxIou([10, 0, 0, 10], [0, 0, 10, 10])).toBe(0);
});

test.each([
  [
    'fewer scores than boxes',
    () => nms(boxes, [1], 0.5),
    'nms: expected as many scores as boxes, got 1 and 4',
  ],
  [
    'a box of three numbers',
    () => nms([[1, 2, 3]], [1], 0.5),
    'box 0 is not valid, expected [x1, y1, x2, y2], got [1, 2, 3]',
  ],
  ['a box that is not finite', () => nms([[0, 0, Number.NaN, 1]], [1], 0.5), 'box 0 is not valid'],
  ['a flat tensor', () => nms(tensor([1, 2, 3, 4]), [1], 0.5), 'nms: expected boxes [n, 4], got [4]'],
])('%s is refused', (_, run, message) => {
  expect(run).toThrow(VisionError);
  expect(run).toThrow(message);
});
