// The kernel of pooling on planes. Windows are folded along their rows first, a whole line of the image at a time, into a
// band that stays in the cache; then along their columns. Borders are columns of the band, so that no loop knows them.

import { type FloatFamily, floatFamily } from './float-family.ts';
import { foldColumns } from './pool-columns.ts';
import { foldLines } from './pool-lines.ts';
import {
  fieldsOf,
  inPairs,
  type PoolArguments,
  type PoolBand,
  type PoolBuilder,
  type PoolFold,
  type PoolSpec,
  poolContract,
} from './pool-spec.ts';

/** The kernels by lane type. */
export const poolKernels: FloatFamily<PoolSpec, PoolArguments> = floatFamily('pool', poolContract, record);

function record(k: PoolBuilder, spec: PoolSpec, type: 'f32'): void {
  const fold = foldOf(k, type, spec.kind);
  const [x, y] = [k.pointer('x'), k.pointer('y')];
  const planes = k.variable(k.integer('planes'));
  const [planeBands, bandLines] = [k.integer('planeBands'), k.integer('bandLines')];
  // As many turns as planes: with several planes a band, none are left for the last ones.
  k.loop(k.integer('planes'), () => {
    k.when(planes, '>', 0, () => {
      const some = k.min(planes, k.integer('bandPlanes'));
      const [lines, lineDivisors] = [k.pointer('lines'), k.pointer('lineDivisors')];
      const left = k.variable(k.integer('lineCount'));
      k.loop(planeBands, () => {
        const count = k.min(left, bandLines);
        poolBand(k, type, spec, fold, { some, count, x, lines, lineDivisors, y });
        k.advance(lines, k.mul(count, fieldsOf(spec)));
        if (spec.divisor === 'each') k.advance(lineDivisors, count);
        k.assign(left, k.sub(left, count));
      });
      k.advance(x, k.mul(k.integer('plane'), some));
      k.assign(planes, k.sub(planes, some));
    });
  });
}

/** Pools the lines of a band; once more, with a fold that keeps NaN, if there may have been one. */
function poolBand(k: PoolBuilder, type: 'f32', spec: PoolSpec, fold: PoolFold, band: PoolBand): void {
  const y = k.variable(band.y);
  foldLines(k, type, spec, fold, band);
  const { watch } = fold;
  if (watch === undefined) {
    foldColumns(k, type, spec, fold, band);
    return;
  }
  const sum = watch.reduce((sum, each) => k.add(sum, each));
  const quick = (): void => foldColumns(k, type, spec, fold, band);
  k.when(k.any(k.isNaN(sum)), '==', 0, quick, () => {
    const keeping: PoolFold = {
      vectors: inPairs(spec) ? 2 : 1,
      start: fold.start,
      into: (sum, value) => k.assign(sum, k.max(sum, value)),
    };
    k.assign(band.y, y);
    foldLines(k, type, spec, keeping, band);
    foldColumns(k, type, spec, keeping, band);
    for (const each of watch) k.assign(each, k.constant(type, 0));
  });
}

/** Vectors of a line side by side. */
const LINE_VECTORS = 4;

function foldOf(k: PoolBuilder, type: 'f32', kind: PoolSpec['kind']): PoolFold {
  const vectors = LINE_VECTORS;
  if (kind === 'average') {
    return { vectors, start: k.constant(type, 0), into: (sum, value) => k.assign(sum, k.add(sum, value)) };
  }
  return {
    vectors,
    start: k.constant(type, Number.NEGATIVE_INFINITY),
    into: (sum, value) => k.assign(sum, k.pmax(sum, value)),
    watch: Array.from({ length: vectors }, () => k.zero(type)),
  };
}
