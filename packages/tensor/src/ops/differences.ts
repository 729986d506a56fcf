/** Differences between neighbours, slopes estimated from them, and areas under sampled curves. */
import { bindArguments, checkTensor } from '../arguments.ts';
import { defineOperator } from '../dispatcher.ts';
import { dtypeInfo } from '../dtype.ts';
import { fail } from '../errors.ts';
import { wrapDim, wrapDims } from '../shape.ts';
import { Tensor } from '../tensor.ts';
import { cat } from './joining.ts';

/** Options of {@link diff}. */
export interface DiffOptions {
  /** How often differences are taken; 1 by default. */
  readonly n?: number;
  readonly dim?: number;
  /** What is joined before and behind first. */
  readonly prepend?: Tensor | null;
  readonly append?: Tensor | null;
}

/** Signature of {@link diff}. */
export interface DiffOperator {
  (x: Tensor, n?: number, dim?: number, prepend?: Tensor | null, append?: Tensor | null): Tensor;
  (x: Tensor, options: DiffOptions): Tensor;
}

/** The parts of x along a dimension from `start` to `end`, which may be counted from the end. */
function part(x: Tensor, dim: number, start: number, end: number): Tensor {
  const size = x.shape[dim]!;
  const [from, to] = [start, end].map((at) => (at < 0 ? at + size : at)) as [number, number];
  return x.narrow(dim, from, to - from);
}

/** The n-th differences of neighbours along a dimension. Canonical: (x, { n, dim, prepend, append }). */
export const diff: DiffOperator = defineOperator({
  name: 'diff',
  composite: true,
  normalize: (x: Tensor, ...rest: unknown[]): [Tensor, Required<DiffOptions>] => {
    checkTensor('diff', 'input', x);
    const names: (keyof DiffOptions)[] = ['n', 'dim', 'prepend', 'append'];
    const bound = bindArguments<DiffOptions>('diff', names, rest);
    const { n = 1, dim = -1, prepend = null, append = null } = bound;
    if (x.ndim === 0) fail('diff', 'diff expects input to be at least one-dimensional');
    if (n < 0) fail('diff', `order must be non-negative but got ${n}`);
    return [x, { n, dim: wrapDim('diff', dim, x.ndim), prepend, append }];
  },
  forward: (x: Tensor, { n, dim, prepend, append }) => {
    if (n === 0) return x.clone();
    const parts = [prepend, x, append].filter((tensor) => tensor !== null);
    let result = parts.length > 1 ? cat(parts, dim) : x;

    const logical = x.dtype === 'bool';
    for (let k = 0; k < n && result.shape[dim]! > 0; k++) {
      const size = result.shape[dim]!;
      const [after, before] = [result.narrow(dim, 1, size - 1), result.narrow(dim, 0, size - 1)];
      result = logical ? after.ne(before) : after.sub(before);
    }
    return result;
  },
});

/** Options of {@link gradient}. */
export interface GradientOptions {
  /** Distance of samples: one number, one for each dimension, or coordinates for each dimension. */
  readonly spacing?: number | readonly number[] | readonly Tensor[] | null;
  /** The dimensions to differentiate along; all by default. */
  readonly dim?: number | readonly number[] | null;
  /** Accuracy at the ends: 1 or 2. */
  readonly edgeOrder?: number;
}

interface CanonicalGradient {
  readonly spacing: readonly (number | Tensor)[];
  readonly dim: readonly number[];
  readonly edgeOrder: number;
}

/** x weighted with three factors for neighbours that start at `first`. */
type Weights = readonly [number | Tensor, number | Tensor, number | Tensor];

function weighted(x: Tensor, dim: number, first: number, length: number, weights: Weights): Tensor {
  const at = (k: number): Tensor => x.narrow(dim, first + k, length).mul(weights[k]!);
  return at(0).add(at(1)).add(at(2));
}

function slopesEven(x: Tensor, dim: number, step: number, edgeOrder: number): Tensor {
  const size = x.shape[dim]!;
  const middle = part(x, dim, 2, size)
    .sub(part(x, dim, 0, size - 2))
    .div(step)
    .div(2);
  if (edgeOrder === 1) {
    const first = part(x, dim, 1, 2)
      .sub(part(x, dim, 0, 1))
      .div(step);
    const last = part(x, dim, size - 1, size)
      .sub(part(x, dim, size - 2, size - 1))
      .div(step);
    return cat([first, middle, last], dim);
  }
  const first = weighted(x, dim, 0, 1, [-1.5, 2, -0.5]).div(step);
  const last = weighted(x, dim, size - 3, 1, [0.5, -2, 1.5]).div(step);
  return cat([first, middle, last], dim);
}

