/**
 * One layer of a recurrent network, in one direction or both, as one operator: its forward and its gradient run on the
 * engine over all steps. Rows of all steps follow each other, so that packed sequences and plain ones are the same.
 */
import { gemm, recurrentBackward, recurrentForward, type Slice } from '@sconce/engine';
import { cast, copyElements, fillElements, newTensor, sliceOf, viewOf } from '../access.ts';
import { grad as gradientsOf } from '../autograd/api.ts';
import type { ArgumentGrad, Derivative } from '../autograd/derivative.ts';
import { requiresGrad } from '../autograd/meta.ts';
import { gradMode } from '../autograd/mode.ts';
import { defineOperator } from '../dispatcher.ts';
import type { DType } from '../dtype.ts';
import { fail, showSizes } from '../errors.ts';
import type { Tensor } from '../tensor.ts';
import { sumOf } from './arithmetic.ts';
import { computeDType, runBinary } from './elementwise-core.ts';
import { denseIn, floatOf } from './normalization-core.ts';
import { composedLayer } from './recurrent-composition.ts';
import {
  type DirectionWeights,
  directionsOf,
  type LayerArguments,
  type LayerResult,
  sizesOf,
} from './recurrent-layer.ts';

/** Refuses weights and states that are not of one layer. */
function checkLayer(operator: string, args: LayerArguments): void {
  const [x, h, c, weights, spec] = args;
  const { batch, input, hidden, width, state, directions, rows } = sizesOf(args);
  const [first] = weights;
  if (first!.shape[1] !== input) {
    fail(
      operator,
      `mat1 and mat2 shapes cannot be multiplied (${rows}x${input} and ${first!.shape[1]}x${width})`,
    );
  }
  const expectShape = (name: string, tensor: Tensor, shape: readonly number[]): void => {
    if (tensor.dtype !== x.dtype) {
      fail(operator, `${name} must have the dtype of the input`, x.dtype, tensor.dtype);
    }
    if (tensor.shape.join() !== shape.join()) {
      fail(operator, `${name} has the wrong shape`, showSizes(shape), showSizes(tensor.shape));
    }
  };
  expectShape('the hidden state', h, [directions, batch, state]);
  if (c !== null) expectShape('the cell state', c, [directions, batch, hidden]);
  for (const own of directionsOf(weights, spec)) {
    expectShape('the weight of the input', own.ofInput, [width, input]);
    expectShape('the weight of the state', own.ofState, [width, state]);
    if (own.inputBias) expectShape('the bias of the input', own.inputBias, [width]);
    if (own.stateBias) expectShape('the bias of the state', own.stateBias, [width]);
    if (own.projection) expectShape('the projection', own.projection, [state, hidden]);
    else if (state !== hidden) expectShape('the hidden state', h, [directions, batch, hidden]);
  }
}

/** One of several equal parts of a dense tensor. */
function partOf(tensor: Tensor, index: number): Tensor {
  const shape = tensor.shape.slice(1);
  return viewOf(tensor, shape, tensor.strides.slice(1), tensor.offset + index * tensor.strides[0]!);
}

/** A dense copy, in memory of its own. */
function ownCopy(tensor: Tensor, compute: DType): Tensor {
  const copy = newTensor(tensor.shape, compute);
  copyElements(cast(tensor, compute), copy);
  return copy;
}

