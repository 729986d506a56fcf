/** `nn.utils.rnn`: sequences of different lengths, padded and packed. */
export { invertPermutation, PackedSequence } from './rnn-packed-sequence.ts';
export {
  type PackPaddedOptions,
  type PadPackedOptions,
  packPaddedSequence,
  packSequence,
  padPackedSequence,
  type UnpadOptions,
  unpackSequence,
  unpadSequence,
} from './rnn-packing.ts';
export { type PadSequenceOptions, padSequence } from './rnn-padding.ts';
