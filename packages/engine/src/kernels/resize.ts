// Resizing of planes by nearest or linear interpolation. Where output places lie in the input, the caller says by taps: that
// is where PyTorch's and ONNX's many rules differ.

import {
  input,
  integer,
  type KernelBuilder,
  output,
  overVectors,
  type Pointer,
  type Vector,
} from '@sconce/codegen';
import { EngineError } from '../errors.ts';
import { checkSizes, regionOf } from '../operands.ts';
import { executor, withScratch } from '../runtime/executor.ts';
import { family } from '../runtime/family.ts';
import { floatsOf, integersOf, part } from '../runtime/region.ts';
import { forkRanges, passTime } from '../threads/split.ts';
import type { ResizeParameters, ResizeTaps } from '../types.ts';

/** What both kernels take. `rowPlaces` holds pairs of input rows, `columnPlaces` pairs of columns. */
const sharedContract = {
  x: input('f32'),
  y: output('f32'),
  rowPlaces: input('i32'),
  columnPlaces: input('i32'),
  planes: integer(),
  outHeight: integer(),
  outWidth: integer(),
  inWidth: integer(),
  plane: integer(),
} as const;

/** Calls `body` for each output row of each plane, with the plane's start and the places of its rows. */
function overRows(
  k: KernelBuilder<typeof sharedContract>,
  body: (plane: Pointer<'f32'>, rowPlaces: Pointer<'i32'>) => void,
  nextPlane: () => void = () => {},
): void {
  const [x, outHeight, plane] = [k.pointer('x'), k.integer('outHeight'), k.integer('plane')];
  k.loop(k.integer('planes'), () => {
    nextPlane();
    const rowPlaces = k.pointer('rowPlaces');
    k.loop(outHeight, () => {
      body(x, rowPlaces);
      k.advance(rowPlaces, 2);
    });
    k.advance(x, plane);
  });
}

type F32 = Vector<'f32'>;

/**
 * For each output row: the two input rows mixed into `line`, then for each output column its two neighbours in `line` picked
 * side by side into `near` and `far` and mixed in turn.
 */
const linearKernel = family(
  'resize-linear',
  {
    ...sharedContract,
    rowWeights: input('f32'),
    columnWeights: input('f32'),
    line: output('f32'),
    near: output('f32'),
    far: output('f32'),
  },
  (k) => {
    const [y, inWidth, outWidth] = [k.pointer('y'), k.integer('inWidth'), k.integer('outWidth')];
    const rowWeights = k.pointer('rowWeights');
    const mix = (a: F32, b: F32, weight: F32): F32 => k.add(k.mul(a, k.sub(1, weight)), k.mul(b, weight));
    const row = (plane: Pointer<'f32'>, rowPlaces: Pointer<'i32'>): void => {
      const [above, below, line] = [k.variable(plane), k.variable(plane), k.pointer('line')];
      k.advance(above, k.mul(k.loadInteger(rowPlaces), inWidth));
      k.advance(below, k.mul(k.loadInteger(rowPlaces, 1), inWidth));
      const weight = k.broadcast(rowWeights);
      k.advance(rowWeights, 1);
      overVectors(k, 'f32', inWidth, [above, below, line], (at) =>
        at.store(mix(at.load(above), at.load(below), weight), line),
      );
      const columns = k.pointer('columnPlaces');
      const [nearAt, farAt] = [k.pointer('near'), k.pointer('far')];
      k.loop(outWidth, () => {
        const [a, b] = [k.pointer('line'), k.pointer('line')];
        k.advance(a, k.loadInteger(columns));
        k.advance(b, k.loadInteger(columns, 1));
        k.copyElement(a, 0, nearAt, 0);
        k.copyElement(b, 0, farAt, 0);
        k.advance(columns, 2);
        k.advance(nearAt, 1);
        k.advance(farAt, 1);
      });
      const [near, far, weights] = [k.pointer('near'), k.pointer('far'), k.pointer('columnWeights')];
      overVectors(k, 'f32', outWidth, [near, far, weights, y], (at) =>
        at.store(mix(at.load(near), at.load(far), at.load(weights)), y),
      );
      k.advance(y, k.and(outWidth, k.lanes('f32') - 1));
    };
    overRows(k, row, () => k.assign(rowWeights, k.pointer('rowWeights')));
  },
);

