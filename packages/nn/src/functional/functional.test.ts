import { ones, TensorError, tensor, zeros } from '@sconce/tensor';
import { describe, expect, it } from 'vitest';
import { functional as F, init } from '../index.ts';

describe('functional', () => {
  it('refuses shapes that do not fit in the words of PyTorch', () => {
    expect(() => F.groupNorm(zeros([1, 3, 4]), 2)).toThrow(TensorError);
    expect(() => F.groupNorm(zeros([1, 3, 4]), 2)).toThrow(
      'Expected number of channels in input to be divisible by num_groups, but got input of shape [1, 3, 4] and num_groups=2',
    );
    expect(() => F.pixelUnshuffle(zeros([1, 3, 3, 4]), 2)).toThrow(
      'pixel_unshuffle expects height to be divisible by downscale_factor, but input.size(-2)=3 is not divisible by 2',
    );
    expect(() => F.channelShuffle(zeros([1, 3, 3, 4]), 2)).toThrow(
      'Number of channels must be divisible by groups. Got 3 channels and 2 groups.',
    );
    expect(() => F.prelu(zeros([2, 4]), zeros([3]))).toThrow(
      'Mismatch of parameter numbers and input channel size. Found parameter numbers = 3 and channel size = 4.',
    );
    expect(() => F.dropout2d(zeros([3]))).toThrow(
      'Feature dropout requires at least 2 dimensions in the input',
    );
  });

  it('instance norm updates running statistics with the mean over the batch', () => {
    // torch.nn.functional.instance_norm(x, mean, var, use_input_stats=True, momentum=0.5) of PyTorch 2.13.
    const x = tensor([[[1, 3]], [[5, 9]]]);
    const [mean, variance] = [zeros([1]), ones([1])];
    const y = F.instanceNorm(x, mean, variance, null, null, { momentum: 0.5, eps: 0 });
    expect(y.tolist()).toEqual([[[-1, 1]], [[-1, 1]]]);
    expect([mean.tolist(), variance.tolist()]).toEqual([[2.25], [3]]);
  });
});

describe('init', () => {
  it('knows the gains of nonlinearities', () => {
    expect(init.calculateGain('relu')).toBe(Math.SQRT2);
    expect(init.calculateGain('tanh')).toBe(5 / 3);
    expect(init.calculateGain('leaky_relu')).toBeCloseTo(1.4141428569978354, 15);
    expect(() => init.calculateGain('sin' as 'relu')).toThrow('Unsupported nonlinearity sin');
  });

  it('needs two dimensions for fans', () => {
    expect(() => init.kaimingUniform_(zeros([3]))).toThrow(
      'Fan in and fan out can not be computed for tensor with fewer than 2 dimensions',
    );
  });
});
