/** Matrix products of groups of rows, each with a matrix of its own. */
import { bmm, cat, type DType, stack, type Tensor } from '@sconce/tensor';
import { refuse } from './refuse.ts';

/** Options of {@link groupedMm}. */
export interface GroupedMmOptions {
  /** Ends of the groups along the dimension of a 2-dimensional operand that they share: int32 [groups]. */
  readonly offs?: Tensor | null;
  /** Added to the result, broadcast. */
  readonly bias?: Tensor | null;
  /** The result's dtype: that of the operands by default. */
  readonly outDtype?: DType | null;
}

/**
 * Products of groups (`torch.nn.functional.grouped_mm`): of [rows, K] and [groups, K, N], where `offs` divides the rows;
 * of [groups, M, K] and [K, columns], where it divides the columns; of [M, K] and [K, N], where it divides K and the
 * result is [groups, M, N]; or of two stacks of matrices. Rows and columns behind the last offset give zeros.
 */
export function groupedMm(a: Tensor, b: Tensor, options: GroupedMmOptions = {}): Tensor {
  const { offs = null, bias = null, outDtype = null } = options;
  const fail = (problem: string): never => refuse('groupedMm', problem);
  for (const [name, x] of [['mat_a', a] as const, ['mat_b', b] as const]) {
    if (x.ndim !== 2 && x.ndim !== 3) fail(`${name} has to be 2 or 3d`);
  }
  if (a.shape.at(-1) !== b.shape.at(-2)) fail('contraction dimension of mat_a and mat_b must match');
  if ((offs === null) !== (a.ndim === 3 && b.ndim === 3)) {
    fail('Have to provide offsets if there is a 2d matrix, or no offset if both matrices are 3d');
  }
  const product = offs === null ? bmm(a, b) : productsOf(a, b, endsOf(offs));
  const sum = bias === null ? product : product.add(bias);
  return outDtype === null ? sum : sum.to(outDtype);
}

function endsOf(offs: Tensor): number[] {
  if (offs.ndim !== 1 || offs.dtype !== 'int32') refuse('groupedMm', 'Offsets have to be int32');
  return Array.from(offs.toTypedArray() as Int32Array);
}

function productsOf(a: Tensor, b: Tensor, ends: readonly number[]): Tensor {
  const groups = ends.map((end, i): readonly [start: number, length: number] => {
    const start = ends[i - 1] ?? 0;
    return [start, end - start];
  });
  if (a.ndim === 2 && b.ndim === 2) {
    return stack(
      groups.map(([start, length]) => a.narrow(1, start, length).matmul(b.narrow(0, start, length))),
    );
  }
  const dim = a.ndim === 2 ? 0 : 1;
  const parts = groups.map(([start, length], i) =>
    dim === 0
      ? a.narrow(0, start, length).matmul(b.select(0, i))
      : a.select(0, i).matmul(b.narrow(1, start, length)),
  );
  const total = dim === 0 ? (a.shape[0] as number) : (b.shape[1] as number);
  const left = total - (ends.at(-1) ?? 0);
  if (left > 0) {
    const shape = dim === 0 ? [left, b.shape[2] as number] : [a.shape[1] as number, left];
    parts.push(a.newZeros(shape));
  }
  return cat(parts, dim);
}
