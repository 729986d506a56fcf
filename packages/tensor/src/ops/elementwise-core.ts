/**
 * Runs elementwise operators: promotes dtypes, broadcasts, and leaves the rest to the engine, which casts as it reads and writes.
 * What the engine has no operation for is one pass over typed arrays.
 */
import {
  DivisionByZeroError,
  type ElementwiseInput,
  type ElementwiseOp,
  type Expression,
  elementwise,
  fusedElementwise,
  type TypedSlice,
} from '@sconce/engine';
import { newTensor, newTensorLike, sliceOf } from '../access.ts';
import { checkTensor } from '../arguments.ts';
import type { Derivative } from '../autograd/derivative.ts';
import { defineOperator } from '../dispatcher.ts';
import { type DType, dtypeInfo } from '../dtype.ts';
import { fail } from '../errors.ts';
import { canCast, resultType, type Scalar } from '../promotion.ts';
import { broadcastShapes, broadcastStrides, sameSizes } from '../shape.ts';
import { Tensor } from '../tensor.ts';
import { runPlain } from './elementwise-plain.ts';

/** A tensor, or a number that is broadcast. */
export type Operand = Tensor | Scalar;

/** How the values of an operator are computed: by the first of these that the dtype has. */
export interface Computation {
  readonly name: string;
  /** The engine's operation. */
  readonly engine?: ElementwiseOp;
  /** A formula of the operands and then the parameters, which the engine makes a kernel of. */
  readonly formula?: (...args: Expression[]) => Expression;
  /** A function of numbers for what the engine does not have: operands, then parameters. */
  readonly plain?: (...args: number[]) => number;
  /** As `plain`, for integers of 64 bits. */
  readonly long?: (...args: bigint[]) => bigint;
}

/** What dtype a result has: that of the operands, with integers as float32, or bool; what operands are refused. */
export interface DTypeRule {
  /**
   * same: the operands' dtype; float: integers become float32; floatOnly: integers are refused; intOnly: floats are refused;
   * bool: a test.
   */
  readonly result: 'float' | 'same' | 'floatOnly' | 'intOnly' | 'bool';
  /** Whether bool is refused, and in which words. */
  readonly noBool?: string;
  /** Name in the message that refuses a dtype, where it is not the operator's: `"sinc_cpu" not implemented for 'Bool'`. */
  readonly kernel?: string;
}

/** One operator of one input. */
export interface UnaryEntry extends Computation, DTypeRule {
  /** The derivative; null where it is zero everywhere; nothing where there is none. */
  readonly derivative?: Derivative<[Tensor, ...unknown[]], Tensor> | null;
  /** No gradient flows through; tests have none anyway. */
  readonly constant?: true;
  /** The name in the graph. */
  readonly backwardName?: string;
}

/** The derivative of an operator of two inputs with respect to one of them. */
export type BinaryDerivative = Derivative<[Operand, Operand, ...unknown[]], Tensor>;

/** One operator of two inputs. */
export interface BinaryEntry extends Computation, DTypeRule {
  /** Where a number may stand instead of a tensor: `both`, where nothing is said. */
  readonly numbers?: 'both' | 'either' | 'second' | 'none';
  /** The derivatives with respect to both; null where it is zero everywhere. */
  readonly derivatives?: readonly [BinaryDerivative | null, BinaryDerivative | null];
  /** No gradient flows through; tests and integers have none anyway. */
  readonly constant?: true;
  /** The name in the graph. */
  readonly backwardName?: string | ((x: Operand, y: Operand) => string);
}

/** Operations that the engine has in float32 and not in float64. */
const notInFloat64: ReadonlySet<ElementwiseOp> = new Set([
  'acosh',
  'asinh',
  'atanh',
  'erfc',
  'floorDivide',
  'fmod',
  'remainder',
]);

/** Operations that divide integers, by which the engine refuses zeros. */
const divisions: ReadonlySet<ElementwiseOp> = new Set(['floorDivide', 'fmod', 'remainder', 'truncDivide']);

