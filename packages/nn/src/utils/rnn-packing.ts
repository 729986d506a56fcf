/** Between padded and packed sequences, and lists of sequences. */
import { bindArguments, full, Tensor, tensor } from '@sconce/tensor';
import { PackedSequence } from './rnn-packed-sequence.ts';
import { padSequence } from './rnn-padding.ts';

/** Options of {@link packPaddedSequence}. */
export interface PackPaddedOptions {
  /** Whether the input is [batch, time, ...] instead of [time, batch, ...] (default false). */
  readonly batchFirst?: boolean;
  /** Whether sequences must come by decreasing length (default true); else they are sorted, and remember their places. */
  readonly enforceSorted?: boolean;
}

/** Options of {@link padPackedSequence}. */
export interface PadPackedOptions {
  /** Whether the result is [batch, time, ...] instead of [time, batch, ...] (default false). */
  readonly batchFirst?: boolean;
  /** What stands behind the end of a sequence (default 0). */
  readonly paddingValue?: number;
  /** Number of steps of the result; that of the longest sequence unless given. */
  readonly totalLength?: number | null;
}

/**
 * Packs padded sequences of [time, batch, ...] (`torch.nn.utils.rnn.pack_padded_sequence`).
 *
 * @param lengths of each sequence, in the order of the batch
 * @throws {RangeError} for lengths that are not positive, too many or few, too long, or not sorted where they must be
 */
export function packPaddedSequence(
  input: Tensor,
  lengths: Tensor | readonly number[],
  ...options: [PackPaddedOptions] | [batchFirst?: boolean, enforceSorted?: boolean]
): PackedSequence {
  const { batchFirst = false, enforceSorted = true } = bindArguments<PackPaddedOptions>(
    'packPaddedSequence',
    ['batchFirst', 'enforceSorted'],
    options,
  );
  const given = numbersOf(lengths);
  if (input.numel() === 0) throw new RangeError('Cannot pack empty tensors.');
  const [time, batch] = batchFirst ? [input.shape[1]!, input.shape[0]!] : [input.shape[0]!, input.shape[1]!];
  checkLengths(given, time, batch);
  const order = given.map((_, i) => i);
  if (!enforceSorted) order.sort((a, b) => given[b]! - given[a]!);
  const sorted = order.map((i) => given[i]!);
  if (sorted.some((length, i) => i > 0 && length > sorted[i - 1]!)) {
    throw new RangeError(
      '`lengths` array must be sorted in decreasing order when `enforce_sorted` is True. You can pass `enforce_sorted=False` to pack_padded_sequence and/or pack_sequence to sidestep this requirement if you do not need ONNX exportability.',
    );
  }
  const batchSizes = Array.from(
    { length: sorted[0]! },
    (_, t) => sorted.filter((length) => length > t).length,
  );
  const places = batchSizes.flatMap((size, t) =>
    order.slice(0, size).map((b) => (batchFirst ? b * time + t : t * batch + b)),
  );
  const rows = input.reshape([time * batch, ...input.shape.slice(2)]);
  return new PackedSequence(
    rows.indexSelect(0, indices(places)),
    indices(batchSizes),
    enforceSorted ? null : indices(order),
  );
}

function checkLengths(lengths: readonly number[], time: number, batch: number): void {
  if (lengths.length !== batch) {
    throw new RangeError(
      `Expected \`len(lengths)\` to be equal to batch_size, but got ${lengths.length} (batch_size=${batch})`,
    );
  }
  if (lengths.some((length) => !(length > 0))) {
    throw new RangeError(
      "Length of all samples has to be greater than 0, but found an element in 'lengths' that is <= 0",
    );
  }
  const longest = Math.max(...lengths);
  if (longest > time)
    throw new RangeError(`Expected lengths of at most ${time}, the input's steps, got ${longest}`);
}

/**
 * Undoes {@link packPaddedSequence}: the padded sequences and their lengths
 * (`torch.nn.utils.rnn.pad_packed_sequence`), in the order in which they were before they were sorted.
 *
 * @throws {RangeError} when `totalLength` is less than the longest sequence has
 */
