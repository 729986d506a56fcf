/** `PackedSequence`: sequences of different lengths as the rows of all their steps, without padding. */
import { arange, type DType, type Tensor } from '@sconce/tensor';

/**
 * Sequences of different lengths, packed: the first steps of all sequences, the longest first, then the second steps, and so on
 * (`torch.nn.utils.rnn.PackedSequence`). Made by `packSequence` and `packPaddedSequence`; recurrent layers take and give it.
 */
export class PackedSequence {
  /** Rows of all steps. */
  readonly data: Tensor;
  /** How many sequences have each step (int64). */
  readonly batchSizes: Tensor;
  /** Where each packed sequence stood before it was sorted, or null. */
  readonly sortedIndices: Tensor | null;
  /** Where each sequence stands now: undoes `sortedIndices`, or null. */
  readonly unsortedIndices: Tensor | null;

  constructor(
    data: Tensor,
    batchSizes: Tensor,
    sortedIndices: Tensor | null = null,
    unsortedIndices: Tensor | null = invertPermutation(sortedIndices),
  ) {
    this.data = data;
    this.batchSizes = batchSizes;
    this.sortedIndices = sortedIndices;
    this.unsortedIndices = unsortedIndices ?? invertPermutation(sortedIndices);
  }

  /** The same with data of another dtype; itself if it has that dtype already. */
  to(dtype: DType): PackedSequence {
    const data = this.data.to(dtype);
    if (data === this.data) return this;
    return new PackedSequence(data, this.batchSizes, this.sortedIndices, this.unsortedIndices);
  }

  /** As float64. */
  double(): PackedSequence {
    return this.to('float64');
  }

  /** As float32. */
  float(): PackedSequence {
    return this.to('float32');
  }

  /** As float16. */
  half(): PackedSequence {
    return this.to('float16');
  }

  /** As int64. */
  long(): PackedSequence {
    return this.to('int64');
  }

  /** As int32. */
  int(): PackedSequence {
    return this.to('int32');
  }

  /** As int16. */
  short(): PackedSequence {
    return this.to('int16');
  }

  /** As int8. */
  char(): PackedSequence {
    return this.to('int8');
  }

  /** As uint8. */
  byte(): PackedSequence {
    return this.to('uint8');
  }

  /** The four fields in order, as the named tuple that it is in Python. */
  *[Symbol.iterator](): Generator<Tensor | null, void> {
    yield this.data;
    yield this.batchSizes;
    yield this.sortedIndices;
    yield this.unsortedIndices;
  }

  /** The text that Python prints. */
  toString(): string {
    const { data, batchSizes, sortedIndices, unsortedIndices } = this;
    const fields = [
      ['data', data],
      ['batch_sizes', batchSizes],
      ['sorted_indices', sortedIndices],
      ['unsorted_indices', unsortedIndices],
    ] as const;
    return `PackedSequence(${fields.map(([name, value]) => `${name}=${value === null ? 'None' : value}`).join(', ')})`;
  }
}

/** The permutation that undoes another one (`torch.nn.utils.rnn.invert_permutation`); null for null. */
export function invertPermutation(permutation: Tensor): Tensor;
export function invertPermutation(permutation: Tensor | null): Tensor | null;
export function invertPermutation(permutation: Tensor | null): Tensor | null {
  if (permutation === null) return null;
  const places = arange(permutation.numel()).to(permutation.dtype);
  return places.scatter(0, permutation, places);
}
