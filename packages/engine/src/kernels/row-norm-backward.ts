// Gradients of layer and RMS normalization: rows of neighbours, with a weight and a bias for each place in a row.

import { input, integer, output, overVectors, type Pointer, scalar, type Vector } from '@sconce/codegen';
import { EngineError } from '../errors.ts';
import { floatLanes } from '../float-type.ts';
import { checkSizes, regionOf } from '../operands.ts';
import { executor } from '../runtime/executor.ts';
import { nothing, part, type Region, wholeOf } from '../runtime/region.ts';
import { forkRanges, passTime } from '../threads/split.ts';
import type { LayerNormBackwardParameters, RmsNormBackwardParameters, Slice } from '../types.ts';
import { floatFamily } from './float-family.ts';
import { sumTerms } from './fold.ts';
import { reduce } from './reduce.ts';

type F32 = Vector<'f32'>;

interface RowNormBackwardSpec {
  /** Whether the mean is subtracted. */
  readonly center: boolean;
  readonly weight: boolean;
  readonly dx: boolean;
  readonly dweight: boolean;
  readonly dbias: boolean;
}

/** Rows whose gradients of weights are summed up before they are added to those of others. */
const CHUNK = 32;

/** One row's place in memory, and what is the same for all of its elements. */
interface Row {
  readonly x: Pointer<'f32'>;
  readonly dy: Pointer<'f32'>;
  readonly dx: Pointer<'f32'>;
  readonly normal: (value: F32) => F32;
  readonly result: (weighted: F32, normal: F32) => F32;
}

/** `rows` rows in chunks of CHUNK, each of which has sums of its own in `dweight` and `dbias`. */
const rowNormBackwardKernel = floatFamily(
  'row-norm-backward',
  (type) => ({
    dy: input(type),
    x: input(type),
    weight: input(type),
    mean: input(type),
    rstd: input(type),
    dx: output(type),
    dweight: output(type),
    dbias: output(type),
    rows: integer(),
    chunks: integer(),
    size: integer(),
    count: scalar(type),
  }),
  (k, spec: RowNormBackwardSpec, type) => {
    const [dy, x, dx] = [k.pointer('dy'), k.pointer('x'), k.pointer('dx')];
    const [mean, rstd] = [k.pointer('mean'), k.pointer('rstd')];
    const [dweight, dbias] = [k.pointer('dweight'), k.pointer('dbias')];
    const [size, count, left] = [k.integer('size'), k.scalar('count'), k.integer('rows')];
    const sums = [...(spec.dweight ? [dweight] : []), ...(spec.dbias ? [dbias] : [])];
    const weighted = (grad: F32, factor: F32 | undefined): F32 => (factor ? k.mul(grad, factor) : grad);

    const begin = (): Row => {
      const row = { dy: k.variable(dy), x: k.variable(x), dx: k.variable(dx) };
      const center = spec.center ? k.broadcast(mean) : undefined;
      const scale = k.broadcast(rstd);
      const normal = (value: F32): F32 => k.mul(center ? k.sub(value, center) : value, scale);
      for (const pointer of [dy, x, dx]) k.advance(pointer, size);
      for (const pointer of [mean, rstd]) k.advance(pointer, 1);
      if (!spec.dx) return { ...row, normal, result: (grad) => grad };
      const [from, of, factors] = [k.variable(row.dy), k.variable(row.x), k.pointer('weight')];
      const pointers = [from, of, ...(spec.weight ? [factors] : [])];
      const found = sumTerms(
        k,
        pointers,
        size,
        (load) => {
          const grad = weighted(load(from), spec.weight ? load(factors) : undefined);
          const product = k.mul(grad, normal(load(of)));
          return spec.center ? [product, grad] : [product];
        },
        spec.center ? 2 : 1,
      );
      const [along, shift] = found.map((sum) => k.div(k.mul(sum, scale), count));
      return {
        ...row,
        normal,
        result: (grad, value) => {
          const scaled = k.mul(grad, scale);
          return k.fnma(value, along!, shift ? k.sub(scaled, shift) : scaled);
        },
      };
    };

    /** Results and sums of some rows side by side. */
    const finish = (rows: readonly Row[]): void => {
      const factors = k.pointer('weight');
      const at = { dweight: k.variable(dweight), dbias: k.variable(dbias) };
      const moving = [
        ...rows.flatMap((row) => [row.dy, row.x, ...(spec.dx ? [row.dx] : [])]),
        ...(spec.weight && spec.dx ? [factors] : []),
        ...(spec.dweight ? [at.dweight] : []),
        ...(spec.dbias ? [at.dbias] : []),
      ];
      overVectors(k, type, size, moving, ({ load, store }) => {
        const factor = spec.weight && spec.dx ? load(factors) : undefined;
        let [ofWeight, ofBias] = [spec.dweight, spec.dbias].map((wanted, i) =>
          wanted ? load(i === 0 ? at.dweight : at.dbias) : undefined,
        );
        for (const row of rows) {
          const grad = load(row.dy);
          const normal = row.normal(load(row.x));
          if (ofWeight) ofWeight = k.fma(grad, normal, ofWeight);
          if (ofBias) ofBias = k.add(ofBias, grad);
          if (spec.dx) store(row.result(weighted(grad, factor), normal), row.dx);
        }
        if (ofWeight) store(ofWeight, at.dweight);
        if (ofBias) store(ofBias, at.dbias);
      });
    };

    k.loop(k.integer('chunks'), () => {
      for (const sum of sums) {
        const to = k.variable(sum);
        overVectors(k, type, size, [to], ({ store }) => store(0, to));
      }
      const rows = k.min(left, CHUNK);
      k.increment(left, -CHUNK);
      k.loop(k.shr(rows, 1), () => finish([begin(), begin()]));
      k.loop(k.and(rows, 1), () => finish([begin()]));
      for (const sum of sums) k.advance(sum, size);
    });
  },
);