function forward(...args: LayerArguments): LayerResult {
  const [x, h0, c0, weights, spec] = args;
  checkLayer(spec.kind, args);
  const { kind, save } = spec;
  const { rows, input, hidden, width, state, directions } = sizesOf(args);
  const compute = computeDType(x.dtype);
  const dense = denseIn(compute, x)!;
  const dtype = floatOf(dense);
  const output = newTensor([rows, directions * state], compute);
  const h = ownCopy(h0, compute);
  const c = c0 === null ? undefined : ownCopy(c0, compute);
  const gates = newTensor([save ? directions : 1, rows, width], compute);
  const keeps = save && (kind === 'lstm' || kind === 'gru');
  const kept = (wanted: boolean): Tensor => newTensor([directions, wanted ? rows : 0, hidden], compute);
  const [former, news] = [kept(keeps), kept(keeps && kind === 'gru')];
  directionsOf(weights, spec).forEach((given, d) => {
    const own = denseWeights(given, compute);
    const place = save ? d : 0;
    const ofGates = partOf(gates, place);
    const together = kind !== 'gru' && own.inputBias !== undefined;
    const bias = together ? runBinary(sumOf, own.inputBias!, own.stateBias!) : own.inputBias;
    gemm({
      dtype,
      a: sliceOf(dense),
      b: sliceOf(own.ofInput),
      c: sliceOf(ofGates),
      ...{ m: rows, n: width, k: input, transB: true },
      ...(bias && { bias: sliceOf(bias) }),
    });
    recurrentForward({
      ...{ kind, dtype, batchSizes: spec.batchSizes, hidden, reverse: d === 1, save },
      gates: sliceOf(ofGates),
      weight: sliceOf(own.ofState),
      h: sliceOf(partOf(h, d)),
      y: { storage: output.storage, offset: d * state },
      yStep: directions * state,
      ...(kind === 'gru' && own.stateBias && { bias: sliceOf(own.stateBias) }),
      ...(own.projection && { projection: sliceOf(own.projection), projected: state }),
      ...(c && { c: sliceOf(partOf(c, d)) }),
      former: sliceOf(partOf(former, d)),
      news: sliceOf(partOf(news, d)),
    });
  });
  // Nobody else has seen them, and there are many.
  if (!save) gates.storage.dispose();
  return {
    output: cast(output, x.dtype),
    h: cast(h, x.dtype),
    ...(c && { c: cast(c, x.dtype) }),
    ...(save && { gates, former, news }),
  };
}

function denseWeights(own: DirectionWeights, compute: DType): DirectionWeights {
  return {
    ofInput: denseIn(compute, own.ofInput)!,
    ofState: denseIn(compute, own.ofState)!,
    inputBias: denseIn(compute, own.inputBias ?? null),
    stateBias: denseIn(compute, own.stateBias ?? null),
    projection: denseIn(compute, own.projection ?? null),
  };
}

/** Gradients of everything that flows into a layer. */
interface LayerGradients {
  x(): Tensor | null;
  readonly h: Tensor | null;
  readonly c: Tensor | null;
  weights(): readonly (Tensor | null)[];
}

/** What the gradients of the weights of one direction are made of. */
interface DirectionGradients {
  readonly dgates: Tensor;
  /** The gradient of the state's share of the gates: the same but for a GRU. */
  readonly dhidden: Tensor;
  readonly dstates: Tensor | undefined;
  readonly raw: Tensor | undefined;
}

/** Runs the engine over all steps backwards. */
class EngineGradients implements LayerGradients {
  readonly h: Tensor;
  readonly c: Tensor | null;
  readonly #args: LayerArguments;
  readonly #result: LayerResult;
  readonly #compute: DType;
  readonly #directions: readonly DirectionGradients[];

