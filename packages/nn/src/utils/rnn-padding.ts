/** Sequences of different lengths in one tensor, padded. */
import { bindArguments, cat, full, Tensor, tensor } from '@sconce/tensor';

/** Options of {@link padSequence}. */
export interface PadSequenceOptions {
  /** Whether the result is [batch, time, ...] instead of [time, batch, ...] (default false). */
  readonly batchFirst?: boolean;
  /** What stands where a sequence has no step (default 0). */
  readonly paddingValue?: number;
  /** Whether that is behind its end or in front of its beginning (default `'right'`). */
  readonly paddingSide?: 'right' | 'left';
}

/**
 * Stacks sequences of [time, ...], padded to the length of the longest one (`torch.nn.utils.rnn.pad_sequence`).
 *
 * @param sequences a list, or a tensor whose first dimension it is
 * @throws {TypeError} for no sequences, or a side that is not one
 * @throws {RangeError} for sequences whose other sizes differ
 */
export function padSequence(
  sequences: Tensor | readonly Tensor[],
  ...options:
    | [PadSequenceOptions]
    | [batchFirst?: boolean, paddingValue?: number, paddingSide?: 'right' | 'left']
): Tensor {
  const {
    batchFirst = false,
    paddingValue = 0,
    paddingSide = 'right',
  } = bindArguments<PadSequenceOptions>(
    'padSequence',
    ['batchFirst', 'paddingValue', 'paddingSide'],
    options,
  );
  if (!(sequences instanceof Tensor) && !Array.isArray(sequences)) {
    throw new TypeError(
      `pad_sequence: Expected iterable for input sequences, but got arg of type: ${typeof sequences}`,
    );
  }
  const list: readonly Tensor[] = sequences instanceof Tensor ? sequences.unbind(0) : sequences;
  if (paddingSide !== 'left' && paddingSide !== 'right') {
    throw new TypeError(`Expected padding_side to be one of left or right, but got ${paddingSide}.`);
  }
  const [first] = list;
  if (first === undefined) throw new TypeError('received an empty list of sequences');
  for (const sequence of list) {
    if (sequence.ndim === 0) throw new TypeError('pad_sequence: a sequence must have a dimension of steps');
  }
  const rest = first.shape.slice(1);
  const rows = list.map((sequence) => {
    const own = sequence.shape.slice(1);
    const differs = own.length === rest.length ? own.findIndex((size, d) => size !== rest[d]) : 0;
    if (own.length !== rest.length || differs >= 0) {
      throw new RangeError(
        `The size of tensor a (${rest[differs] ?? 'none'}) must match the size of tensor b (${own[differs] ?? 'none'}) at non-singleton dimension ${differs + 1}`,
      );
    }
    return sequence.to(first.dtype);
  });
  const batch = list.length;
  const time = Math.max(...list.map((sequence) => sequence.shape[0]!));
  const places = list.flatMap((sequence, b) => {
    const length = sequence.shape[0]!;
    const start = paddingSide === 'left' ? time - length : 0;
    return Array.from({ length }, (_, t) => (batchFirst ? b * time + start + t : (start + t) * batch + b));
  });
  return full([time * batch, ...rest], paddingValue, { dtype: first.dtype })
    .indexCopy(0, tensor(places, { dtype: 'int64' }), cat(rows))
    .reshape([...(batchFirst ? [batch, time] : [time, batch]), ...rest]);
}