/**
 * Gradients of {@link layerNorm} from the gradient `dy` of its result, its input, and the mean and rstd that it gave out. Which of
 * the three are wanted is said by the slices `dx`, `dweight` and `dbias`; `dx` may be `dy` or `x`.
 *
 * @throws EngineError when a size is invalid or a slice too small.
 */
export function layerNormBackward(p: LayerNormBackwardParameters): void {
  backward('layerNormBackward', p);
}

/**
 * Gradients of {@link rmsNorm}, as {@link layerNormBackward}.
 *
 * @throws EngineError when a size is invalid or a slice too small.
 */
export function rmsNormBackward(p: RmsNormBackwardParameters): void {
  backward('rmsNormBackward', p);
}

function backward(name: string, p: RmsNormBackwardParameters & Partial<LayerNormBackwardParameters>): void {
  const { outer, size, dtype = 'float32' } = p;
  checkSizes(name, { outer, size });
  const { type, bytes } = floatLanes(name, dtype);
  const optional = (operand: 'weight' | 'mean' | 'dx' | 'dweight' | 'dbias', elements: number): Region => {
    const slice = p[operand];
    return slice === undefined ? nothing : regionOf(name, operand, slice, elements, bytes);
  };
  const center = name === 'layerNormBackward';
  if (center && p.mean === undefined) throw new EngineError(name, 'mean is missing', 'a slice');
  const kernel = rowNormBackwardKernel[type]({
    center,
    weight: p.weight !== undefined,
    dx: p.dx !== undefined,
    dweight: p.dweight !== undefined,
    dbias: p.dbias !== undefined,
  });
  const all = outer * size;
  const current = executor();
  const dy = regionOf(name, 'dy', p.dy, all, bytes);
  const x = regionOf(name, 'x', p.x, all, bytes);
  const weight = optional('weight', size);
  const mean = optional('mean', outer);
  const rstd = regionOf(name, 'rstd', p.rstd, outer, bytes);
  const [dx, dweight, dbias] = [optional('dx', all), optional('dweight', size), optional('dbias', size)];
  // Chunks depend on the shape alone, and so do the sums.
  const chunks = Math.max(1, Math.ceil(outer / CHUNK));
  const some = (region: Region, first: number, elements: number): Region =>
    region === nothing ? nothing : part(region, first, elements, bytes);
  const launch = (ofWeight: Region, ofBias: Region): void =>
    forkRanges(chunks, passTime((5 * all * bytes) / 4), (first, own) => {
      const row = first * CHUNK;
      const rows = Math.min(outer - row, own * CHUNK);
      current.launch(kernel, {
        dy: some(dy, row * size, rows * size),
        x: some(x, row * size, rows * size),
        weight,
        mean: some(mean, row, rows),
        rstd: some(rstd, row, rows),
        dx: some(dx, row * size, rows * size),
        dweight: some(ofWeight, first * size, own * size),
        dbias: some(ofBias, first * size, own * size),
        rows,
        chunks: own,
        size,
        count: size,
      });
    });
  if (chunks === 1) {
    launch(dweight, dbias);
    return;
  }
  const wanted: Slice[] = [p.dweight, p.dbias].filter((slice) => slice !== undefined);
  const storage = current.borrow(Math.max(1, wanted.length) * chunks * size * bytes);
  try {
    const sums = (place: number): Region =>
      part(wholeOf(storage), place * chunks * size, chunks * size, bytes);
    launch(p.dweight ? sums(0) : nothing, p.dbias ? sums(wanted.length - 1) : nothing);
    for (const [i, y] of wanted.entries()) {
      const partial = { storage, offset: i * chunks * size, dtype };
      reduce({ op: 'sum', x: partial, y: { ...y, dtype }, outer: 1, size: chunks, inner: size });
    }
  } finally {
    current.release(storage);
  }
}
