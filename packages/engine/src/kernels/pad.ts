// Padding in all modes. Where each row and each edge element comes from is worked out beforehand, so that one kernel does
// any rank and mode.

import { input, integer, output, scalar } from '@sconce/codegen';
import { EngineError } from '../errors.ts';
import { checkShape, regionOf } from '../operands.ts';
import { executor, withScratch } from '../runtime/executor.ts';
import { family } from '../runtime/family.ts';
import { integersOf, part } from '../runtime/region.ts';
import { forkRanges, passTime } from '../threads/split.ts';
import type { PadMode, PadParameters } from '../types.ts';
import { copyRun } from './row-copy.ts';

/** In tables of places: the fill value goes here. */
const FILL = -1;

/**
 * For each of `count` output rows: `left` elements by the table of edges, `inside` neighbours from `first` on, `right` elements
 * by the table. `rows` holds each row's place in `x` as a row number, or FILL.
 */
const padKernel = family(
  'pad',
  {
    x: input('f32'),
    y: output('f32'),
    rows: input('i32'),
    edges: input('i32'),
    count: integer(),
    width: integer(),
    left: integer(),
    first: integer(),
    inside: integer(),
    right: integer(),
    total: integer(),
    fill: scalar('f32'),
  },
  (k, spec: { constant: boolean }) => {
    const [y, rows] = [k.pointer('y'), k.pointer('rows')];
    const [width, left, right] = [k.integer('width'), k.integer('left'), k.integer('right')];
    const [inside, first, total] = [k.integer('inside'), k.integer('first'), k.integer('total')];
    const fill = k.scalar('fill');
    const lanes = k.lanes('f32');
    const fillRun = (count: typeof total): void => {
      k.loop(k.shr(count, Math.log2(lanes)), () => {
        k.store(fill, y);
        k.advance(y, lanes);
      });
      const tail = k.and(count, lanes - 1);
      k.storePartial(fill, y, 0, tail);
      k.advance(y, tail);
    };
    k.loop(k.integer('count'), () => {
      const row = k.loadInteger(rows);
      k.advance(rows, 1);
      const edges = k.pointer('edges');
      const copied = (): void => {
        const start = k.pointer('x');
        k.advance(start, k.mul(row, width));
        const edge = (count: typeof total): void => {
          if (spec.constant) {
            fillRun(count);
            return;
          }
          k.loop(count, () => {
            const at = k.variable(start);
            k.advance(at, k.loadInteger(edges));
            k.copyElement(at, 0, y, 0);
            k.advance(edges, 1);
            k.advance(y, 1);
          });
        };
        edge(left);
        const from = k.variable(start);
        k.advance(from, first);
        copyRun(k, from, y, inside);
        edge(right);
      };
      if (spec.constant) k.when(row, '<', 0, () => fillRun(total), copied);
      else copied();
    });
  },
);

/** The input's place for a place beyond its `size` elements, of which `kept` are not cut off. */
const sources: Record<PadMode, (i: number, size: number, kept: number) => number> = {
  constant: () => FILL,
  reflect: (i, size) => (i < 0 ? -i : 2 * (size - 1) - i),
  replicate: (i, size) => (i < 0 ? 0 : size - 1),
  circular: (i, _, kept) => (i < 0 ? i + kept : i - kept),
};

/**
 * Pads (or with negative numbers crops) each dimension of `x`. As PyTorch's pad: `reflect` does not repeat the edge, `replicate`
 * repeats it, `circular` goes round once, over
 * what is not cut off.
 *
 * @throws EngineError when a size is invalid, padding reaches further than the mode can, or a slice is too small.
 */
export function pad(p: PadParameters): void {
  checkShape('pad', p.shape);
  if (p.pads.length !== p.shape.length) {
    throw new EngineError('pad', 'another number of pads than of dimensions', p.shape.length, p.pads.length);
  }
  p.pads.forEach((pads, d) => void checkPads(p.shape[d]!, pads, p.mode, d));
  const shape = p.shape.length === 0 ? [1] : p.shape;
  const pads = p.shape.length === 0 ? ([[0, 0]] as const) : p.pads;
  const axes = shape.map((size, d) => sourcesOf(size, pads[d]!, p.mode));
  const outputs = axes.map((axis) => axis.length);
  const x = regionOf(
    'pad',
    'x',
    p.x,
    shape.reduce((a, b) => a * b, 1),
  );
  const total = outputs.at(-1)!;
  const count = outputs.slice(0, -1).reduce((a, b) => a * b, 1);
  const y = regionOf('pad', 'y', p.y, count * total);
  if (count * total === 0) return;

  const columns = axes.at(-1)!;
  const [before] = pads.at(-1)!;
  const width = shape.at(-1)!;
  const left = Math.min(Math.max(before, 0), total);
  const first = Math.max(-before, 0);
  const inside = Math.max(0, Math.min(width - first, total - left));
  const right = total - left - inside;
  const edges = p.mode === 'constant' ? [] : [...columns.slice(0, left), ...columns.slice(left + inside)];
  withScratch(count + edges.length, (scratch) => {
    fillRows(axes.slice(0, -1), shape, integersOf(part(scratch, 0, count)));
    integersOf(part(scratch, count, edges.length)).set(edges);
    const current = executor();
    const kernel = padKernel({ constant: p.mode === 'constant' });
    forkRanges(count, passTime(2 * count * total), (start, rows) => {
      current.launch(kernel, {
        x,
        y: part(y, start * total, rows * total),
        rows: part(scratch, start, rows),
        edges: part(scratch, count, edges.length),
        count: rows,
        width,
        left,
        first,
        inside,
        right,
        total,
        fill: p.value ?? 0,
      });
    });
  });
}

function checkPads(size: number, [before, after]: readonly [number, number], mode: PadMode, d: number): void {
  if (!Number.isSafeInteger(before) || !Number.isSafeInteger(after) || size + before + after < 0) {
    throw new EngineError(
      'pad',
      `invalid pads of dimension ${d}`,
      'whole numbers that leave a size >= 0',
      `${before}, ${after}`,
    );
  }
  const reach =
    mode === 'reflect'
      ? size - 1
      : mode === 'circular'
        ? size + Math.min(before, 0) + Math.min(after, 0)
        : Number.POSITIVE_INFINITY;
  const largest = Math.max(before, after);
  if (largest > 0 && largest > Math.max(reach, 0)) {
    throw new EngineError(
      'pad',
      `pads of dimension ${d} reach too far for mode ${mode}`,
      `at most ${reach}`,
      largest,
    );
  }
  if (mode === 'replicate' && size === 0 && largest > 0) {
    throw new EngineError('pad', `dimension ${d} has no edge to replicate`, 'at least one element', 0);
  }
}

/** The input's place for each output place along a dimension. */
function sourcesOf(size: number, [before, after]: readonly [number, number], mode: PadMode): number[] {
  const kept = size + Math.min(before, 0) + Math.min(after, 0);
  return Array.from({ length: size + before + after }, (_, i) => {
    const place = i - before;
    return place >= 0 && place < size ? place : sources[mode](place, size, kept);
  });
}

/** For each row of the output, the row of the input; FILL where any dimension says so. */
function fillRows(axes: readonly (readonly number[])[], shape: readonly number[], to: Int32Array): void {
  let out = 0;
  const visit = (d: number, row: number): void => {
    if (d === axes.length) {
      to[out++] = row;
      return;
    }
    for (const place of axes[d]!) visit(d + 1, row < 0 || place < 0 ? FILL : row * shape[d]! + place);
  };
  visit(0, 0);
}
