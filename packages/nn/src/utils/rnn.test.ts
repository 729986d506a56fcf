import { autograd, randn, type Tensor, tensor, zeros } from '@sconce/tensor';
import { fixtureJson } from '@sconce/testing';
import { describe, expect, it } from 'vitest';
import { firstBitDifference, readTensors } from '../testing/fixtures.ts';
import {
  PackedSequence,
  packPaddedSequence,
  packSequence,
  padPackedSequence,
  padSequence,
  unpackSequence,
  unpadSequence,
} from './rnn.ts';

interface SequencesCase {
  readonly sequences: readonly string[];
  readonly batchFirst: boolean;
  readonly enforceSorted: boolean;
  readonly right: string;
  readonly left: string;
  readonly packed: readonly (string | null)[];
  readonly printed: string;
  readonly again: string;
  readonly lengths: string;
}

const { sequences } = fixtureJson<{ sequences: readonly SequencesCase[] }>('recurrent/recurrent.json');
const tensors = readTensors('recurrent/recurrent.safetensors');

function expectSame(actual: Tensor | null, name: string | null): void {
  if (name === null) expect(actual).toBe(null);
  else expect(firstBitDifference(actual!, tensors(name))).toBe('');
}

describe('sequences of different lengths are packed and padded as in PyTorch', () => {
  it.each(sequences.map((one, i) => [`${i}, batch ${one.batchFirst ? 'first' : 'second'}`, one] as const))(
    'list %s',
    (_, one) => {
      const list = one.sequences.map(tensors);
      const { batchFirst, enforceSorted } = one;
      expectSame(padSequence(list, batchFirst, 1.5), one.right);
      expectSame(padSequence(list, { batchFirst, paddingValue: 1.5, paddingSide: 'left' }), one.left);
      const packed = packSequence(list, { enforceSorted });
      for (const [i, part] of [...packed].entries()) expectSame(part, one.packed[i]!);
      expect(String(packed)).toBe(one.printed);
      const totalLength = Math.max(...list.map((sequence) => sequence.shape[0]!)) + 1;
      const [again, lengths] = padPackedSequence(packed, { batchFirst, paddingValue: 0.5, totalLength });
      expectSame(again, one.again);
      expectSame(lengths, one.lengths);
      const unpacked = unpackSequence(packed);
      expect(unpacked.length).toBe(list.length);
      for (const [i, sequence] of unpacked.entries()) expectSame(sequence, one.sequences[i]!);
      const unpadded = unpadSequence(again, lengths, batchFirst);
      for (const [i, sequence] of unpadded.entries()) expectSame(sequence, one.sequences[i]!);
    },
  );

  it('passes gradients through packing and padding', () => {
    const inputs = [2, 4, 1].map((length) => randn([length, 3], { dtype: 'float64' }).requiresGrad_());
    const roundTrip = (...list: Tensor[]): Tensor =>
      padPackedSequence(packSequence(list, false), true, 0.5)[0];
    expect(autograd.gradcheck(roundTrip, inputs)).toBe(true);
  });

  it('takes lengths as a tensor, and a tensor as a list of sequences', () => {
    const x = randn([2, 3, 1]);
    const packed = packPaddedSequence(x, tensor([2n, 1n, 1n]));
    expect(packed.batchSizes.tolist()).toEqual([3, 1]);
    expect(padSequence(x, true).equal(x)).toBe(true);
  });

  it('converts the data of packed sequences alone', () => {
    const packed = packSequence([zeros([2]), zeros([3])], false);
    const double = packed.double();
    expect([double.data.dtype, double.batchSizes.dtype]).toEqual(['float64', 'int64']);
    expect(packed.float()).toBe(packed);
    expect(double).toBeInstanceOf(PackedSequence);
  });

  it('refuses what PyTorch refuses, in its words', () => {
    const x = zeros([2, 3, 5]);
    expect(() => packPaddedSequence(x, [1, 2, 2])).toThrow('must be sorted in decreasing order');
    expect(() => packPaddedSequence(x, [2, 2])).toThrow('but got 2 (batch_size=3)');
    expect(() => packPaddedSequence(x, [2, 2, 0])).toThrow('has to be greater than 0');
    expect(() => packPaddedSequence(x, [3, 2, 2])).toThrow('Expected lengths of at most 2');
    expect(() => packPaddedSequence(zeros([0, 3]), [1, 1, 1])).toThrow('Cannot pack empty tensors.');
    expect(() => packPaddedSequence(x, tensor([[2n, 2n, 1n]]))).toThrow('should be a 1D CPU int64 tensor');
    expect(() => padPackedSequence(packPaddedSequence(x, [2, 2, 1]), { totalLength: 1 })).toThrow(
      'got total_length=1 and max sequence length being 2',
    );
    expect(() => padSequence([])).toThrow('received an empty list of sequences');
    expect(() => padSequence([zeros([2, 3]), zeros([3, 4])])).toThrow(
      'The size of tensor a (3) must match the size of tensor b (4) at non-singleton dimension 1',
    );
    expect(() => padSequence([x], { paddingSide: 'lft' as 'left' })).toThrow(
      'Expected padding_side to be one of left or right, but got lft.',
    );
    expect(() => packSequence([zeros([2]), zeros([3])])).toThrow('must be sorted in decreasing order');
  });
});