/**
 * Computes a unary operator.
 * @param into where the result goes if it has its shape and may be cast to its dtype
 */
export function runUnary(
  entry: UnaryEntry,
  x: Tensor,
  parameters: readonly (number | bigint)[] = none,
  into?: Tensor,
): Tensor {
  const { dtype } = x;
  const compute = computedIn(entry, dtype);
  const operands = [x];
  const output = placeFor(operands, x.shape, entry.result === 'bool' ? 'bool' : compute, into);
  launch(entry, operands, parameters, compute, output);
  return output;
}

/** The dtype that an operator computes in on operands of a common dtype. */
function computedIn(entry: Computation & DTypeRule, dtype: DType): DType {
  if (dtype === 'float32') {
    if (entry.result === 'intOnly') refuse(entry, dtype);
    return dtype;
  }
  const { kind } = dtypeInfo(dtype);
  if (kind === 'bool' && entry.noBool !== undefined) fail(entry.name, entry.noBool);
  if (kind === 'float') {
    if (entry.result === 'intOnly') refuse(entry, dtype);
    return dtype;
  }
  if (entry.result === 'floatOnly') refuse(entry, dtype);
  return entry.result === 'float' ? 'float32' : dtype;
}

function refuse({ name, kernel = name }: Computation & DTypeRule, dtype: DType): never {
  fail(name, `"${kernel}" not implemented for '${dtypeInfo(dtype).scalarName}'`);
}

/** Where a result of this shape and dtype is written: `into` if it fits, else a new tensor. */
function placeFor(
  operands: readonly Operand[],
  shape: readonly number[],
  dtype: DType,
  into: Tensor | undefined,
): Tensor {
  if (into !== undefined && sameSizes(into.shape, shape) && canCast(dtype, into.dtype)) return into;
  return newTensorAs(operands, shape, dtype);
}

/** A new tensor for a result, laid out as the first operand of its shape (PyTorch's rule, nearly: it looks at all of them). */
export function newTensorAs(operands: readonly Operand[], shape: readonly number[], dtype: DType): Tensor {
  for (let i = 0; i < operands.length; i++) {
    const operand = operands[i]!;
    if (operand instanceof Tensor && sameSizes(operand.shape, shape))
      return newTensorLike(operand, shape, dtype);
  }
  return newTensor(shape, dtype);
}

/**
 * Computes a binary operator in the operands' common dtype.
 * @param parameters of the engine's operation: `alpha` of add and sub
 * @param into where the result goes if it has its shape and may be cast to its dtype
 */
export function runBinary(
  entry: BinaryEntry,
  x: Operand,
  y: Operand,
  parameters: readonly (number | bigint)[] = none,
  into?: Tensor,
): Tensor {
  const compute = computedIn(entry, resultType(x, y));
  const shape = shapeOfBoth(entry.name, x, y);
  const operands = [x, y];
  const output = placeFor(operands, shape, entry.result === 'bool' ? 'bool' : compute, into);
  launch(entry, operands, parameters, compute, output);
  return output;
}

/** Computes an operator of several operands in their common dtype, or in the one given. */
export function runMany(
  entry: Computation & DTypeRule,
  operands: readonly Operand[],
  parameters: readonly (number | bigint)[] = none,
  into?: Tensor,
): Tensor {
  const compute = computedIn(entry, resultType(...operands));
  const shape = broadcastShapes(entry.name, ...operands.map(shapeOf));
  const output = placeFor(operands, shape, entry.result === 'bool' ? 'bool' : compute, into);
  launch(entry, operands, parameters, compute, output);
  return output;
}

const none: readonly number[] = [];

function shapeOfBoth(name: string, x: Operand, y: Operand): readonly number[] {
  if (!(x instanceof Tensor)) return shapeOf(y);
  if (!(y instanceof Tensor) || sameSizes(x.shape, y.shape)) return x.shape;
  return broadcastShapes(name, x.shape, y.shape);
}