/** The parabola through three neighbours, differentiated at the middle one. */
function slopesUneven(x: Tensor, dim: number, coordinates: Tensor, edgeOrder: number): Tensor {
  const size = x.shape[dim]!;
  const steps = coordinates.diff();
  const shape = x.shape.map((_, d) => (d === dim ? -1 : 1));
  const step = (start: number, end: number): Tensor => part(steps, 0, start, end).reshape(shape);
  const [d1, d2] = [step(0, size - 2), step(1, size - 1)];
  const middle = weighted(x, dim, 0, size - 2, [
    d2.neg().div(d1.mul(d1.add(d2))),
    d2.sub(d1).div(d1.mul(d2)),
    d1.div(d2.mul(d1.add(d2))),
  ]);
  if (edgeOrder === 1) {
    const first = part(x, dim, 1, 2)
      .sub(part(x, dim, 0, 1))
      .div(step(0, 1));
    const last = part(x, dim, size - 1, size)
      .sub(part(x, dim, size - 2, size - 1))
      .div(step(size - 2, size - 1));
    return cat([first, middle, last], dim);
  }
  const [a1, a2] = [step(0, 1), step(1, 2)];
  const first = weighted(x, dim, 0, 1, [
    a1
      .mul(2)
      .add(a2)
      .neg()
      .div(a1.mul(a1.add(a2))),
    a1.add(a2).div(a1.mul(a2)),
    a1.neg().div(a2.mul(a1.add(a2))),
  ]);
  const [b1, b2] = [step(size - 3, size - 2), step(size - 2, size - 1)];
  const last = weighted(x, dim, size - 3, 1, [
    b2.div(b1.mul(b1.add(b2))),
    b2.add(b1).neg().div(b1.mul(b2)),
    b2
      .mul(2)
      .add(b1)
      .div(b2.mul(b1.add(b2))),
  ]);
  return cat([first, middle, last], dim);
}

function normalizeGradient(x: Tensor, rest: readonly unknown[]): [Tensor, CanonicalGradient] {
  checkTensor('gradient', 'input', x);
  const names: (keyof GradientOptions)[] = ['spacing', 'dim', 'edgeOrder'];
  const {
    spacing = null,
    dim = null,
    edgeOrder = 1,
  } = bindArguments<GradientOptions>('gradient', names, rest);
  if (edgeOrder !== 1 && edgeOrder !== 2) {
    fail(
      'gradient',
      'torch.gradient only supports edge_order=1 and edge_order=2.',
      '1 or 2',
      String(edgeOrder),
    );
  }
  const list = dim === null ? x.shape.map((_, d) => d) : typeof dim === 'number' ? [dim] : dim;
  const dims = wrapDims('gradient', list, x.ndim);
  const given = spacing === null ? 1 : spacing;
  const spacings = typeof given === 'number' ? dims.map(() => given) : given;
  if (spacings.length !== dims.length) {
    fail(
      'gradient',
      `torch.gradient expected spacing to be unspecified, a scalar or it's spacing and dim arguments to have the same length, but got a spacing argument of length ${spacings.length} and a dim argument of length ${dims.length}.`,
    );
  }
  for (const d of dims) {
    if (x.shape[d]! < edgeOrder + 1) {
      fail(
        'gradient',
        'torch.gradient expected each dimension size to be at least edge_order+1',
        `${edgeOrder + 1}`,
        `${x.shape[d]}`,
      );
    }
  }
  return [x, { spacing: spacings, dim: dims, edgeOrder }];
}

/** Slopes of a sampled function along each of the dimensions. Canonical: (x, { spacing, dim, edgeOrder }). */
export const gradient: (x: Tensor, options?: GradientOptions) => readonly Tensor[] = defineOperator({
  name: 'gradient',
  composite: true,
  normalize: (x: Tensor, ...rest: unknown[]) => normalizeGradient(x, rest),
  forward: (x: Tensor, { spacing, dim, edgeOrder }: CanonicalGradient): readonly Tensor[] =>
    dim.map((d, i) => {
      const own = spacing[i]!;
      return own instanceof Tensor ? slopesUneven(x, d, own, edgeOrder) : slopesEven(x, d, own, edgeOrder);
    }),
});

