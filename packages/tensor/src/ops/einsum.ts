/** Einstein's summation: sums of products of operands whose dimensions have names. */
import { checkTensor } from '../arguments.ts';
import { defineOperator } from '../dispatcher.ts';
import { fail, showSizes } from '../errors.ts';
import { diagonal } from '../linalg/triangles.ts';
import { numelOf } from '../shape.ts';
import { Tensor } from '../tensor.ts';

/** Names of an operand's dimensions, as numbers; `'...'` stands for all that have no name. */
export type Subscripts = readonly (number | '...')[];

/** Signature of {@link einsum}. */
export interface EinsumFunction {
  /** `einsum('bij,bjk->bik', a, b)`; the operands may also come as one list. */
  (equation: string, ...operands: readonly Tensor[] | readonly [readonly Tensor[]]): Tensor;
  /** `einsum(a, [0, 1, 2], b, [0, 2, 3], [0, 1, 3])`: dimensions named by numbers 0 to 51, the output's at the end. */
  (operand: Tensor, subscripts: Subscripts, ...rest: readonly (Tensor | Subscripts)[]): Tensor;
}

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** What each operand's and the output's dimensions are called; undefined: the output is implied. */
interface Equation {
  readonly inputs: readonly Subscripts[];
  readonly output: Subscripts | undefined;
}

/**
 * The sum over all dimensions that the output does not name of the operands' product (PyTorch's `einsum`). A name
 * that one operand has twice stands for a diagonal; sizes of 1 are broadcast. Canonical: (operands, equation).
 */
export const einsum: EinsumFunction = defineOperator({
  name: 'einsum',
  normalize: (...args: unknown[]): [readonly Tensor[], Equation] => {
    const [first] = args;
    if (typeof first === 'string') {
      const list = Array.isArray(args[1]) ? (args[1] as unknown[]) : args.slice(1);
      return checked(list, parse(first));
    }
    const operands = args.filter((arg) => arg instanceof Tensor);
    const lists = args.filter((arg): arg is Subscripts => Array.isArray(arg));
    const output = lists.length > operands.length ? lists.at(-1) : undefined;
    return checked(operands, { inputs: lists.slice(0, operands.length), output });
  },
  forward: (operands: readonly Tensor[], equation: Equation) => contract(operands, equation),
  composite: true,
});

function checked(operands: readonly unknown[], equation: Equation): [readonly Tensor[], Equation] {
  if (operands.length === 0) fail('einsum', 'einsum(): at least one operand must be provided');
  operands.forEach((operand, i) => {
    checkTensor('einsum', `operand ${i}`, operand);
  });
  const { inputs } = equation;
  if (inputs.length < operands.length) {
    fail('einsum', 'einsum(): more operands were provided than specified in the equation');
  }
  if (inputs.length > operands.length) {
    fail('einsum', 'einsum(): fewer operands were provided than specified in the equation');
  }
  return [operands as readonly Tensor[], equation];
}

function parse(equation: string): Equation {
  const [left, right, ...more] = equation.split('->');
  if (more.length > 0) fail('einsum', "einsum(): the equation has more than one '->'", undefined, equation);
  return {
    inputs: left!.split(',').map((part, i) => subscriptsOf(part, `for operand ${i}`)),
    output: right === undefined ? undefined : subscriptsOf(right, 'for the output'),
  };
}

function subscriptsOf(text: string, where: string): Subscripts {
  const parts = text.replaceAll(' ', '').split('...');
  if (parts.length > 2) {
    fail('einsum', `einsum(): found '.' ${where} for which an ellipsis was already found`);
  }
  return parts.flatMap((part, i) => {
    const names = Array.from(part, (letter): number | '...' => {
      const name = LETTERS.indexOf(letter);
      if (letter === '.') {
        fail('einsum', `einsum(): found '.' ${where} that is not part of any ellipsis`);
      }
      if (name < 0) {
        fail(
          'einsum',
          `einsum(): invalid subscript given at index 0 in the equation string, subscripts must be in [a-zA-Z], got '${letter}' ${where}`,
        );
      }
      return name;
    });
    return i === 0 ? names : (['...', ...names] as const);
  });
}

function nameOf(subscript: number): string {
  return LETTERS[subscript] ?? String(subscript);
}

/** One place of the space of all named dimensions: a name, or a dimension an ellipsis stands for (from the end). */
type Axis = string;

function axesOf(subscripts: Subscripts, unnamed: number): Axis[] {
  return subscripts.flatMap((subscript) =>
    subscript === '...'
      ? Array.from({ length: unnamed }, (_, i) => `...${unnamed - i}`)
      : [nameOf(subscript)],
  );
}

function contract(operands: readonly Tensor[], { inputs, output }: Equation): Tensor {
  const unnamed = operands.map((operand, i) => {
    const subscripts = inputs[i]!;
    const named = subscripts.filter((subscript) => subscript !== '...').length;
    if (subscripts.includes('...') ? named > operand.ndim : named !== operand.ndim) {
      const why = subscripts.includes('...') ? 'is more than' : 'does not match';
      fail(
        'einsum',
        `einsum(): the number of subscripts in the equation (${named}) ${why} the number of dimensions (${operand.ndim}) for operand ${i}${subscripts.includes('...') ? '' : ' and no ellipsis was given'}`,
      );
    }
    return operand.ndim - named;
  });
  const axes = inputs.map((subscripts, i) => axesOf(subscripts, unnamed[i]!));
  const sizes = sizesOf(operands, axes);
  const out = outputAxes(axes, output, Math.max(0, ...unnamed));
  for (const axis of out) {
    if (!sizes.has(axis)) {
      fail(
        'einsum',
        `einsum(): output subscript ${axis} does not appear in the equation for any input operand`,
      );
    }
  }
  const order = [...out, ...[...sizes.keys()].filter((axis) => !out.includes(axis))];
  const aligned = operands.map((operand, i) => align(operand, axes[i]!, order));
  // An axis is summed with the last operand that has it.
  const last = order.map((axis) => axes.findLastIndex((own) => own.includes(axis)));
  const summedAt = (i: number): number[] =>
    order.flatMap((_, d) => (d >= out.length && last[d] === i ? [d] : []));
  let result = aligned[0]!;
  const alone = summedAt(0);
  if (alone.length > 0) result = result.sum(alone, true);
  for (let i = 1; i < aligned.length; i++) result = pairProduct(result, aligned[i]!, summedAt(i));
  return result.reshape(result.shape.slice(0, out.length));
}

