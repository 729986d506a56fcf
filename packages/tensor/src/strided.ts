/** Walks several strided operands of one shape together, row by row, after merging dimensions that lie side by side. */

/** Called for each innermost row: the offset of every operand, the row's length, and every operand's step in it. */
export type RowBody = (offsets: readonly number[], length: number, steps: readonly number[]) => void;

/** One operand: where its first element lies, and its stride for every dimension of the common shape. */
export interface StridedOperand {
  readonly offset: number;
  readonly strides: readonly number[];
}

/** Calls `body` for each innermost row in row-major order. The `offsets` array is reused between calls. */
export function forEachRow(
  shape: readonly number[],
  operands: readonly StridedOperand[],
  body: RowBody,
): void {
  if (shape.includes(0)) return;
  const merged = mergeDimensions(shape, operands);
  const rank = merged.sizes.length;
  const length = merged.sizes[rank - 1]!;
  const steps = merged.strides.map((strides) => strides[rank - 1]!);
  const offsets = operands.map((operand) => operand.offset);
  const counter = new Array<number>(rank).fill(0);
  for (;;) {
    body(offsets, length, steps);
    let d = rank - 2;
    for (; d >= 0; d--) {
      counter[d]!++;
      for (let k = 0; k < offsets.length; k++) offsets[k]! += merged.strides[k]![d]!;
      if (counter[d]! < merged.sizes[d]!) break;
      for (let k = 0; k < offsets.length; k++) offsets[k]! -= merged.strides[k]![d]! * merged.sizes[d]!;
      counter[d] = 0;
    }
    if (d < 0) return;
  }
}

function mergeDimensions(
  shape: readonly number[],
  operands: readonly StridedOperand[],
): { sizes: number[]; strides: number[][] } {
  const sizes: number[] = [];
  const strides: number[][] = operands.map(() => []);
  shape.forEach((size, d) => {
    if (size === 1) return;
    const last = sizes.length - 1;
    const continues =
      last >= 0 && operands.every((operand, k) => strides[k]![last] === operand.strides[d]! * size);
    if (continues) {
      sizes[last]! *= size;
      operands.forEach((operand, k) => {
        strides[k]![last] = operand.strides[d]!;
      });
    } else {
      sizes.push(size);
      operands.forEach((operand, k) => {
        strides[k]!.push(operand.strides[d]!);
      });
    }
  });
  if (sizes.length === 0) {
    sizes.push(1);
    for (const list of strides) list.push(0);
  }
  return { sizes, strides };
}
