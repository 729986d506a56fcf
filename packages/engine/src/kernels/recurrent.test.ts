import { describe, expect, it } from 'vitest';
import { EngineError } from '../errors.ts';
import type { FloatDType } from '../float-type.ts';
import { allocate } from '../memory/allocate.ts';
import { type ReferenceLayer, recurrent } from '../reference/recurrent.ts';
import { withExecutor } from '../runtime/executor.ts';
import { numbers } from '../testing/operands.ts';
import { targets } from '../testing/targets.ts';
import { typedOperand } from '../testing/typed-operands.ts';
import { type RecurrentShape, recurrentBackward, recurrentForward } from './recurrent.ts';

const kinds = ['lstm', 'gru', 'tanh', 'relu'] as const;

/** Shapes with a whole vector and a rest, several row tiles, shrinking batches, and empty ones. */
const shapes: Readonly<Record<string, Omit<RecurrentShape, 'kind'>>> = {
  'one sequence': { batchSizes: [1, 1, 1], hidden: 3 },
  'a rest of a vector': { batchSizes: [3, 3], hidden: 19 },
  'many rows': { batchSizes: [17, 17], hidden: 4 },
  'sequences that end': { batchSizes: [4, 3, 3, 1], hidden: 5 },
  'sequences that end, backwards': { batchSizes: [4, 3, 3, 1], hidden: 5, reverse: true },
  'no sequences': { batchSizes: [0, 0], hidden: 4 },
};

interface Case {
  readonly name: string;
  readonly shape: RecurrentShape;
}

const cases: Case[] = Object.entries(shapes).flatMap(([name, shape]) => [
  ...kinds.map((kind) => ({ name: `${kind}, ${name}`, shape: { ...shape, kind } })),
  { name: `projected lstm, ${name}`, shape: { ...shape, kind: 'lstm' as const, projected: 2 } },
]);

const gateCounts = { lstm: 4, gru: 3, tanh: 1, relu: 1 };

function sizesOf({ kind, hidden, batchSizes, projected }: RecurrentShape) {
  const all = batchSizes.reduce((sum, rows) => sum + rows, 0);
  return { all, width: gateCounts[kind] * hidden, state: projected ?? hidden, batch: batchSizes[0]! };
}

/** Numbers that float32 holds, so that both types compute the same. */
const data = (seed: number, length: number): number[] => [...numbers(seed, length)];

function layerOf(shape: RecurrentShape): ReferenceLayer {
  const { all, width, state, batch } = sizesOf(shape);
  return {
    ...shape,
    gates: data(1, all * width),
    weight: data(2, width * state),
    bias: shape.kind === 'gru' ? data(3, width) : undefined,
    projection: shape.projected === undefined ? undefined : data(4, state * shape.hidden),
    h: data(5, batch * state),
    c: data(6, batch * shape.hidden),
  };
}

/** Runs a layer forward and backward, into operands with fences. */
function run(layer: ReferenceLayer, dtype: FloatDType) {
  const { kind, hidden } = layer;
  const { all, width, state, batch } = sizesOf(layer);
  const of = (values: readonly number[] | number) => typedOperand(dtype, values);
  // Results and their gradient have room for another direction beside them.
  const yStep = 2 * state;
  const beside = (values: readonly number[]): number[] =>
    Array.from({ length: Math.max(0, all * yStep - state) }, (_, i) =>
      i % yStep < state ? values[Math.floor(i / yStep) * state + (i % yStep)]! : 0.25,
    );
  const operands = {
    gates: of(layer.gates),
    weight: of(layer.weight),
    h: of(layer.h),
    c: of(layer.c),
    y: of(beside(new Array<number>(all * state).fill(0))),
    former: of(all * hidden),
    news: of(kind === 'gru' ? all * hidden : 0),
  };
  const { projection: given, bias, projected, batchSizes, reverse = false } = layer;
  const shape = { kind, dtype, hidden, batchSizes, reverse, ...(projected && { projected }) };
  const projection = given && of(given);
  const optional = { ...(bias && { bias: of(bias) }), ...(projection && { projection }) };
  recurrentForward({ ...shape, ...operands, ...optional, yStep, save: true });
  const forward = { h: operands.h.read(), c: operands.c.read(), y: operands.y.read() };
  const dy = data(7, all * state);
  const gradients = {
    dh: of(data(8, batch * state)),
    dc: of(data(9, batch * hidden)),
    dgates: of(all * width),
    dhidden: of(kind === 'gru' ? all * width : 0),
    dstates: of(given ? all * state : 0),
    raw: of(given ? all * hidden : 0),
  };
  const { gates, weight, former, news } = operands;
  recurrentBackward({
    ...shape,
    ...{ gates, weight, former, news },
    ...(projection && { projection }),
    ...gradients,
    dy: of(beside(dy)),
    dyStep: yStep,
  });
  for (const operand of Object.values({ ...operands, ...gradients })) operand.checkFences();
  return { forward, gradients, yStep };
}

