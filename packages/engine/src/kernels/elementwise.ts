// Elementwise operations of any rank over strided and broadcast operands.

import { EngineError } from '../errors.ts';
import { stridedRegionOf } from '../operands.ts';
import { floatsOf } from '../runtime/region.ts';
import type { ElementwiseParameters, StridedSlice } from '../types.ts';
import { type ActivationKind, activationBounds, activationKind } from './activation.ts';
import { flatElementwise } from './elementwise-flat.ts';
import { arityOf, defaultParameters, type VectorOp } from './elementwise-operations.ts';
import { launchFused } from './fused-elementwise.ts';
import type { Program, ProgramNode } from './fused-kernel.ts';

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
  const first = p.parameters?.[0] ?? defaultParameters[p.op]?.[0] ?? 0;
  const second = p.parameters?.[1] ?? defaultParameters[p.op]?.[1] ?? 0;
  if (p.op === 'pow') {
    const simpler = simplerPower(p);
    if (simpler !== undefined) {
      elementwise(simpler);
      return;
    }
  }
  const scaled = (p.op === 'add' || p.op === 'sub') && first !== 1;
  const op = !scaled ? p.op : p.op === 'add' ? 'scaledAdd' : 'scaledSub';
  launchElementwise('elementwise', op, p, [first, second]);
}

/** Squares and reciprocals by another name, as PyTorch computes powers by a single number. */
function simplerPower(p: ElementwiseParameters): ElementwiseParameters | undefined {
  const [base, exponent] = p.inputs as [StridedSlice, StridedSlice];
  const single = p.shape.every((size, d) => size === 1 || exponent.strides[d] === 0);
  if (!single || p.shape.includes(0)) return undefined;
  const power = floatsOf(stridedRegionOf('elementwise', 'input 1', exponent, p.shape))[0];
  if (power === 2) return { ...p, op: 'mul', inputs: [base, base] };
  if (power === -1) return { ...p, op: 'reciprocal', inputs: [base] };
  return undefined;
}

/** What {@link launchElementwise} needs of an operation's operands. */
export type ElementwiseOperands = Pick<ElementwiseParameters, 'inputs' | 'output' | 'shape' | 'activation'>;

/** Runs an operation: in one loop where operands allow it, else as an expression with the activation around it. */
export function launchElementwise(
  name: string,
  op: VectorOp,
  p: ElementwiseOperands,
  parameters: readonly [number, number] = [0, 0],
): void {
  if (flatElementwise(name, op, p, parameters)) return;
  const { min, max } = activationBounds(p.activation);
  launchFused(name, programOf(op, p.inputs.length, activationKind(p.activation)), {
    inputs: p.inputs,
    outputs: [p.output],
    shape: p.shape,
    parameters: [...parameters, min, max],
  });
}

/** An operation over its inputs and parameters, then the activation, as the program of a fused kernel. */
function programOf(op: VectorOp, inputs: number, activation: ActivationKind): Program {
  const key = `${op} ${inputs} ${activation}`;
  let program = programs.get(key);
  if (program === undefined) {
    const leaves = [...Array(arityOf(op)!).keys()].map(
      (i): ProgramNode => (i < inputs ? ['input', i] : ['parameter', i - inputs]),
    );
    const nodes: ProgramNode[] = [...leaves, [op, ...leaves.keys()]];
    if (activation === 'relu') nodes.push(['relu', nodes.length - 1]);
    if (activation === 'clamp') {
      const x = nodes.length - 1;
      nodes.push(['parameter', 2], ['parameter', 3], ['clamp', x, x + 1, x + 2]);
    }
    program = { nodes, results: [nodes.length - 1], parameters: 4 };
    programs.set(key, program);
  }
  return program;
}

const programs: Map<string, Program> = new Map();
