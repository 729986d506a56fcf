/**
 * Finds out which sizes depend on dynamic dimensions: the model is traced a second time with other sizes, and
 * what differs between the two runs is dynamic. No operator needs a rule of its own for that.
 */
import { Tensor } from '@sconce/tensor';
import { OnnxError } from '../errors.ts';
import { type Trace, tensorsIn } from './trace.ts';

/** A size in both runs. */
export interface Size {
  readonly first: number;
  readonly second: number;
}

/** A named dynamic dimension of an input. */
export interface DynamicDimension {
  readonly name: string;
  readonly input: string;
  readonly axis: number;
  readonly size: Size;
}

/** Per input name and axis, the name of a dynamic dimension. */
export type DynamicAxes = Readonly<Record<string, Readonly<Record<number, string>>>>;

export const isDynamic = (size: Size): boolean => size.first !== size.second;

/** Factors by which dimensions grow in the second run, one per name, so that a size tells which it came from. */
const FACTORS = [2, 3, 5, 7, 11, 13];

/** Finds the dynamic dimensions of the inputs; equal names are one dimension. */
export function dynamicDimensions(
  names: readonly string[],
  inputs: readonly Tensor[],
  axes: DynamicAxes,
): DynamicDimension[] {
  const problems: string[] = [];
  const factors = new Map<string, number>();
  const found: DynamicDimension[] = [];
  for (const [input, byAxis] of Object.entries(axes)) {
    const tensor = inputs[names.indexOf(input)];
    if (tensor === undefined) {
      problems.push(`dynamicAxes: expected names of inputs (${names.join(', ')}), got '${input}'`);
      continue;
    }
    for (const [key, name] of Object.entries(byAxis)) {
      const axis = Number(key) < 0 ? Number(key) + tensor.ndim : Number(key);
      const first = tensor.shape[axis];
      if (first === undefined || first === 0) {
        problems.push(
          `dynamicAxes: input '${input}' of shape [${tensor.shape.join(', ')}] has no dimension ${key} to vary`,
        );
        continue;
      }
      const factor = factors.get(name) ?? FACTORS[factors.size];
      if (factor === undefined) problems.push(`dynamicAxes: expected at most ${FACTORS.length} names`);
      else {
        factors.set(name, factor);
        found.push({ name, input, axis, size: { first, second: first * factor } });
      }
    }
  }
  for (const { name, size } of found)
    if (found.some((other) => other.name === name && other.size.first !== size.first))
      problems.push(`dynamicAxes: dimension '${name}' has different sizes in the example inputs`);
  if (problems.length > 0) throw new OnnxError(problems);
  return found;
}

/** The example inputs, repeated along their dynamic dimensions. */
export function enlarge(
  names: readonly string[],
  inputs: readonly Tensor[],
  dimensions: readonly DynamicDimension[],
): Tensor[] {
  return inputs.map((tensor, index) => {
    const repeats = tensor.shape.map(() => 1);
    for (const { input, axis, size } of dimensions)
      if (input === names[index]) repeats[axis] = size.second / size.first;
    return repeats.every((count) => count === 1) ? tensor : tensor.tile(repeats);
  });
}

/** Knows every tensor's sizes in both runs. */
export class Sizes {
  readonly #second = new Map<Tensor, Tensor>();

  /** Throws an {@link OnnxError} when the runs did not call the same operators. */
  constructor(first: Trace, second: Trace | undefined, pairs: readonly (readonly [Tensor, Tensor])[]) {
    if (second === undefined) return;
    for (const [a, b] of pairs) this.#second.set(a, b);
    const count = Math.max(first.calls.length, second.calls.length);
    for (let index = 0; index < count; index++) {
      const [a, b] = [first.calls[index], second.calls[index]];
      if (a?.operator !== b?.operator)
        throw new OnnxError(
          `dynamicAxes: with other sizes the model calls other operators (call ${index}: ${a?.operator ?? 'none'} and ${b?.operator ?? 'none'}); a graph cannot hold both ways`,
        );
      const left = tensorsIn([a!.args, a!.result]);
      const right = tensorsIn([b!.args, b!.result]);
      for (const [place, tensor] of left.entries()) this.#second.set(tensor, right[place]!);
    }
  }

  /** The tensor that stands in the same place in the second run. */
  counterpart(tensor: Tensor): Tensor | undefined {
    return this.#second.get(tensor);
  }

  /** A tensor's shape in both runs. */
  of(tensor: Tensor): Size[] {
    const other = this.#second.get(tensor)?.shape ?? tensor.shape;
    return tensor.shape.map((first, axis) => ({ first, second: other[axis] ?? first }));
  }
}

/** Whether two lists of arguments are the same but for their tensors. */
export function sameArguments(a: unknown, b: unknown): boolean {
  if (a instanceof Tensor || b instanceof Tensor) return a instanceof Tensor && b instanceof Tensor;
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((value, index) => sameArguments(value, b[index]));
  if (typeof a === 'object' && typeof b === 'object' && a !== null && b !== null) {
    const keys = Object.keys(a);
    return (
      keys.length === Object.keys(b).length &&
      keys.every((key) =>
        sameArguments((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]),
      )
    );
  }
  return Object.is(a, b);
}
