// Elementwise operations of any rank and dtype over strided and broadcast operands.

import type {
  CastParameters,
  ElementwiseInput,
  ElementwiseOp,
  ElementwiseParameters,
  FillParameters,
  TypedSlice,
} from '../elementwise-types.ts';
import { EngineError } from '../errors.ts';
import { stridedRegionOf } from '../operands.ts';
import { executor } from '../runtime/executor.ts';
import { bytesOf } from '../runtime/region.ts';
import type { Activation } from '../types.ts';
import { activationBounds, activationKind } from './activation.ts';
import { arityOf, type VectorOp } from './elementwise-operations.ts';
import { checkedDType, dtypeNumber, launchFused } from './fused-elementwise.ts';
import { type Program, StepList, typedProgram } from './fused-program.ts';

/** Parameters that an operation takes when the caller gives none: PyTorch's defaults. */
const defaults: Partial<Record<ElementwiseOp, readonly number[]>> = {
  softplus: [1, 20],
  leakyRelu: [0.01],
  clamp: [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY],
  elu: [1],
  addcmul: [1],
  addcdiv: [1],
};

const comparisons: Partial<Record<ElementwiseOp, '==' | '!=' | '<' | '<=' | '>' | '>='>> = {
  eq: '==',
  ne: '!=',
  lt: '<',
  le: '<=',
  gt: '>',
  ge: '>=',
};

/** Arguments of the operations that are no single steps. */
const otherArities: Partial<Record<ElementwiseOp, number>> = {
  ...{ eq: 2, ne: 2, lt: 2, le: 2, gt: 2, ge: 2 },
  ...{ logicalAnd: 2, logicalOr: 2, logicalXor: 2, logicalNot: 1, isnan: 1, isinf: 1, isfinite: 1 },
  ...{ where: 3, addcmul: 4, addcdiv: 4 },
};

/**
 * Applies an operation element by element, then the activation. The operation's arguments are the inputs and then the
 * parameters; `add` and `sub` may be given one more, the factor of their second argument. Inputs are cast to the computing type
 * when they are read (tests such as `isnan`, `logicalAnd` and the condition of `where` look at them as they are), the result is
 * cast to the output's dtype. Any strides are taken; an input stride of 0 broadcasts. The output may be one of the inputs of its
 * dtype, element for element.
 *
 * @throws EngineError when the operation is not there for the dtype, ranks or the number of inputs differ, the output repeats
 * elements, or a slice is too small; before anything is written, when an integer divisor is zero.
 */
export function elementwise(p: ElementwiseParameters): void {
  const { op, inputs, parameters } = p;
  if (op === 'pow') {
    const simpler = simplerPower(p);
    if (simpler !== undefined) {
      elementwise(simpler);
      return;
    }
  }
  const program = programOf('elementwise', p);
  let slices = inputs;
  let values = withDefaults(op, inputs.length, parameters);
  // numbers among the inputs become parameters of the program, the activation's bounds its last ones
  if (inputs.some(isNumber)) {
    slices = inputs.filter((input) => !isNumber(input));
    values = [...(inputs.filter(isNumber) as (number | bigint)[]), ...values];
  }
  if (p.activation?.kind === 'clamp') values = [...values, p.activation.min, p.activation.max];
  launchFused('elementwise', program, {
    inputs: slices as readonly TypedSlice[],
    outputs: [p.output],
    shape: p.shape,
    parameters: values,
  });
}

/**
 * Copies elements as another dtype, as C++ does on x86-64: integers wrap around, floats are cut off towards zero, and what an integer
 * type cannot hold becomes the smallest int32 (int64 for 64-bit integers and uint32), of which narrower types keep the lower bits.
 * What is not zero is true.
 *
 * @throws EngineError when ranks differ, `to` repeats elements, or a slice is too small.
 */
export function cast({ from, to, shape }: CastParameters): void {
  launchElementwise('cast', 'identity', { inputs: [from], output: to, shape });
}

