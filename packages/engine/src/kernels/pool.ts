// Pooling of planes and volumes: the tables and the band that the kernel works with, and how planes are divided.

import type { FloatType } from '@sconce/codegen';
import { numbersOf } from '../float-type.ts';
import { executor, withScratch } from '../runtime/executor.ts';
import type { Launchable } from '../runtime/family.ts';
import { kept } from '../runtime/kept.ts';
import { after, integersOf, nothing, part, type Region } from '../runtime/region.ts';
import { forkRanges, passTime } from '../threads/split.ts';
import { poolKernels } from './pool-kernel.ts';
import type { PoolArguments, PoolSpec, SlidingColumns } from './pool-spec.ts';
import { divisorsOf, type PoolWindow } from './pool-windows.ts';

/** How planes are pooled, whatever they hold. */
export interface PoolGeometry {
  readonly kind: PoolSpec['kind'];
  /** Slices, rows, columns of an input plane; a plane has one slice. */
  readonly size: readonly [number, number, number];
  readonly windows: readonly [
    slices: readonly PoolWindow[],
    rows: readonly PoolWindow[],
    columns: readonly PoolWindow[],
  ];
  /** Between the slices and the rows of a window. */
  readonly dilation: readonly [number, number];
  /** Rows of a window that is not cut off. */
  readonly kernelRows: number;
  /** How windows lie along columns, if all alike. */
  readonly columns:
    | { readonly kernel: number; readonly stride: number; readonly dilation: number; readonly before: number }
    | undefined;
  /** The divisor of averages, instead of the windows' extents. */
  readonly divisor: number | undefined;
}

/** The operands of a pooling, checked. */
export interface PoolOperands {
  readonly x: Region;
  readonly y: Region;
  readonly planes: number;
}

/** Windows at places of their own of up to so many columns are folded column by column. */
const NARROW = 4;

/** Bytes of a band: it shares the first cache with the lines that are folded into it. */
const BAND_BYTES = 12288;

/** What a geometry comes to for a lane type and a number of lanes. */
export interface PoolPlan {
  readonly type: FloatType;
  readonly kernel: Launchable<PoolArguments>;
  /** What folds to nothing: the columns of padding. */
  readonly identity: number;
  readonly inPlane: number;
  readonly outPlane: number;
  /** Nanoseconds for a plane, about. */
  readonly time: number;
  readonly table: Int32Array;
  readonly lineFields: number;
  readonly divisors: { readonly lines: number[]; readonly columns: number[] } | undefined;
  readonly bandElements: number;
  /** What all launches are given. */
  readonly values: Omit<PoolArguments, Operand | 'planes'>;
}

type Operand = 'x' | 'lines' | 'lineDivisors' | 'places' | 'columnDivisors' | 'band' | 'y';

const plans = kept(planOf);

/**
 * The plan of a geometry, which is kept; so what `geometry` checks is checked once.
 * @param key says everything that the geometry depends on.
 */
export function poolPlan(type: FloatType, key: string, geometry: () => PoolGeometry): PoolPlan {
  const lanes = executor().target.lanes(type);
  return plans(`${type} ${lanes} ${key}`, geometry, type, lanes);
}

/** Pools all planes. */
export function pool(plan: PoolPlan, { x, y, planes }: PoolOperands): void {
  const { type, kernel, divisors, table, inPlane, outPlane, values } = plan;
  const bytes = type === 'f64' ? 8 : 4;
  if (planes * outPlane === 0) return;
  const words = bytes / 4;
  const [lineWords, columnWords] = divisors
    ? [divisors.lines.length * words, divisors.columns.length * words]
    : [0, 0];
  withScratch(lineWords + columnWords + table.length, (scratch) => {
    const lineDivisors = part(scratch, 0, lineWords);
    const columnDivisors = after(lineDivisors, columnWords);
    const tables = after(columnDivisors, table.length);
    integersOf(tables).set(table);
    if (divisors) {
      numbersOf(lineDivisors, type).set(divisors.lines);
      numbersOf(columnDivisors, type).set(divisors.columns);
    }
    forkRanges(planes, planes * plan.time, (first, count) => {
      withScratch(plan.bandElements * words, (band) => {
        numbersOf(band, type).fill(plan.identity);
        executor().launch(kernel, {
          ...values,
          x: part(x, first * inPlane, count * inPlane, bytes),
          lines: tables,
          lineDivisors: divisors ? lineDivisors : nothing,
          places: part(tables, plan.lineFields),
          columnDivisors: divisors ? columnDivisors : nothing,
          band,
          y: part(y, first * outPlane, count * outPlane, bytes),
          planes: count,
        });
      });
    });
  });
}

