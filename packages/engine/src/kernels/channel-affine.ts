// The affine map of each channel, which is what batch normalisation is once its statistics are known.

import { checkSizes } from '../operands.ts';
import type { ChannelAffineParameters } from '../types.ts';
import { launchElementwise } from './elementwise.ts';

/**
 * `y = activation(x * scale[channel] + shift[channel])` over `[batch, channels, inner]`. `y` may be `x`.
 *
 * @throws EngineError when a size is invalid or a slice too small.
 */
export function channelAffine(p: ChannelAffineParameters): void {
  const { batch, channels, inner } = p;
  checkSizes('channelAffine', { batch, channels, inner });
  const dense = [channels * inner, inner, 1];
  const perChannel = [0, 1, 0];
  launchElementwise('channelAffine', 'fma', {
    shape: [batch, channels, inner],
    inputs: [
      { ...p.x, strides: dense },
      { ...p.scale, strides: perChannel },
      { ...p.shift, strides: perChannel },
    ],
    output: { ...p.y, strides: dense },
    ...(p.activation && { activation: p.activation }),
  });
}