/** Options of {@link trapezoid} and {@link cumulativeTrapezoid}. */
export interface TrapezoidOptions {
  /** Where the samples are; without it at distances of `dx`. */
  readonly x?: Tensor | null;
  /** 1 by default. */
  readonly dx?: number;
  readonly dim?: number;
}

/** Signature of {@link trapezoid} and {@link cumulativeTrapezoid}. */
export interface TrapezoidOperator {
  (y: Tensor, x?: Tensor | null, options?: TrapezoidOptions): Tensor;
  (y: Tensor, options: TrapezoidOptions): Tensor;
}

interface CanonicalTrapezoid {
  readonly dx: number;
  readonly dim: number;
}

function normalizeTrapezoid(
  operator: string,
  y: Tensor,
  rest: readonly unknown[],
): [Tensor, Tensor | null, CanonicalTrapezoid] {
  checkTensor(operator, 'y', y);
  const args = rest[0] === null || rest[0] instanceof Tensor ? rest : [undefined, ...rest];
  const { x = null, dx = 1, dim = -1 } = bindArguments<TrapezoidOptions>(operator, ['x', 'dim', 'dx'], args);
  const axis = wrapDim(operator, dim, y.ndim);
  for (const tensor of x === null ? [y] : [y, x]) {
    if (dtypeInfo(tensor.dtype).kind === 'bool') {
      fail(
        operator,
        `${operator}: received a bool input for \`${tensor === y ? 'y' : 'x'}\`, but bool is not supported`,
      );
    }
  }
  if (x !== null && x.ndim === 1 && x.shape[0] !== (y.shape[axis] ?? 1)) {
    fail(operator, `${operator}: There must be one \`x\` value for each sample point`);
  }
  return [y, x, { dx, dim: axis }];
}

/** Widths of the intervals, to be multiplied with sums of neighbours. */
function widths(y: Tensor, x: Tensor, dim: number): Tensor {
  const shape =
    x.ndim === 1
      ? y.shape.map((_, d) => (d === dim ? -1 : 1))
      : [...new Array<number>(Math.max(0, y.ndim - x.ndim)).fill(1), ...x.shape];
  return x.reshape(shape).diff({ dim: x.ndim > y.ndim ? dim - y.ndim : dim });
}

function neighbours(y: Tensor, dim: number): Tensor {
  const size = y.shape[dim]!;
  return y.narrow(dim, 0, size - 1).add(y.narrow(dim, 1, size - 1));
}

/** The area under a sampled curve by the trapezoidal rule. Canonical: (y, x | null, { dx, dim }). */
export const trapezoid: TrapezoidOperator = defineOperator({
  name: 'trapezoid',
  composite: true,
  normalize: (y: Tensor, ...rest: unknown[]) => normalizeTrapezoid('trapezoid', y, rest),
  forward: (y: Tensor, x: Tensor | null, { dx, dim }: CanonicalTrapezoid) => {
    if (y.shape[dim] === 0) return y.newZeros(y.shape.toSpliced(dim, 1));
    if (x !== null)
      return neighbours(y, dim)
        .mul(widths(y, x, dim))
        .sum(dim)
        .div(2);
    const last = y.shape[dim]! - 1;
    const ends = y.select(dim, 0).add(y.select(dim, last)).mul(0.5);
    return y.sum(dim).sub(ends).mul(dx);
  },
});

/** Another name of {@link trapezoid}. */
export const trapz: TrapezoidOperator = trapezoid;

/** {@link trapezoid} up to each sample. Canonical: (y, x | null, { dx, dim }). */
export const cumulativeTrapezoid: TrapezoidOperator = defineOperator({
  name: 'cumulativeTrapezoid',
  composite: true,
  normalize: (y: Tensor, ...rest: unknown[]) => normalizeTrapezoid('cumulativeTrapezoid', y, rest),
  forward: (y: Tensor, x: Tensor | null, { dx, dim }: CanonicalTrapezoid) => {
    if (x !== null)
      return neighbours(y, dim)
        .mul(widths(y, x, dim))
        .cumsum(dim)
        .div(2);
    return neighbours(y, dim)
      .cumsum(dim)
      .mul(dx / 2);
  },
});

/** Differences as methods. */
export interface DifferencesMethods {
  /** The n-th differences of neighbours along a dimension. */
  diff(n?: number, dim?: number, prepend?: Tensor | null, append?: Tensor | null): Tensor;
  diff(options: DiffOptions): Tensor;
}
