/** Convolution over sequences whose first dimension is time. */
import { conv1d, type Tensor } from '@sconce/tensor';

/**
 * Convolution of [time, batch, inChannels] with a weight [kernel, inChannels, outChannels], to
 * [time, batch, outChannels] (`torch.nn.functional.conv_tbc`).
 */
export function convTbc(x: Tensor, weight: Tensor, bias: Tensor, pad: number = 0): Tensor {
  const y = conv1d(x.permute([1, 2, 0]), weight.permute([2, 1, 0]), bias, { padding: pad });
  return y.permute([2, 0, 1]);
}
