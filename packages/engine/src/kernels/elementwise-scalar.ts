// Elementwise operations in plain TypeScript: sine and cosine, whose arguments may need a long reduction, and
// powers, whose accuracy needs more than float32. The host's Math computes them in float64.

import type { BinaryOp, UnaryOp } from '../types.ts';
import { overOuter, type StridedShape } from './strided.ts';

/** Operations computed here. */
export type ScalarOp = 'sin' | 'cos' | 'pow';

const functions: Record<ScalarOp, (x: number, y: number) => number> = {
  sin: Math.sin,
  cos: Math.cos,
  // C's pow: one to any power, and minus one to an infinite power, is one, where JavaScript says NaN.
  pow: (x, y) => (x === 1 || (x === -1 && Math.abs(y) === Number.POSITIVE_INFINITY) ? 1 : x ** y),
};

/** Whether an operation is computed here rather than in a kernel. */
export function isScalarOp(op: UnaryOp | BinaryOp): op is ScalarOp {
  return op in functions;
}

/** Computes over collapsed operands, the output first; `starts` are their first elements in `f32`. */
export function scalarElementwise(
  op: ScalarOp,
  f32: Float32Array,
  starts: readonly number[],
  collapsed: StridedShape,
  activate: (x: number) => number,
): void {
  const apply = functions[op];
  overOuter(collapsed, 1, (offsets, inner) => {
    const count = inner.shape[0]!;
    const [toStep, xStep, yStep = 0] = inner.strides.map((operand) => operand[0]!);
    let to = starts[0]! + offsets[0]!;
    let x = starts[1]! + offsets[1]!;
    let y = (starts[2] ?? 0) + (offsets[2] ?? 0);
    for (let i = 0; i < count; i++) {
      f32[to] = activate(Math.fround(apply(f32[x]!, f32[y]!)));
      to += toStep!;
      x += xStep!;
      y += yStep;
    }
  });
}