function expectNear(
  name: string,
  got: ArrayLike<unknown>,
  expected: readonly number[],
  within: number,
): void {
  expect(got.length, name).toBe(expected.length);
  expected.forEach((value, i) => {
    const distance = Math.abs(Number(got[i]) - value);
    if (!(distance <= within * (1 + Math.abs(value))))
      expect.fail(`${name}[${i}]: expected ${value}, got ${got[i]}`);
  });
}

/** The sum that the gradients are those of. */
function weighted(layer: ReferenceLayer): number {
  const { all, state, batch } = sizesOf(layer);
  const { y, h, c } = recurrent(layer);
  const dot = (a: readonly number[], b: readonly number[]): number =>
    a.reduce((sum, value, i) => sum + value * b[i]!, 0);
  const ofCells = layer.kind === 'lstm' ? dot(c, data(9, batch * layer.hidden)) : 0;
  return dot(y, data(7, all * state)) + dot(h, data(8, batch * state)) + ofCells;
}

/** Its derivative by each element of some of the layer's numbers. */
function differences(layer: ReferenceLayer, name: keyof ReferenceLayer, length: number): number[] {
  const values = (layer[name] as readonly number[] | undefined) ?? new Array<number>(length).fill(0);
  const moved = (i: number, by: number): number =>
    weighted({ ...layer, [name]: values.with(i, values[i]! + by) });
  return values.map((_, i) => (moved(i, 1e-5) - moved(i, -1e-5)) / 2e-5);
}

const expectations = cases.map(({ name, shape }) => {
  const layer = layerOf(shape);
  const { all, width, state, batch } = sizesOf(shape);
  const { kind, hidden } = shape;
  return {
    name,
    layer,
    forward: recurrent(layer),
    gradients: {
      dgates: differences(layer, 'gates', all * width),
      dh: differences(layer, 'h', batch * state),
      ...(kind === 'lstm' && { dc: differences(layer, 'c', batch * hidden) }),
      ...(kind === 'gru' && { dhidden: differences(layer, 'hiddenShift', all * width) }),
      ...(shape.projected && { dstates: differences(layer, 'stateShift', all * state) }),
    },
  };
});

describe.each(targets)('recurrent layers on $name', ({ executor }) => {
  it.each(['float32', 'float64'] as const)('are those of scalar code in %s', (dtype) => {
    withExecutor(executor, () => {
      for (const { name, layer, forward, gradients } of expectations) {
        const { state } = sizesOf(layer);
        const got = run(layer, dtype);
        const y = got.forward.y.filter((_, i) => i % got.yStep < state);
        const exact = dtype === 'float64' ? 1e-12 : 2e-6;
        expectNear(`${name}: y`, y, forward.y, exact);
        expectNear(`${name}: h`, got.forward.h, forward.h, exact);
        if (layer.kind === 'lstm') expectNear(`${name}: c`, got.forward.c, forward.c, exact);
        for (const [of, expected] of Object.entries(gradients)) {
          const operand = got.gradients[of as keyof typeof got.gradients];
          expectNear(`${name}: ${of}`, operand.read(), expected as number[], 1e-5);
        }
      }
    });
  });
});

describe('recurrentForward', () => {
  it('refuses operands that are missing or too small, and batches that grow', () => {
    const of = (length: number) => typedOperand('float32', length);
    const operands = { gates: of(8), weight: of(4), h: of(2), y: of(8), yStep: 2, save: false };
    const shape = { kind: 'tanh', batchSizes: [1, 1], hidden: 2 } as const;
    expect(() => recurrentForward({ ...shape, ...operands, batchSizes: [1, 2] })).toThrow(
      'recurrentForward: batch sizes grow, expected at most 1 at step 1, got 2',
    );
    expect(() => recurrentForward({ ...shape, ...operands, kind: 'lstm' })).toThrow(EngineError);
    expect(() => recurrentForward({ ...shape, ...operands, h: { storage: allocate(4), offset: 0 } })).toThrow(
      'h is too small',
    );
    expect(() => recurrentForward({ ...shape, ...operands, projected: 1 })).toThrow(
      'only the states of an LSTM are projected',
    );
  });
});
