// The second half of a pooling: columns of windows, folded along the lines of a band.

import type { Integer, Pointer, Vector } from '@sconce/codegen';
import type {
  PlacedColumns,
  PoolBand,
  PoolBuilder,
  PoolFold,
  PoolSpec,
  SlidingColumns,
} from './pool-spec.ts';

/** Windows of up to so many columns are unrolled. */
const UNROLLED_COLUMNS = 7;
/** Vectors of outputs side by side. */
const OUTPUT_VECTORS = 2;

/** Folds the columns of the windows of all lines. */
export function foldColumns(
  k: PoolBuilder,
  type: 'f32',
  spec: PoolSpec,
  fold: PoolFold,
  band: PoolBand,
): void {
  const { some, count } = band;
  const { columns } = spec;
  if (typeof columns === 'string') {
    overLines(k, spec, band, (line, finish) =>
      foldPlaces(k, type, columns, fold, { line, y: band.y, finish }),
    );
    return;
  }
  if (columns.layout === 'direct') return;
  const outWidth = k.integer('outWidth');
  if (columns.layout === 'flat') {
    const length = k.mul(k.mul(some, count), outWidth);
    foldOutputs(k, type, columns, fold, {
      line: k.pointer('band'),
      length,
      y: band.y,
      finish: finishOf(k, spec),
    });
    return;
  }
  overLines(k, spec, band, (line, finish) =>
    foldOutputs(k, type, columns, fold, { line, length: outWidth, y: band.y, finish }),
  );
}

/** Calls `body` for each line of a band. */
function overLines(
  k: PoolBuilder,
  spec: PoolSpec,
  { some, count, lineDivisors }: PoolBand,
  body: (line: Pointer<'f32'>, finish: Finish) => void,
): void {
  const line = k.pointer('band');
  k.advance(line, k.integer('first'));
  k.loop(some, () => {
    const divisors = k.variable(lineDivisors);
    k.loop(count, () => {
      body(line, finishOf(k, spec, divisors));
      if (spec.divisor === 'each') k.advance(divisors, 1);
      k.advance(line, k.integer('pitch'));
    });
  });
}

interface Outputs {
  /** Where the first window starts. */
  readonly line: Pointer<'f32'>;
  readonly length: Integer;
  readonly y: Pointer<'f32'>;
  readonly finish: Finish;
}

/** Folds the columns of windows at equal distances, a vector of outputs at a time. */
function foldOutputs(
  k: PoolBuilder,
  type: 'f32',
  columns: SlidingColumns,
  fold: PoolFold,
  { line, length, y, finish }: Outputs,
): void {
  const lanes = k.lanes(type);
  const most = Math.min(OUTPUT_VECTORS, fold.vectors);
  const step = columns.layout.startsWith('split') ? lanes : lanes * columns.stride;
  const from = k.variable(line);
  const group = (vectors: number, part: Integer | undefined): void => {
    const sums = foldTaps(k, columns, fold, from, vectors, step);
    for (const [i, sum] of sums.entries()) {
      const value = finish.value(sum, i * lanes, part);
      if (part) k.storePartial(value, y, 0, part);
      else k.store(value, y, i * lanes);
    }
    finish.advance(part ?? vectors * lanes);
    if (!part) k.advance(from, vectors * step);
    k.advance(y, part ?? vectors * lanes);
  };
  const vectors = k.shr(length, Math.log2(lanes));
  k.loop(k.shr(vectors, Math.log2(most)), () => group(most, undefined));
  if (most > 1) k.loop(k.and(vectors, most - 1), () => group(1, undefined));
  const tail = k.and(length, lanes - 1);
  k.when(tail, '>', 0, () => group(1, tail));
}

/** Folds the windows' elements at `from` and behind it into vectors of neighbouring outputs, `step` elements apart. */
function foldTaps(
  k: PoolBuilder,
  { kernel, stride, dilation, layout }: SlidingColumns,
  fold: PoolFold,
  from: Pointer<'f32'>,
  vectors: number,
  step: number,
): Vector<'f32'>[] {
  const each = [...Array(vectors).keys()];
  const load = (at: Pointer<'f32'>, offset: number): Vector<'f32'> =>
    stride === 1 ? k.load(at, offset) : k.loadStrided(at, offset, stride);
  let tap = (s: number, i: number): Vector<'f32'> => load(from, i * step + s * dilation);
  if (layout.startsWith('split')) {
    const odd = k.variable(from);
    k.advance(odd, k.integer('half'));
    tap = (s, i) => {
      const column = s * dilation + (layout === 'splitOdd' ? 1 : 0);
      return k.load(column % 2 === 0 ? from : odd, (column >> 1) + i * step);
    };
  } else if (kernel > UNROLLED_COLUMNS) {
    const sums = each.map(() => k.variable(fold.start));
    const at = k.variable(from);
    k.loop(kernel, () => {
      for (const i of each) fold.into(sums[i]!, load(at, i * step));
      k.advance(at, dilation);
    });
    return sums;
  }
  return each.map((i) => {
    const sum = tap(0, i);
    for (let s = 1; s < kernel; s++) fold.into(sum, tap(s, i));
    return sum;
  });
}

/** Folds the columns of windows at places of their own, one window at a time. */
function foldPlaces(
  k: PoolBuilder,
  type: 'f32',
  columns: PlacedColumns,
  fold: PoolFold,
  { line, y, finish }: Omit<Outputs, 'length'>,
): void {
  const lanes = k.lanes(type);
  const places = k.pointer('places');
  const combine = (a: Vector<'f32'>, b: Vector<'f32'>): Vector<'f32'> => {
    const both = k.variable(a);
    fold.into(both, b);
    return both;
  };
  k.loop(k.integer('outWidth'), () => {
    const at = k.variable(line);
    k.advance(at, k.loadInteger(places));
    const taps = k.loadInteger(places, 1);
    const sum = k.variable(fold.start);
    if (columns === 'narrow') {
      k.loop(taps, () => {
        fold.into(sum, k.broadcast(at));
        k.advance(at, 1);
      });
    } else {
      k.loop(k.shr(taps, Math.log2(lanes)), () => {
        fold.into(sum, k.load(at));
        k.advance(at, lanes);
      });
      fold.into(sum, k.loadPartial(at, 0, k.and(taps, lanes - 1), fold.start));
      k.assign(sum, k.reduce(sum, combine));
    }
    k.storeFirst(finish.value(sum, 0, k.variable(1)), y);
    k.advance(places, 2);
    k.advance(y, 1);
    finish.advance(1);
  });
}

/** Makes outputs of sums. */
interface Finish {
  value(sum: Vector<'f32'>, offset: number, part: Integer | undefined): Vector<'f32'>;
  advance(outputs: Integer | number): void;
}

/** @param divisors points to that of the line, where each has its own. */
function finishOf(k: PoolBuilder, spec: PoolSpec, divisors?: Pointer<'f32'>): Finish {
  if (spec.kind === 'max') return { value: (sum) => sum, advance: () => {} };
  if (spec.divisor === 'same' || divisors === undefined) {
    return { value: (sum) => k.mul(sum, k.scalar('factor')), advance: () => {} };
  }
  const ofLine = k.broadcast(divisors);
  const at = k.pointer('columnDivisors');
  return {
    value: (sum, offset, part) => {
      const ofColumn = part ? k.loadPartial(at, offset, part, 1) : k.load(at, offset);
      return k.div(sum, k.mul(ofLine, ofColumn));
    },
    advance: (outputs) => k.advance(at, outputs),
  };
}