/** The size of every axis; those of 1 are broadcast. */
function sizesOf(operands: readonly Tensor[], axes: readonly (readonly Axis[])[]): Map<Axis, number> {
  const sizes = new Map<Axis, number>();
  operands.forEach((operand, i) => {
    const seen = new Map<Axis, number>();
    axes[i]!.forEach((axis, d) => {
      const size = operand.shape[d]!;
      const before = sizes.get(axis) ?? 1;
      if (seen.has(axis) && seen.get(axis) !== size) {
        fail(
          'einsum',
          `einsum(): subscript ${axis} is repeated for operand ${i} but the sizes don't match, ${size} != ${seen.get(axis)}`,
        );
      }
      seen.set(axis, size);
      if (before !== 1 && size !== 1 && size !== before) {
        fail(
          'einsum',
          `einsum(): subscript ${axis} has size ${size} for operand ${i} which does not broadcast with previously seen size ${before}; operands do not broadcast with remapped shapes [original->remapped]: ${operands.map(({ shape }) => showSizes(shape)).join(' ')}`,
        );
      }
      sizes.set(axis, before === 1 ? size : before);
    });
  });
  return sizes;
}

/** The output's axes; if they are implied: what an ellipsis stands for, then names that occur once, sorted. */
function outputAxes(
  axes: readonly (readonly Axis[])[],
  output: Subscripts | undefined,
  unnamed: number,
): readonly Axis[] {
  if (output === undefined) {
    const all = axes.flat().filter((axis) => !axis.startsWith('...'));
    const once = all.filter((axis) => all.filter((other) => other === axis).length === 1);
    const byLetter = (a: Axis, b: Axis): number => LETTERS.indexOf(a) - LETTERS.indexOf(b);
    return [...axesOf(['...'], unnamed), ...once.sort(byLetter)];
  }
  const out = axesOf(output, unnamed);
  const twice = out.find((axis, i) => out.indexOf(axis) !== i);
  if (twice !== undefined) {
    fail('einsum', `einsum(): output subscript ${twice} appears more than once in the output`);
  }
  return out;
}

/** The operand under all axes in one order: diagonals for repeated names, size 1 for names it does not have. */
function align(operand: Tensor, axes: readonly Axis[], order: readonly Axis[]): Tensor {
  let result = operand;
  const own = [...axes];
  for (let d = 0; d < own.length; d++) {
    for (let other = own.indexOf(own[d]!, d + 1); other >= 0; other = own.indexOf(own[d]!, d + 1)) {
      result = diagonal(result, { dim1: d, dim2: other });
      const [axis] = own.splice(d, 1) as [Axis];
      own.splice(other - 1, 1);
      own.push(axis);
    }
  }
  const present = order.filter((axis) => own.includes(axis));
  const turned = result.permute(present.map((axis) => own.indexOf(axis)));
  return turned.reshape(order.map((axis) => (own.includes(axis) ? turned.shape[present.indexOf(axis)]! : 1)));
}

/** The product of two operands under the same axes, summed over some of them, by one batched matrix product. */
function pairProduct(a: Tensor, b: Tensor, summed: readonly number[]): Tensor {
  const alone = (x: Tensor, other: Tensor): number[] =>
    summed.filter((d) => x.shape[d] !== 1 && other.shape[d] === 1);
  const [aloneA, aloneB] = [alone(a, b), alone(b, a)];
  const left = aloneA.length > 0 ? a.sum(aloneA, true) : a;
  const right = aloneB.length > 0 ? b.sum(aloneB, true) : b;
  const dims = [...left.shape.keys()];
  const both = dims.filter((d) => !summed.includes(d) && left.shape[d] !== 1 && right.shape[d] !== 1);
  const onlyA = dims.filter((d) => !summed.includes(d) && left.shape[d] !== 1 && right.shape[d] === 1);
  const onlyB = dims.filter((d) => !summed.includes(d) && left.shape[d] === 1);
  const sizes = (x: Tensor, list: readonly number[]): number[] => list.map((d) => x.shape[d]!);
  const batch = sizes(left, both);
  const [rows, columns] = [sizes(left, onlyA), sizes(right, onlyB)];
  const inner = numelOf(sizes(left, summed));
  const product = left
    .permute([...both, ...onlyA, ...summed, ...onlyB])
    .reshape(numelOf(batch), numelOf(rows), inner)
    .bmm(
      right
        .permute([...both, ...summed, ...onlyB, ...onlyA])
        .reshape(numelOf(batch), inner, numelOf(columns)),
    );
  const order = [...both, ...onlyA, ...onlyB, ...summed];
  const shaped = product.reshape([...batch, ...rows, ...columns, ...summed.map(() => 1)]);
  return shaped.permute(dims.map((d) => order.indexOf(d)));
}