export function padPackedSequence(
  sequence: PackedSequence,
  ...options: [PadPackedOptions] | [batchFirst?: boolean, paddingValue?: number, totalLength?: number | null]
): [padded: Tensor, lengths: Tensor] {
  const {
    batchFirst = false,
    paddingValue = 0,
    totalLength = null,
  } = bindArguments<PadPackedOptions>(
    'padPackedSequence',
    ['batchFirst', 'paddingValue', 'totalLength'],
    options,
  );
  const { data, unsortedIndices } = sequence;
  const batchSizes = numbersOf(sequence.batchSizes);
  const time = totalLength ?? batchSizes.length;
  if (time < batchSizes.length) {
    throw new RangeError(
      `Expected total_length to be at least the length of the longest sequence in input, but got total_length=${time} and max sequence length being ${batchSizes.length}`,
    );
  }
  const batch = batchSizes[0] ?? 0;
  const from =
    unsortedIndices === null ? Array.from({ length: batch }, (_, b) => b) : numbersOf(unsortedIndices);
  const to: number[] = [];
  for (const [b, packed] of from.entries()) to[packed] = b;
  const places = batchSizes.flatMap((size, t) =>
    to.slice(0, size).map((b) => (batchFirst ? b * time + t : t * batch + b)),
  );
  const rest = data.shape.slice(1);
  const padded = full([time * batch, ...rest], paddingValue, { dtype: data.dtype }).indexCopy(
    0,
    indices(places),
    data,
  );
  const lengths = from.map((packed) => batchSizes.filter((size) => size > packed).length);
  return [padded.reshape([...(batchFirst ? [batch, time] : [time, batch]), ...rest]), indices(lengths)];
}

/**
 * Packs a list of sequences of [time, ...] (`torch.nn.utils.rnn.pack_sequence`).
 *
 * @throws {RangeError} as {@link packPaddedSequence} does
 */
export function packSequence(
  sequences: readonly Tensor[],
  ...options: [Pick<PackPaddedOptions, 'enforceSorted'>] | [enforceSorted?: boolean]
): PackedSequence {
  const { enforceSorted = true } = bindArguments<Pick<PackPaddedOptions, 'enforceSorted'>>(
    'packSequence',
    ['enforceSorted'],
    options,
  );
  const lengths = sequences.map((sequence) => sequence.shape[0]!);
  return packPaddedSequence(padSequence(sequences), lengths, { enforceSorted });
}

/** Undoes {@link packSequence} (`torch.nn.utils.rnn.unpack_sequence`). */
export function unpackSequence(packed: PackedSequence): Tensor[] {
  const [padded, lengths] = padPackedSequence(packed, { batchFirst: true });
  return unpadSequence(padded, lengths, { batchFirst: true });
}

/** Options of {@link unpadSequence}. */
export interface UnpadOptions {
  /** Whether the input is [batch, time, ...] instead of [time, batch, ...] (default false). */
  readonly batchFirst?: boolean;
}

/**
 * The sequences without their padding (`torch.nn.utils.rnn.unpad_sequence`).
 *
 * @throws {RangeError} when there is not a length for each sequence
 */
export function unpadSequence(
  paddedSequences: Tensor,
  lengths: Tensor | readonly number[],
  ...options: [UnpadOptions] | [batchFirst?: boolean]
): Tensor[] {
  const { batchFirst = false } = bindArguments<UnpadOptions>('unpadSequence', ['batchFirst'], options);
  const given = numbersOf(lengths);
  const batch = paddedSequences.shape[batchFirst ? 0 : 1]!;
  const time = paddedSequences.shape[batchFirst ? 1 : 0]!;
  if (given.length !== batch) {
    throw new RangeError(`Expected a length for each of ${batch} sequences, got ${given.length}`);
  }
  return given.map((length, b) =>
    paddedSequences
      .select(batchFirst ? 0 : 1, b)
      .narrow(0, 0, Math.min(Math.max(length, 0), time))
      .clone(),
  );
}

/** Whole numbers of a 1-D tensor or a list. */
function numbersOf(values: Tensor | readonly number[]): readonly number[] {
  if (!(values instanceof Tensor)) return values;
  if (values.ndim !== 1) {
    throw new TypeError(
      `'lengths' argument should be a 1D CPU int64 tensor, but got ${values.ndim}D cpu ${values.dtype} tensor`,
    );
  }
  return (values.tolist() as (number | bigint)[]).map(Number);
}

/** An int64 tensor. */
function indices(values: readonly number[]): Tensor {
  return tensor(values as number[], { dtype: 'int64' });
}
