/** In-place forms of dropout: the tensor itself is multiplied by the mask. */
import type * as kinds from './dropout.ts';
import { channelMask, type DropoutOperator, dropoutOperator, maskLike } from './dropout-core.ts';

/** In-place form of {@link kinds.dropout}. */
export const dropout_: DropoutOperator = dropoutOperator({
  name: 'dropout_',
  maskOf: maskLike,
  inPlace: true,
});
/** In-place form of {@link kinds.dropout1d}. */
export const dropout1d_: DropoutOperator = dropoutOperator({
  name: 'dropout1d_',
  maskOf: channelMask('dropout1d'),
  ranks: [2, 3],
  inPlace: true,
});
/** In-place form of {@link kinds.dropout2d}. */
export const dropout2d_: DropoutOperator = dropoutOperator({
  name: 'dropout2d_',
  maskOf: channelMask('dropout2d'),
  inPlace: true,
});
/** In-place form of {@link kinds.dropout3d}. */
export const dropout3d_: DropoutOperator = dropoutOperator({
  name: 'dropout3d_',
  maskOf: channelMask('dropout3d'),
  ranks: [4, 5],
  inPlace: true,
});
/** In-place form of {@link kinds.alphaDropout}. */
export const alphaDropout_: DropoutOperator = dropoutOperator({
  name: 'alphaDropout_',
  maskOf: maskLike,
  alpha: true,
  inPlace: true,
});
/** In-place form of {@link kinds.featureAlphaDropout}. */
export const featureAlphaDropout_: DropoutOperator = dropoutOperator({
  name: 'featureAlphaDropout_',
  maskOf: channelMask('featureAlphaDropout'),
  alpha: true,
  inPlace: true,
});