/**
 * Writes a number to every element, cast to their dtype.
 * @throws EngineError when `to` repeats elements or is too small.
 */
export function fill({ to, value, shape }: FillParameters): void {
  const program = programOf('fill', { op: 'identity', inputs: oneNumber, output: to });
  launchFused('fill', program, { inputs: [], outputs: [to], shape, parameters: [value] });
}

/** What {@link launchElementwise} needs of an operation's operands. */
export interface ElementwiseOperands {
  readonly inputs: readonly TypedSlice[];
  readonly output: TypedSlice;
  readonly shape: readonly number[];
  readonly activation?: Activation;
}

/** Runs an operation in the name of another kernel. */
export function launchElementwise(
  name: string,
  op: VectorOp,
  p: ElementwiseOperands,
  parameters: readonly number[] = none,
): void {
  const program = programOf(name, { ...p, op, parameters });
  const { min, max } = activationBounds(p.activation);
  launchFused(name, program, {
    inputs: p.inputs,
    outputs: [p.output],
    shape: p.shape,
    parameters: p.activation?.kind === 'clamp' ? [...parameters, min, max] : parameters,
  });
}

const none: readonly number[] = [];
const oneNumber: readonly number[] = [0];

/** The parameters, those that are left out filled in. */
function withDefaults(
  op: ElementwiseOp,
  inputs: number,
  given: readonly (number | bigint)[] = none,
): readonly (number | bigint)[] {
  const all = defaults[op];
  if (all === undefined || inputs + given.length >= arityOfAny(op)!) return given;
  return given.length === 0 ? all : [...given, ...all.slice(given.length)];
}

function arityOfAny(op: ElementwiseOp): number | undefined {
  return otherArities[op] ?? arityOf(op);
}

function isNumber(input: ElementwiseInput): input is number | bigint {
  return typeof input !== 'object';
}

/** Squares and reciprocals by another name, as PyTorch computes powers by a single number. */
function simplerPower(p: ElementwiseParameters): ElementwiseParameters | undefined {
  const [base, exponent] = p.inputs;
  if (base === undefined || exponent === undefined || p.inputs.length !== 2) return undefined;
  const power = isNumber(exponent) ? Number(exponent) : singleFloat(exponent, p);
  if (power === 2) return { ...p, op: 'square', inputs: [base] };
  const type = p.dtype ?? (isNumber(base) ? p.output.dtype : base.dtype) ?? 'float32';
  if (power === -1 && type.includes('float')) return { ...p, op: 'reciprocal', inputs: [base] };
  return undefined;
}

/** The only float32 that a broadcast slice holds. */
function singleFloat(slice: TypedSlice, { shape }: ElementwiseParameters): number | undefined {
  if ((slice.dtype ?? 'float32') !== 'float32' || shape.includes(0) || executor().defers) return undefined;
  if (!shape.every((size, d) => size === 1 || slice.strides[d] === 0)) return undefined;
  const bytes = bytesOf(stridedRegionOf('elementwise', 'input 1', slice, shape));
  return new DataView(bytes.buffer, bytes.byteOffset).getFloat32(0, true);
}

// ---- programs by operation and dtypes

type Described = Pick<
  ElementwiseParameters,
  'op' | 'inputs' | 'output' | 'parameters' | 'dtype' | 'activation'
>;

/** By operation, then by the dtypes of inputs, of the output and of what is computed in, activation and parameters. */
const programs = new Map<ElementwiseOp, Map<number, Program>>();