/** Computes `output` in the dtype `compute`; the operands are broadcast to its shape. */
export function launch(
  entry: Computation,
  operands: readonly Operand[],
  parameters: readonly (number | bigint)[],
  compute: DType,
  output: Tensor,
): void {
  const { shape } = output;
  for (let d = 0; d < shape.length; d++) if (shape[d] === 0) return;
  const { engine } = entry;
  if (engine !== undefined && (compute !== 'float64' || !notInFloat64.has(engine))) {
    // A number behind the tensors is a parameter to the engine, which is cheaper (but for powers, where it looks at the exponent).
    const last = operands[operands.length - 1]!;
    const trailing = operands.length === 2 && !(last instanceof Tensor) && engine !== 'pow';
    const count = trailing ? 1 : operands.length;
    const inputs = new Array<ElementwiseInput>(count);
    for (let i = 0; i < count; i++) inputs[i] = inputOf(operands[i]!, shape);
    const call = {
      op: engine,
      inputs,
      output: sliceOf(output),
      shape,
      parameters: trailing ? [numberOf(last), ...parameters] : parameters,
      dtype: compute,
    };
    if (divisions.has(engine)) refusingZeros(entry.name, () => elementwise(call));
    else elementwise(call);
  } else if (entry.formula !== undefined) {
    launchFormula(entry, operands, parameters, compute, output);
  } else {
    runPlain(entry, operands, parameters, compute, output);
  }
}

/** Runs a division; the engine's error about a divisor of zero becomes the operator's. */
function refusingZeros(name: string, divide: () => void): void {
  try {
    divide();
  } catch (error) {
    if (error instanceof DivisionByZeroError) fail(name, 'ZeroDivisionError');
    throw error;
  }
}

/** An operand as the engine takes it. */
function inputOf(operand: Operand, shape: readonly number[]): ElementwiseInput {
  if (operand instanceof Tensor) return broadcastSlice(operand, shape);
  return numberOf(operand);
}

function numberOf(value: Scalar): number | bigint {
  return typeof value === 'boolean' ? Number(value) : value;
}

/** A tensor as the engine takes it, read under a larger shape. */
function broadcastSlice(tensor: Tensor, shape: readonly number[]): TypedSlice {
  if (sameSizes(tensor.shape, shape)) return sliceOf(tensor);
  const { storage, offset, dtype } = sliceOf(tensor);
  return { storage, offset, dtype, strides: broadcastStrides(tensor.shape, tensor.strides, shape) };
}

/** Expressions of formulas by which operands are numbers, as bits: the engine analyses a list once while it is the same object. */
const expressions = new WeakMap<object, (readonly Expression[])[]>();

function launchFormula(
  entry: Computation,
  operands: readonly Operand[],
  parameters: readonly (number | bigint)[],
  compute: DType,
  output: Tensor,
): void {
  const { shape } = output;
  const inputs: TypedSlice[] = [];
  const values: (number | bigint)[] = [];
  let bits = 0;
  for (let i = 0; i < operands.length; i++) {
    const operand = operands[i]!;
    if (operand instanceof Tensor) inputs.push(broadcastSlice(operand, shape));
    else {
      bits |= 1 << i;
      values.push(numberOf(operand));
    }
  }
  const formula = entry.formula!;
  let lists = expressions.get(formula);
  if (lists === undefined) {
    lists = [];
    expressions.set(formula, lists);
  }
  let list = lists[bits];
  if (list === undefined) {
    list = [expressionOf(formula, bits, operands.length, parameters.length)];
    lists[bits] = list;
  }
  fusedElementwise({
    expressions: list,
    inputs,
    outputs: [sliceOf(output)],
    shape,
    parameters: parameters.length === 0 ? values : [...values, ...parameters],
    dtype: compute,
  });
}

function expressionOf(
  formula: (...args: Expression[]) => Expression,
  bits: number,
  operands: number,
  parameters: number,
): Expression {
  let [input, parameter] = [0, 0];
  const args: Expression[] = [];
  for (let i = 0; i < operands; i++) {
    args.push((bits >> i) & 1 ? { parameter: parameter++ } : { input: input++ });
  }
  for (let i = 0; i < parameters; i++) args.push({ parameter: parameter++ });
  return formula(...args);
}