const nearestKernel = family('resize-nearest', sharedContract, (k) => {
  const [y, inWidth, outWidth] = [k.pointer('y'), k.integer('inWidth'), k.integer('outWidth')];
  overRows(k, (plane, rowPlaces) => {
    const row = k.variable(plane);
    k.advance(row, k.mul(k.loadInteger(rowPlaces), inWidth));
    const columns = k.pointer('columnPlaces');
    k.loop(outWidth, () => {
      const at = k.variable(row);
      k.advance(at, k.loadInteger(columns));
      k.copyElement(at, 0, y, 0);
      k.advance(columns, 2);
      k.advance(y, 1);
    });
  });
});

/**
 * Resizes planes: an output element is mixed of the elements at its row's and its column's taps, `near * (1 - weight) + far *
 * weight` along each axis, rows first.
 *
 * @throws EngineError when taps lie outside the input or differ in number, a size is invalid or a slice too small.
 */
export function resize(p: ResizeParameters): void {
  const { planes, inHeight, inWidth } = p;
  checkSizes('resize', { planes, inHeight, inWidth });
  const outHeight = checkTaps('rows', p.rows, inHeight);
  const outWidth = checkTaps('columns', p.columns, inWidth);
  const x = regionOf('resize', 'x', p.x, planes * inHeight * inWidth);
  const y = regionOf('resize', 'y', p.y, planes * outHeight * outWidth);
  if (planes * outHeight * outWidth === 0) return;
  const current = executor();
  const [inPlane, outPlane] = [inHeight * inWidth, outHeight * outWidth];
  withScratch(3 * (outHeight + outWidth), (scratch) => {
    let next = 0;
    const take = (elements: number) => {
      next += elements;
      return part(scratch, next - elements, elements);
    };
    const [rowPlaces, columnPlaces] = [take(2 * outHeight), take(2 * outWidth)];
    writePlaces(p.rows, integersOf(rowPlaces));
    writePlaces(p.columns, integersOf(columnPlaces));
    const some = (first: number, count: number) => ({
      x: part(x, first * inPlane, count * inPlane),
      y: part(y, first * outPlane, count * outPlane),
      rowPlaces,
      columnPlaces,
      planes: count,
      ...{ outHeight, outWidth, inWidth, plane: inPlane },
    });
    const time = passTime(planes * (inPlane + 4 * outPlane));
    if (p.mode === 'nearest') {
      const kernel = nearestKernel({});
      forkRanges(planes, time, (first, count) => current.launch(kernel, some(first, count)));
      return;
    }
    const [rowWeights, columnWeights] = [take(outHeight), take(outWidth)];
    floatsOf(rowWeights).set(p.rows.weight);
    floatsOf(columnWeights).set(p.columns.weight);
    const kernel = linearKernel({});
    forkRanges(planes, time, (first, count) =>
      withScratch(inWidth + 2 * outWidth, (lines) => {
        current.launch(kernel, {
          ...some(first, count),
          rowWeights,
          columnWeights,
          line: part(lines, 0, inWidth),
          near: part(lines, inWidth, outWidth),
          far: part(lines, inWidth + outWidth, outWidth),
        });
      }),
    );
  });
}

/** Checks taps and gives their number. */
function checkTaps(name: string, { near, far, weight }: ResizeTaps, size: number): number {
  if (far.length !== near.length || weight.length !== near.length) {
    throw new EngineError(
      'resize',
      `${name} have unequal taps`,
      near.length,
      `${far.length} and ${weight.length}`,
    );
  }
  for (const place of [...near, ...far]) {
    if (place < 0 || place >= size) {
      throw new EngineError('resize', `a tap of ${name} lies outside`, `0 to ${size - 1}`, place);
    }
  }
  return near.length;
}

function writePlaces({ near, far }: ResizeTaps, to: Int32Array): void {
  near.forEach((place, i) => {
    to[2 * i] = place;
    to[2 * i + 1] = far[i]!;
  });
}
