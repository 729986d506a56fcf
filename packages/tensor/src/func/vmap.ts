/** Batches of a function that knows of none. */
import { fail, showSizes } from '../errors.ts';
import { stack } from '../ops/joining.ts';
import { wrapDim } from '../shape.ts';
import { Tensor } from '../tensor.ts';

/** A dimension that is mapped over; null for none. */
export type BatchDims = number | null;

/** One dimension for all arguments, or one for each, which may be a list for a list of tensors. */
export type InDims = BatchDims | readonly InDims[];

/** What a mapped function gives: a tensor, or lists of them. */
export type MappedOutput = Tensor | readonly MappedOutput[];

/**
 * The function that applies `f` to every entry of its arguments along a dimension, and stacks the results
 * (`torch.vmap`). It calls `f` once per entry, with views of the arguments: it saves writing batches, not time, and random
 * numbers are drawn for each entry anew. Gradients pass through.
 *
 * @param inDims the dimension of each argument that is mapped over, null for one that every call gets whole
 * @param outDims where the results' new dimension stands; one for each output where there are several
 * @throws TensorError, from the function it returns, when sizes differ, nothing is mapped, or `f` gives no tensors
 *
 * @example
 * ```ts
 * const rowByRow = vmap(dot, [0, null]); // a matrix times a vector
 * ```
 */
export function vmap<Args extends readonly unknown[], Output extends MappedOutput>(
  f: (...args: Args) => Output,
  inDims: InDims = 0,
  outDims: number | readonly number[] = 0,
): (...args: Args) => Output {
  return (...args) => {
    const dims = Array.isArray(inDims) ? (inDims as readonly InDims[]) : args.map(() => inDims as BatchDims);
    if (dims.length !== args.length) {
      fail('vmap', 'inDims is not compatible with the arguments', `${args.length} entries`, `${dims.length}`);
    }
    const sizes = args.flatMap((arg, i) => sizesOf(arg, dims[i]!));
    const [size] = sizes;
    if (size === undefined) {
      return fail(
        'vmap',
        'at least one argument must be mapped over',
        'an entry of inDims that is not null',
        'none',
      );
    }
    if (sizes.some((other) => other !== size)) {
      fail(
        'vmap',
        `Expected all tensors to have the same size in the mapped dimension, got sizes ${showSizes(sizes)} for the mapped dimension`,
      );
    }
    if (size === 0) fail('vmap', 'the mapped dimension has no entries, and so the results have no shape');
    const results = Array.from({ length: size }, (_, entry) =>
      f(...(args.map((arg, i) => entryOf(arg, dims[i]!, entry)) as unknown as Args)),
    );
    // The results' lists are those that one call gives.
    return gather(results, outDims) as Output;
  };
}

function sizesOf(arg: unknown, dim: InDims): number[] {
  if (dim === null) return [];
  if (Array.isArray(arg)) return arg.flatMap((entry, i) => sizesOf(entry, inDimOf(dim, i)));
  if (!(arg instanceof Tensor)) return fail('vmap', 'cannot map over it', 'a tensor', typeof arg);
  if (typeof dim !== 'number') return fail('vmap', 'inDims is not compatible with the arguments');
  if (dim < -arg.ndim || dim >= arg.ndim) {
    fail(
      'vmap',
      `Got inDim=${dim} for some input, but that input is a Tensor of dimensionality ${arg.ndim} so expected inDim to satisfy ${-arg.ndim} <= inDim < ${arg.ndim}.`,
    );
  }
  return [arg.size(dim)];
}

function inDimOf(dim: InDims, index: number): InDims {
  return Array.isArray(dim) ? ((dim as readonly InDims[])[index] ?? null) : dim;
}

function entryOf(arg: unknown, dim: InDims, entry: number): unknown {
  if (dim === null) return arg;
  if (Array.isArray(arg)) return arg.map((part, i) => entryOf(part, inDimOf(dim, i), entry));
  return (arg as Tensor).select(dim as number, entry);
}

/** Stacks the results of all entries, list by list. */
function gather(results: readonly MappedOutput[], outDims: number | readonly number[]): MappedOutput {
  const [first] = results;
  if (first instanceof Tensor) {
    if (typeof outDims !== 'number')
      return fail('vmap', 'outDims is a list, but the function gives one tensor');
    return stack(results as readonly Tensor[], wrapDim('vmap', outDims, first.ndim + 1));
  }
  if (!Array.isArray(first))
    return fail('vmap', 'the function must only return tensors', 'tensors', typeof first);
  if (Array.isArray(outDims) && outDims.length !== first.length) {
    fail(
      'vmap',
      'outDims is not compatible with the outputs',
      `${first.length} entries`,
      `${outDims.length}`,
    );
  }
  return (first as readonly MappedOutput[]).map((_, i) =>
    gather(
      results.map((result) => (result as readonly MappedOutput[])[i]!),
      typeof outDims === 'number' ? outDims : outDims[i]!,
    ),
  );
}