/** 16-bit floats are computed in float32 and rounded once. */
export function computeDType(dtype: DType): DType {
  return dtypeInfo(dtype).codec === undefined ? dtype : 'float32';
}

/** The shape of an operand; numbers are 0-dim. */
export function shapeOf(operand: Operand): readonly number[] {
  return operand instanceof Tensor ? operand.shape : none;
}

/** An operand as a tensor: derivatives call methods. */
export function asTensor(operand: Operand, like: Tensor): Tensor {
  return operand instanceof Tensor ? operand : like.newFull([], operand);
}

/** An operator of one tensor. */
export type UnaryOperator = (x: Tensor) => Tensor;
/** An operator of two tensors or numbers that are broadcast to one shape and promoted to one dtype. */
export type BinaryOperator = (x: Operand, y: Operand) => Tensor;

/** As {@link BinaryOperator}, where PyTorch takes no numbers. */
export type TensorBinaryOperator = (x: Tensor, y: Tensor) => Tensor;
/** As {@link BinaryOperator}, where only the second operand may be a number. */
export type TensorFirstOperator = (x: Tensor, y: Operand) => Tensor;

/** Makes the operator of a table entry. Canonical: (x). */
export function unaryOperator(entry: UnaryEntry): UnaryOperator {
  const { derivative, backwardName } = entry;
  return defineOperator({
    name: entry.name,
    normalize: (x: Tensor): [Tensor] => {
      if (!(x instanceof Tensor)) checkTensor(entry.name, 'input', x);
      return [x];
    },
    forward: (x: Tensor) => runUnary(entry, x),
    forwardInto: (output: Tensor, x: Tensor) => runUnary(entry, x, [], output),
    ...(entry.constant || entry.result === 'bool' || entry.result === 'intOnly' ? { constant: true } : {}),
    ...(derivative === undefined ? {} : { derivatives: [derivative] }),
    ...(backwardName === undefined ? {} : { backwardName }),
  });
}

/** Makes the operator of a table entry. Canonical: (x, y). */
export function binaryOperator(entry: BinaryEntry): BinaryOperator {
  const { derivatives, backwardName } = entry;
  return defineOperator({
    name: entry.name,
    normalize: (x: Operand, y: Operand): [Operand, Operand] => {
      checkOperands(entry, x, y);
      return [x, y];
    },
    forward: (x: Operand, y: Operand) => runBinary(entry, x, y),
    forwardInto: (output: Tensor, x: Operand, y: Operand) => runBinary(entry, x, y, none, output),
    ...(entry.constant || entry.result === 'bool' || entry.result === 'intOnly' ? { constant: true } : {}),
    ...(derivatives === undefined ? {} : { derivatives }),
    ...(backwardName === undefined ? {} : { backwardName }),
  });
}

/** Refuses what is neither a tensor nor a number, and numbers where PyTorch takes none. */
export function checkOperands(
  { name, numbers = 'both' }: Pick<BinaryEntry, 'name' | 'numbers'>,
  x: Operand,
  y: Operand,
): void {
  const [first, second] = [x instanceof Tensor, y instanceof Tensor];
  if (first && second) return;
  if (!first && (!isScalar(x) || numbers === 'none' || numbers === 'second')) {
    checkTensor(name, 'input', x);
  }
  if (!second && (!isScalar(y) || numbers === 'none' || (numbers === 'either' && !first))) {
    fail(name, `argument 'other' (position 2) must be Tensor, not ${describe(y)}`);
  }
}

function isScalar(value: unknown): boolean {
  return typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint';
}

/** A value as Python names its type. */
function describe(value: unknown): string {
  if (typeof value === 'number') return Number.isInteger(value) ? 'int' : 'float';
  if (typeof value === 'bigint') return 'int';
  if (typeof value === 'boolean') return 'bool';
  return value === null || value === undefined ? 'NoneType' : typeof value;
}