function planOf(make: () => PoolGeometry, type: FloatType, lanes: number): PoolPlan {
  const geometry = make();
  const bytes = type === 'f64' ? 8 : 4;
  const { kind, size, windows, dilation, columns, kernelRows, divisor } = geometry;
  const [slices, rows, across] = windows;
  const [inRows, inColumns] = [size[1], size[2]];
  const lineCount = slices.length * rows.length;
  const outWidth = across.length;
  const volume = slices.some(({ taps }) => taps !== 1);
  const divisors = divisorsOf(kind, divisor, windows);
  const layout = bandLayout(geometry, divisors === undefined, lanes);
  const lines = slices.flatMap((slice) =>
    rows.flatMap((row) => {
      const start = slice.taps * row.taps === 0 ? 0 : (slice.start * inRows + row.start) * inColumns;
      return volume ? [start, row.taps, slice.taps] : [start, row.taps];
    }),
  );
  const places = columns ? [] : across.flatMap(({ start, taps }) => [start, taps]);
  const split = layout.layout.startsWith('split');
  const lineBytes = layout.places.pitch * bytes * (split ? 2 : 1);
  const capacity = Math.max(1, Math.floor(BAND_BYTES / lineBytes));
  const bandLines = Math.min(lineCount, capacity);
  const bandPlanes = bandLines < lineCount ? 1 : Math.max(1, Math.floor(capacity / lineCount));
  const elements = layout.elements(bandPlanes * bandLines);
  const inPlane = size[0] * inRows * inColumns;
  const outPlane = lineCount * outWidth;
  const extent = (axis: readonly PoolWindow[]): number => axis[0]?.extent ?? 1;
  return {
    type,
    kernel: poolKernels[type]({
      kind,
      rows: kernelRows,
      slices: volume,
      columns: columns
        ? {
            kernel: columns.kernel,
            stride: columns.stride,
            dilation: columns.dilation,
            layout: layout.layout,
          }
        : Math.max(...across.map(({ taps }) => taps)) <= NARROW
          ? 'narrow'
          : 'wide',
      divisor: divisors ? 'each' : 'same',
    }),
    identity: kind === 'max' ? Number.NEGATIVE_INFINITY : 0,
    inPlane,
    outPlane,
    time: passTime((inPlane + 2 * outPlane) * (bytes / 4)),
    table: Int32Array.from([...lines, ...places]),
    lineFields: lines.length,
    divisors,
    bandElements: (split ? 2 : 1) * elements,
    values: {
      ...{ plane: inPlane, lineCount, bandPlanes, bandLines, planeBands: Math.ceil(lineCount / bandLines) },
      ...{ ...layout.places, half: elements, outWidth },
      tapRow: dilation[1] * inColumns,
      tapSlice: dilation[0] * inRows * inColumns,
      factor: 1 / (divisor ?? extent(slices) * extent(rows) * extent(across)),
    },
  };
}

interface BandLayout extends Pick<SlidingColumns, 'layout'> {
  readonly places: Pick<PoolPlan['values'], 'width' | 'left' | 'first' | 'pitch'>;
  /** Elements of a band of so many lines, those that the last vectors reach included. */
  elements(lines: number): number;
}

/** Windows of up to so many columns are unrolled where columns are split. */
const SPLIT_COLUMNS = 7;

/** Lines start so that the first column that is read, behind the padding, lies at a multiple of a vector. */
function bandLayout(
  { size, windows, columns }: PoolGeometry,
  sameDivisor: boolean,
  lanes: number,
): BandLayout {
  const outWidth = windows[2].length;
  const whole = (elements: number): number => Math.ceil(elements / lanes) * lanes;
  if (columns === undefined) {
    const places = { width: size[2], left: 0, first: 0, pitch: size[2] };
    return { layout: 'plain', places, elements: (lines) => lines * size[2] + lanes };
  }
  const { before, stride } = columns;
  const span = (columns.kernel - 1) * columns.dilation + 1;
  const reach = (outWidth - 1) * stride + span;
  const width = Math.max(0, Math.min(size[2], reach - before));
  if (before === 0 && span <= stride && sameDivisor) {
    const places = { width, left: 0, first: 0, pitch: outWidth * stride };
    // Directly stored lines end with one vector of outputs at most.
    const vectors = Math.floor(width / (stride * lanes));
    const rest = outWidth - vectors * lanes;
    const direct = stride <= 2 && rest <= lanes && rest > 0 === width % (stride * lanes) > 0;
    if (direct) return { layout: 'direct', places, elements: () => 0 };
    if (stride !== 2) {
      return {
        layout: 'flat',
        places,
        elements: (lines) => lines * places.pitch + 2 * lanes * stride + span,
      };
    }
  }
  if (stride === 2 && columns.kernel <= SPLIT_COLUMNS) {
    const left = whole(Math.ceil(before / 2));
    const first = Math.floor((2 * left - before) / 2);
    const pitch = whole(Math.max(first + outWidth + Math.ceil(span / 2), left + Math.ceil(width / 2)));
    return {
      layout: before % 2 === 0 ? 'split' : 'splitOdd',
      places: { width, left, first, pitch },
      elements: (lines) => lines * pitch + 2 * lanes + span,
    };
  }
  const left = whole(before);
  const first = left - before;
  const pitch = whole(Math.max(first + reach, left + width));
  return {
    layout: 'plain',
    places: { width, left, first, pitch },
    elements: (lines) => lines * pitch + 2 * lanes * stride + span,
  };
}