function programOf(name: string, p: Described): Program {
  let byTypes = programs.get(p.op);
  if (byTypes === undefined) {
    byTypes = new Map();
    programs.set(p.op, byTypes);
  }
  const { inputs } = p;
  // 0 stands for a number instead of a slice
  let key = dtypeNumber(p.output.dtype) * 15 + (p.dtype === undefined ? 0 : dtypeNumber(p.dtype));
  for (let i = 0; i < inputs.length; i++) {
    const input = inputs[i]!;
    key = key * 15 + (isNumber(input) ? 0 : dtypeNumber(input.dtype));
  }
  const { activation } = p;
  const variant = activation === undefined ? 0 : activation.kind === 'relu' ? 1 : 2;
  key = ((key * 5 + inputs.length) * 4 + (p.parameters?.length ?? 3)) * 3 + variant;
  let program = byTypes.get(key);
  if (program === undefined) {
    program = makeProgram(name, p);
    byTypes.set(key, program);
  }
  return program;
}

/** An operation over its inputs and parameters, then the activation. */
function makeProgram(name: string, p: Described): Program {
  const { op, inputs } = p;
  const list = new StepList();
  let slices = 0;
  let parameters = 0;
  const leaves = inputs.map((input) =>
    list.add(isNumber(input) ? ['parameter', parameters++] : ['input', slices++]),
  );
  const given = withDefaults(op, inputs.length, p.parameters).length;
  for (let i = 0; i < given; i++) leaves.push(list.add(['parameter', parameters++]));
  let step = operationStep(name, list, op, leaves, inputs.length);
  const activation = activationKind(p.activation);
  if (activation === 'relu') step = list.add(['relu', step]);
  if (activation === 'clamp') {
    step = list.add([
      'clamp',
      step,
      list.add(['parameter', parameters]),
      list.add(['parameter', parameters + 1]),
    ]);
  }
  const typed = inputs.filter((input) => !isNumber(input)) as readonly TypedSlice[];
  const first = (op === 'where' && !isNumber(inputs[0]!) ? typed[1] : typed[0]) ?? p.output;
  const steps = { nodes: list.nodes, results: [step], parameters: list.parameters };
  return typedProgram(
    name,
    steps,
    checkedDType(name, p.dtype ?? first.dtype),
    typed.map(({ dtype }) => checkedDType(name, dtype)),
    [checkedDType(name, p.output.dtype)],
  );
}

/** Adds the steps of an operation on its arguments. */
function operationStep(
  name: string,
  list: StepList,
  op: ElementwiseOp,
  args: readonly number[],
  inputs: number,
): number {
  const [x, y, z, value] = args as [number, number, number, number];
  const scaled = (op === 'add' || op === 'sub') && args.length === 3;
  const arity = scaled ? 3 : arityOfAny(op);
  if (arity === undefined) throw new EngineError(name, 'unknown operation', 'an operation', `'${op}'`);
  if (args.length !== arity) {
    const wanted = arity - (args.length - inputs);
    throw new EngineError(name, `${op} has another number of inputs`, wanted, inputs);
  }
  if (scaled) return list.add([op === 'add' ? 'scaledAdd' : 'scaledSub', x, y, z]);
  const comparison = comparisons[op];
  if (comparison !== undefined) return list.add(['compare', comparison, x, y]);
  const isTrue = (step: number): number => list.add(['is', 'true', step]);
  switch (op) {
    case 'logicalAnd':
      return list.add(['and', isTrue(x), isTrue(y)]);
    case 'logicalOr':
      return list.add(['or', isTrue(x), isTrue(y)]);
    case 'logicalXor':
      return list.add(['xor', isTrue(x), isTrue(y)]);
    case 'logicalNot':
      return list.add(['not', isTrue(x)]);
    case 'isnan':
      return list.add(['is', 'nan', x]);
    case 'isinf':
      return list.add(['is', 'infinite', x]);
    case 'isfinite':
      return list.add(['not', list.add(['or', list.add(['is', 'nan', x]), list.add(['is', 'infinite', x])])]);
    case 'where':
      return list.add(['select', isTrue(x), y, z]);
    case 'addcmul':
      return list.add(['add', x, list.add(['mul', list.add(['mul', value, y]), z])]);
    case 'addcdiv':
      return list.add(['add', x, list.add(['div', list.add(['mul', value, y]), z])]);
    default:
      return list.add([op as VectorOp, ...args]);
  }
}