  constructor(grads: readonly (Tensor | undefined)[], args: LayerArguments, result: LayerResult) {
    const [x, h0, c0, weights, spec] = args;
    const { rows, hidden, width, state, directions } = sizesOf(args);
    const compute = computeDType(x.dtype);
    const start = (grad: Tensor | undefined, like: Tensor): Tensor => {
      if (grad !== undefined) return ownCopy(grad, compute);
      const zeros = newTensor(like.shape, compute);
      fillElements(zeros, 0);
      return zeros;
    };
    const dy = denseIn(compute, grads[0] ?? null);
    const dh = start(grads[1], h0);
    const dc = c0 === null ? null : start(grads[2], c0);
    const dtype = compute === 'float64' ? 'float64' : 'float32';
    const { kind } = spec;
    const rowsOf = (size: number): Tensor => newTensor([rows, size], compute);
    this.#args = args;
    this.#result = result;
    this.#compute = compute;
    this.h = dh;
    this.c = dc;
    this.#directions = directionsOf(weights, spec).map((given, d) => {
      const own = denseWeights(given, compute);
      const dgates = rowsOf(width);
      const dhidden = kind === 'gru' ? rowsOf(width) : undefined;
      const dstates = own.projection && rowsOf(state);
      const raw = own.projection && rowsOf(hidden);
      const saved = (all: Tensor | undefined): Slice => sliceOf(partOf(all!, d));
      recurrentBackward({
        ...{ kind, dtype, batchSizes: spec.batchSizes, hidden, reverse: d === 1 },
        gates: saved(result.gates),
        former: saved(result.former),
        news: saved(result.news),
        weight: sliceOf(own.ofState),
        dh: sliceOf(partOf(dh, d)),
        dgates: sliceOf(dgates),
        ...(dy && {
          dy: { storage: dy.storage, offset: dy.offset + d * state },
          dyStep: directions * state,
        }),
        ...(dc && { dc: sliceOf(partOf(dc, d)) }),
        ...(dhidden && { dhidden: sliceOf(dhidden) }),
        ...(own.projection && { projection: sliceOf(own.projection), projected: state }),
        ...(dstates && { dstates: sliceOf(dstates) }),
        ...(raw && { raw: sliceOf(raw) }),
      });
      return { dgates, dhidden: dhidden ?? dgates, dstates, raw };
    });
  }

  x(): Tensor {
    const { rows, input, width } = sizesOf(this.#args);
    const [, , , weights, spec] = this.#args;
    const dx = newTensor([rows, input], this.#compute);
    directionsOf(weights, spec).forEach(({ ofInput }, d) => {
      gemm({
        dtype: floatOf(dx),
        a: sliceOf(this.#directions[d]!.dgates),
        b: sliceOf(denseIn(this.#compute, ofInput)!),
        c: sliceOf(dx),
        ...{ m: rows, n: input, k: width, beta: d },
      });
    });
    return dx;
  }

  weights(): readonly Tensor[] {
    const [x, , , , spec] = this.#args;
    const { rows, input, hidden, state } = sizesOf(this.#args);
    const dense = denseIn(this.#compute, x)!;
    const all = this.#directions.flatMap(({ dgates, dhidden, dstates, raw }, d) => {
      const ofInput = this.#product(dgates, [{ from: dense, row: 0, at: 0, leading: input, rows }], input);
      const ofState = this.#product(dhidden, this.#formerStates(d), state);
      const found = [ofInput, ofState];
      if (spec.biased) {
        const ofBias = dgates.sum(0);
        found.push(ofBias, dhidden === dgates ? ownCopy(ofBias, this.#compute) : dhidden.sum(0));
      }
      if (dstates !== undefined) {
        found.push(this.#product(dstates, [{ from: raw!, row: 0, at: 0, leading: hidden, rows }], hidden));
      }
      return found;
    });
    // The weights come last, and what their gradients are made of is large.
    for (const of of this.#directions) {
      for (const tensor of Object.values(of)) tensor?.storage.dispose();
    }
    return all;
  }

  /** `left[N, m]` transposed times the rows of runs, which have `n` elements each. */
  #product(left: Tensor, runs: readonly Run[], n: number): Tensor {
    const m = left.shape[1]!;
    const product = newTensor([m, n], this.#compute);
    if (runs.length === 0) fillElements(product, 0);
    runs.forEach(({ from, row, at, leading, rows }, i) => {
      gemm({
        dtype: floatOf(left),
        a: { storage: left.storage, offset: left.offset + row * m },
        b: { storage: from.storage, offset: from.offset + at },
        c: sliceOf(product),
        ...{ m, n, k: rows, transA: true, lda: m, ldb: leading, beta: Math.min(i, 1) },
      });
    });
    return product;
  }

  /** Where the states in front of each row lie: among the first ones, or in the rows of the step before. */
  #formerStates(d: number): readonly Run[] {
    const { rows, state, directions, batch } = sizesOf(this.#args);
    const [, h0, , , spec] = this.#args;
    const { batchSizes, kind } = spec;
    if (kind === 'gru') {
      return [{ from: partOf(this.#result.former!, d), row: 0, at: 0, leading: state, rows }];
    }
    const output = denseIn(this.#compute, this.#result.output)!;
    const first = denseIn(this.#compute, h0)!;
    const leading = directions * state;
    const runs: Run[] = [];
    const add = (run: Run): void => {
      const last = runs.at(-1);
      const goesOn =
        last !== undefined &&
        last.from === run.from &&
        last.row + last.rows === run.row &&
        last.at + last.rows * last.leading === run.at;
      if (goesOn) runs[runs.length - 1] = { ...last, rows: last.rows + run.rows };
      else if (run.rows > 0) runs.push(run);
    };
    let row = 0;
    batchSizes.forEach((size, t) => {
      const before = d === 0 ? row - (batchSizes[t - 1] ?? 0) : row + size;
      const known = d === 0 ? (t === 0 ? 0 : size) : (batchSizes[t + 1] ?? 0);
      add({ from: output, row, at: before * leading + d * state, leading, rows: known });
      const at = (d * batch + known) * state;
      add({ from: first, row: row + known, at, leading: state, rows: size - known });
      row += size;
    });
    return runs;
  }
}

/** Some rows of a left operand, from `row` on, and of a right one, from element `at` on. */
interface Run {
  readonly from: Tensor;
  readonly row: number;
  readonly at: number;
  readonly leading: number;
  readonly rows: number;
}

/** The gradients with operators that have gradients themselves. */
function recordedGradients(grads: readonly (Tensor | undefined)[], args: LayerArguments): LayerGradients {
  const [x, h, c, weights] = args;
  const { output, h: lastH, c: lastC } = composedLayer(...args);
  const outputs = [output, lastH, ...(lastC ? [lastC] : [])];
  const given = outputs.flatMap((value, i) => (grads[i] === undefined ? [] : [{ value, grad: grads[i] }]));
  const inputs = [x, h, c, ...weights].filter((tensor) => tensor !== null && requiresGrad(tensor));
  const found = gradientsOf(
    given.map(({ value }) => value),
    inputs as Tensor[],
    { gradOutputs: given.map(({ grad }) => grad), createGraph: true, allowUnused: true },
  );
  const of = (tensor: Tensor | null): Tensor | null => found[inputs.indexOf(tensor as Tensor)] ?? null;
  return { x: () => of(x), h: of(h), c: of(c), weights: () => weights.map(of) };
}

const shared = new WeakMap<object, LayerGradients>();

/** The gradients for one pass backwards, which hands the same list to the derivative of each argument. */
function gradientsFor(
  grads: readonly (Tensor | undefined)[],
  args: LayerArguments,
  result: LayerResult,
): LayerGradients {
  let own = shared.get(grads);
  if (own === undefined) {
    own = gradMode.enabled ? recordedGradients(grads, args) : new EngineGradients(grads, args, result);
    shared.set(grads, own);
  }
  return own;
}

function derivative(
  which: (gradients: LayerGradients) => ArgumentGrad,
): Derivative<LayerArguments, LayerResult> {
  return {
    reads: [0, 1, 2, 3, 'result.output', 'result.gates', 'result.former', 'result.news'],
    of: (grads, args, result): ArgumentGrad => which(gradientsFor(grads, args, result)),
  };
}

/** A layer of a recurrent network. `spec.save` says whether a gradient will be asked for. Canonical: (x, h, c | null, weights, spec). */
export const recurrentLayer: (...args: LayerArguments) => LayerResult = defineOperator({
  name: '_recurrentLayer',
  forward,
  derivatives: [
    derivative((gradients) => gradients.x()),
    derivative(({ h }) => h),
    derivative(({ c }) => c),
    derivative((gradients) => gradients.weights()),
    null,
  ],
});
