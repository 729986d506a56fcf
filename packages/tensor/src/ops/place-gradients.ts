/** The gradients of scatterReduce and indexReduce, which differ only in how places are named. */
import type { Derivative } from '../autograd/derivative.ts';
import type { Tensor } from '../tensor.ts';
import type { PlaceReduction } from './along-core.ts';

type Canonical = [
  x: Tensor,
  dim: number,
  index: Tensor,
  source: Tensor,
  reduce: PlaceReduction,
  options: { readonly includeSelf: boolean },
];

/** What the gradients are made of. */
export interface PlaceOperators {
  /** The operator itself, with another first argument or source. */
  readonly reduce: (
    x: Tensor,
    args: Canonical,
    other: { readonly self?: Tensor; readonly from?: Tensor },
  ) => Tensor;
  /** x with a source added at the places. */
  readonly add: (x: Tensor, args: Canonical, source: Tensor) => Tensor;
  /** The elements of x at the places. */
  readonly pick: (x: Tensor, args: Canonical) => Tensor;
  /** x with zeros at the places. */
  readonly clear: (x: Tensor, args: Canonical) => Tensor;
}

/** Derivatives with respect to the tensor and the source (PyTorch's `scatter_reduce_backward`). */
export function reductionGradients(
  operators: PlaceOperators,
): readonly (Derivative<Canonical, Tensor> | null)[] {
  const { reduce: again, add, pick, clear } = operators;
  const reads = [0, 2, 3, 'result'] as const;
  return [
    {
      reads,
      of: (grad, args, result) => {
        const own = gradientOfSelf(grad, args, result);
        return args[5].includeSelf ? own : clear(own, args);
      },
    },
    null,
    null,
    {
      reads,
      of: (grad, args, result) => {
        const [, , , source, reduce] = args;
        if (reduce === 'sum') return pick(grad, args);
        if (reduce === 'mean') return pick(grad.div(counts(grad, args)), args);
        if (reduce === 'prod') return gradientOfFactors(operators, grad, args, result);
        const taken = source.eq(pick(result, args)).to(grad.dtype);
        return taken.mul(pick(grad.div(shares(grad, args, result)), args));
      },
    },
  ];

  function gradientOfSelf(grad: Tensor, args: Canonical, result: Tensor): Tensor {
    const [x, , , , reduce] = args;
    if (reduce === 'sum') return grad;
    if (reduce === 'mean') return grad.div(counts(grad, args));
    if (reduce === 'prod') {
      const masked = x.maskedFill(x.eq(0), 1);
      return grad.mul(again(x, args, { self: masked })).div(masked);
    }
    const taken = x.eq(result).to(grad.dtype);
    return taken.mul(grad.div(shares(grad, args, result)));
  }

  /** How many elements went into each place, at least 1. */
  function counts(grad: Tensor, args: Canonical): Tensor {
    const start = grad.newFull(grad.shape, args[5].includeSelf ? 1 : 0);
    const count = add(start, args, grad.newOnes(args[3].shape));
    return count.maskedFill(count.eq(0), 1);
  }

  /** How many equal extrema share a place's gradient. */
  function shares(grad: Tensor, args: Canonical, result: Tensor): Tensor {
    const [x, , , source] = args;
    return add(x.eq(result).to(grad.dtype), args, source.eq(pick(result, args)).to(grad.dtype));
  }
}

function gradientOfFactors(
  { reduce: again, add, pick }: PlaceOperators,
  grad: Tensor,
  args: Canonical,
  result: Tensor,
): Tensor {
  const [x, , , source] = args;
  const zero = source.eq(0);
  const zeros = pick(add(x.newZeros(x.shape), args, zero.to(x.dtype)), args);
  // Where one factor of a place is zero, only that one has a slope: the product of the others.
  const single = zero.logicalAnd(zeros.eq(1));
  const others = again(x, args, { from: source.maskedFill(single, 1) });
  const usual = pick(grad.mul(result), args).div(source.maskedFill(zero, 1));
  return pick(grad.mul(others), args).where(single, usual);
}
