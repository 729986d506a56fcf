// Elementwise operations of any rank over strided and broadcast operands.

import { EngineError } from '../errors.ts';
import { checkShape, stridedAddressOf } from '../operands.ts';
import { executor, nothing, region } from '../runtime/executor.ts';
import type { Activation, ElementwiseParameters, StridedSlice } from '../types.ts';
import { activationBounds, activationKind } from './activation.ts';
import { elementwiseKernel, type Mode } from './elementwise-kernel.ts';
import { defaultParameters, type VectorOp } from './elementwise-operations.ts';
import { isScalarOp, scalarElementwise } from './elementwise-scalar.ts';
import { collapse, extent, KERNEL_RANK, overOuter, type StridedShape } from './strided.ts';

const binaryOps: ReadonlySet<string> = new Set(['add', 'sub', 'mul', 'div', 'maximum', 'minimum', 'pow']);

/**
 * Applies a unary or binary operation element by element, then the activation. Any strides are taken; an input
 * stride of 0 broadcasts. The output may be one of the inputs, element for element.
 *
 * @throws EngineError when ranks or the number of inputs differ, the output repeats elements, or a slice is too small.
 */
export function elementwise(p: ElementwiseParameters): void {
  const wanted = binaryOps.has(p.op) ? 2 : 1;
  if (p.inputs.length !== wanted) {
    throw new EngineError('elementwise', `${p.op} has another number of inputs`, wanted, p.inputs.length);
  }
  const [first = 0, second = 0] = [0, 1].map((i) => p.parameters?.[i] ?? defaultParameters[p.op]?.[i] ?? 0);
  if (p.op === 'pow') {
    const simpler = simplerPower(p);
    if (simpler !== undefined) {
      elementwise(simpler);
      return;
    }
  }
  if (isScalarOp(p.op)) {
    const { addresses, collapsed } = prepare('elementwise', p);
    if (p.shape.includes(0)) return;
    const starts = addresses.map((address) => address / 4);
    scalarElementwise(p.op, executor().memory.views.f32, starts, collapsed, scalarActivation(p.activation));
    return;
  }
  const scaled = (p.op === 'add' || p.op === 'sub') && first !== 1;
  const op = !scaled ? p.op : p.op === 'add' ? 'scaledAdd' : 'scaledSub';
  launchElementwise('elementwise', op, p, [first, second]);
}

/** Squares and reciprocals by another name: the same results to the last bit, without the detour through a power. */
function simplerPower(p: ElementwiseParameters): ElementwiseParameters | undefined {
  const [base, exponent] = p.inputs as [StridedSlice, StridedSlice];
  const single = p.shape.every((size, d) => size === 1 || exponent.strides[d] === 0);
  if (!single || p.shape.includes(0)) return undefined;
  const address = stridedAddressOf('elementwise', 'input 1', exponent, p.shape);
  const power = executor().memory.views.f32[address / 4];
  if (power === 2) return { ...p, op: 'mul', inputs: [base, base] };
  if (power === -1) return { ...p, op: 'reciprocal', inputs: [base] };
  return undefined;
}

/** What {@link launchElementwise} needs of an operation's operands. */
export type ElementwiseOperands = Pick<ElementwiseParameters, 'inputs' | 'output' | 'shape' | 'activation'>;

/** Runs an operation of the kernels' table over checked and collapsed operands. */
export function launchElementwise(
  name: string,
  op: VectorOp,
  p: ElementwiseOperands,
  [first, second]: readonly [number, number] = [0, 0],
): void {
  const { addresses, collapsed } = prepare(name, p);
  if (p.shape.includes(0)) return;
  const current = executor();
  const last = collapsed.shape.length - 1;
  const mode = (operand: number): Mode => {
    const step = collapsed.strides[operand]![last]!;
    return step === 1 ? 'vector' : step === 0 ? 'scalar' : 'strided';
  };
  const kernel = elementwiseKernel({
    op,
    inputs: p.inputs.map((_, i) => mode(i + 1)),
    output: mode(0) === 'vector' ? 'vector' : 'strided',
    activation: activationKind(p.activation),
  });
  overOuter(collapsed, KERNEL_RANK, (offsets, { shape, strides }) => {
    const operand = (i: number) =>
      addresses[i] === undefined
        ? nothing
        : region(addresses[i] + offsets[i]! * 4, extent(shape, strides[i]!));
    const step = (i: number, dimension: number): number => strides[i]?.[KERNEL_RANK - 1 - dimension] ?? 0;
    const size = (dimension: number): number => shape[KERNEL_RANK - 1 - dimension]!;
    current.launch(kernel, {
      to: operand(0),
      a: operand(1),
      b: operand(2),
      c: operand(3),
      n0: size(0),
      n1: size(1),
      n2: size(2),
      n3: size(3),
      to0: step(0, 0),
      to1: step(0, 1),
      to2: step(0, 2),
      to3: step(0, 3),
      a0: step(1, 0),
      a1: step(1, 1),
      a2: step(1, 2),
      a3: step(1, 3),
      b0: step(2, 0),
      b1: step(2, 1),
      b2: step(2, 2),
      b3: step(2, 3),
      c0: step(3, 0),
      c1: step(3, 1),
      c2: step(3, 2),
      c3: step(3, 3),
      p: first,
      q: second,
      ...activationBounds(p.activation),
    });
  });
}

/** Checked addresses of output and inputs, and their collapsed shape. */
function prepare(name: string, p: ElementwiseOperands): { addresses: number[]; collapsed: StridedShape } {
  checkShape(name, p.shape);
  const operands = [p.output, ...p.inputs];
  const addresses = operands.map((slice, i) =>
    stridedAddressOf(name, i === 0 ? 'output' : `input ${i - 1}`, slice, p.shape),
  );
  const repeated = p.shape.findIndex((size, d) => size > 1 && p.output.strides[d] === 0);
  if (repeated >= 0 && !p.shape.includes(0))
    throw new EngineError(name, `the output repeats its elements in dimension ${repeated}`);
  const strides = operands.map((slice) => slice.strides);
  return { addresses, collapsed: collapse({ shape: p.shape, strides }) };
}

/** JavaScript's extrema let NaN through, as the kernels do. */
function scalarActivation(activation: Activation | undefined): (x: number) => number {
  if (activation === undefined) return (x) => x;
  if (activation.kind === 'relu') return (x) => Math.max(x, 0);
  const { min, max } = activation;
  return (x) => Math.min(Math.max(x, min), max);
}
