/**
 * Local response normalization as Lua Torch had it, which `torch.nn.CrossMapLRN2d` still computes: windows of channels
 * that grow at the start and do not quite shrink again. It has a gradient of its own, as there.
 */
import { autograd, cat, type Tensor } from '@sconce/tensor';

class CrossMapLRN2d extends autograd.Function {
  static forward(
    context: autograd.FunctionContext,
    x: Tensor,
    size: number,
    alpha: number,
    beta: number,
    k: number,
  ): Tensor {
    if (x.ndim !== 4) {
      throw new TypeError(`CrossMapLRN2d: Expected input to be 4D, got ${x.ndim}D instead.`);
    }
    const scale = windowSums(x.mul(x), size)
      .mul(alpha / size)
      .add(k);
    const output = scale.pow(-beta).mul(x);
    context.saveForBackward(x, output, scale);
    Object.assign(context, { size, alpha, beta });
    return output;
  }

  static backward(context: autograd.FunctionContext, grad: Tensor): (Tensor | null)[] {
    const [x, output, scale] = context.savedTensors as [Tensor, Tensor, Tensor];
    const { size, alpha, beta } = context as unknown as Factors;
    const channels = x.shape[1]!;
    const before = Math.min(Math.floor(size - (size - 1) / 2), size - 1);
    const ratios = grad.mul(output).div(scale);
    const padded = ratios.pad([0, 0, 0, 0, before, size - 1 - before]);
    let sum = padded.narrow(1, 0, channels);
    for (let shift = 1; shift < size; shift++) sum = sum.add(padded.narrow(1, shift, channels));
    const own = scale.pow(-beta).mul(grad);
    return [own.sub(x.mul(sum).mul((2 * alpha * beta) / size)), null, null, null, null];
  }
}

/** What the gradient needs to know besides tensors. */
interface Factors {
  readonly size: number;
  readonly alpha: number;
  readonly beta: number;
}

/** For each channel the sum of its window. */
function windowSums(squares: Tensor, size: number): Tensor {
  const channels = squares.shape[1]!;
  const reach = Math.floor((size - 1) / 2 + 1);
  const square = (channel: number): Tensor => squares.narrow(1, channel, 1);
  let current = squares.narrow(1, 0, Math.min(reach, channels)).sum(1, true);
  const sums = [current];
  for (let c = 1; c < channels; c++) {
    if (c < channels - reach + 1) current = current.add(square(c + reach - 1));
    // The channel that has just left the window stays in it once more at `c === reach`, in PyTorch too.
    if (c > reach) current = current.sub(square(c - reach));
    sums.push(current);
  }
  return cat(sums, 1);
}

/** {@link windowSums} of squares, times alpha / size, plus k, to the power of -beta, times x, of [N, C, H, W]. */
export function crossMapLrn2d(x: Tensor, size: number, alpha: number, beta: number, k: number): Tensor {
  return CrossMapLRN2d.apply(x, size, alpha, beta, k);
}
