// Elementwise operations over operands that lie dense in the same order, or are single elements: one loop over all
// elements. Most calls are of this kind, and many of them are small, so the way to the kernel is short.

import { input, integer, output, scalar, type Vector } from '@sconce/codegen';
import { regionOf } from '../operands.ts';
import { executor } from '../runtime/executor.ts';
import { family, type Launchable, type Values } from '../runtime/family.ts';
import { nothing, part, type Region } from '../runtime/region.ts';
import { forkRanges, LINE_ELEMENTS, passTime } from '../threads/split.ts';
import type { ElementwiseParameters, StridedSlice } from '../types.ts';
import { type ActivationKind, activate, activationBounds, activationKind } from './activation.ts';
import { innermost } from './elementwise-nest.ts';
import { operate, type VectorOp } from './elementwise-operations.ts';

/** How an input is read: as many elements as the output has, or a single one. */
type FlatMode = 'vector' | 'scalar';

interface FlatSpec {
  readonly op: VectorOp;
  readonly inputs: readonly FlatMode[];
  readonly activation: ActivationKind;
}

const contract = {
  a: input('f32'),
  b: input('f32'),
  to: output('f32'),
  n: integer(),
  p: scalar('f32'),
  q: scalar('f32'),
  min: scalar('f32'),
  max: scalar('f32'),
} as const;

const flatKernel = family('elementwise-flat', contract, (k, spec: FlatSpec) => {
  const inputs = (['a', 'b'] as const).slice(0, spec.inputs.length).map((name) => k.pointer(name));
  const parameters = [k.scalar('p'), k.scalar('q')] as const;
  const bounds = { min: k.scalar('min'), max: k.scalar('max') };
  const compute = (values: readonly Vector<'f32'>[]): Vector<'f32'>[] => [
    activate(k, spec.activation, operate(k, spec.op, [...values, ...parameters]), bounds),
  ];
  const modes = { inputs: spec.inputs, outputs: ['vector'] } as const;
  innermost(k, modes, [k.pointer('to'), ...inputs], { count: k.integer('n'), steps: [] }, compute);
});

type FlatKernel = Launchable<Values<typeof contract>>;

/** Kernels by operation, then by modes and activation: a call finds its own without making a key of its spec. */
const kernels: Map<VectorOp, (FlatKernel | undefined)[]> = new Map();
const activations: readonly ActivationKind[] = ['none', 'relu', 'clamp'];

function kernelOf(
  op: VectorOp,
  a: FlatMode,
  b: FlatMode | undefined,
  activation: ActivationKind,
): FlatKernel {
  let byModes = kernels.get(op);
  if (byModes === undefined) {
    byModes = [];
    kernels.set(op, byModes);
  }
  const index =
    activations.indexOf(activation) * 6 +
    (a === 'vector' ? 0 : 1) +
    (b === undefined ? 0 : b === 'vector' ? 2 : 4);
  byModes[index] ??= flatKernel({ op, inputs: b === undefined ? [a] : [a, b], activation });
  return byModes[index];
}

/** Elements of a shape that the output fills densely, row-major; -1 if it does not, or has none. */
function denseElements(shape: readonly number[], { strides }: StridedSlice): number {
  if (strides.length !== shape.length) return -1;
  let count = 1;
  for (let d = shape.length - 1; d >= 0; d--) {
    const size = shape[d]!;
    if (!(size > 0) || !Number.isSafeInteger(size)) return -1;
    if (size === 1) continue;
    if (strides[d] !== count) return -1;
    count *= size;
  }
  return count;
}

/** How an input is read under a shape of `count` elements; nothing if in neither way. */
function modeOf(shape: readonly number[], { strides }: StridedSlice, count: number): FlatMode | undefined {
  if (strides.length !== shape.length) return undefined;
  if (count === 1) return 'vector';
  let single = true;
  let dense = true;
  let step = 1;
  for (let d = shape.length - 1; d >= 0; d--) {
    const size = shape[d]!;
    if (size === 1) continue;
    if (strides[d] !== 0) single = false;
    if (strides[d] !== step) dense = false;
    step *= size;
  }
  return dense ? 'vector' : single ? 'scalar' : undefined;
}

/**
 * Runs an operation if its operands allow it, and says whether they did.
 * @throws EngineError when a slice is too small.
 */
export function flatElementwise(
  name: string,
  op: VectorOp,
  {
    inputs,
    output,
    shape,
    activation,
  }: Pick<ElementwiseParameters, 'inputs' | 'output' | 'shape' | 'activation'>,
  [p, q]: readonly [number, number],
): boolean {
  const [first, second] = inputs;
  if (first === undefined || inputs.length > 2) return false;
  const n = denseElements(shape, output);
  if (n < 0) return false;
  const a = modeOf(shape, first, n);
  if (a === undefined) return false;
  const b = second && modeOf(shape, second, n);
  if (second && b === undefined) return false;
  const region = (operand: string, slice: StridedSlice, mode: FlatMode): Region =>
    regionOf(name, operand, slice, mode === 'vector' ? n : 1);
  const { min, max } = activationBounds(activation);
  const current = executor();
  const kernel = kernelOf(op, a, b, activationKind(activation));
  const to = region('output', output, 'vector');
  const left = region('input 0', first, a);
  const right = second === undefined ? nothing : region('input 1', second, b!);
  const launch = (start: number, count: number): void =>
    current.launch(kernel, {
      to: part(to, start, count),
      a: a === 'vector' ? part(left, start, count) : left,
      b: b === 'vector' ? part(right, start, count) : right,
      n: count,
      p,
      q,
      min,
      max,
    });
  forkRanges(n, passTime((inputs.length + 1) * n), launch, LINE_ELEMENTS);
  return true;
}
