import { describe, expect, it } from 'vitest';
import * as nn from '../index.ts';

const make = (layerClass: unknown, ...args: unknown[]): nn.Module =>
  new (layerClass as new (...args: unknown[]) => nn.Module)(...args);

describe('constructor arguments', () => {
  it('may be positional, named, or both', () => {
    const forms = [
      new nn.Conv2d(3, 16, 3, 2, 1),
      new nn.Conv2d(3, 16, 3, { stride: 2, padding: 1 }),
      new nn.Conv2d(3, 16, 3, 2, { padding: 1 }),
      new nn.Conv2d(3, 16, { kernelSize: 3, stride: 2, padding: 1 }),
      new nn.Conv2d({ inChannels: 3, outChannels: 16, kernelSize: [3, 3], stride: 2, padding: [1, 1] }),
    ];
    expect(new Set(forms.map(String)).size).toBe(1);
  });

  it('that are undefined take the default', () => {
    expect(String(new nn.Conv2d(3, 16, 3, undefined, { padding: undefined }))).toBe(
      String(new nn.Conv2d(3, 16, 3)),
    );
  });

  it('that are missing, unknown, doubled or too many are refused in the words of Python', () => {
    expect(() => make(nn.Conv2d, 3)).toThrow(
      "Conv2d() missing 2 required arguments: 'outChannels', 'kernelSize'",
    );
    expect(() => make(nn.Linear, 3)).toThrow("Linear() missing 1 required argument: 'outFeatures'");
    expect(() => make(nn.Linear, 3, 4, { biass: true })).toThrow(
      "Linear() got an unexpected keyword argument 'biass', expected one of inFeatures, outFeatures, bias",
    );
    expect(() => make(nn.Linear, 3, 4, { inFeatures: 3 })).toThrow(
      "Linear() got multiple values for argument 'inFeatures'",
    );
    expect(() => make(nn.Flatten, 1, 2, 3)).toThrow(
      'Flatten() takes at most 2 positional arguments but 3 were given',
    );
  });

  it('that make no sense are refused', () => {
    expect(() => new nn.Conv2d(3, 4, 3, { groups: 2 })).toThrow('in_channels must be divisible by groups');
    expect(() => new nn.Conv2d(4, 3, 3, { groups: 2 })).toThrow('out_channels must be divisible by groups');
    expect(() => new nn.Conv2d(4, 4, 3, { groups: 0 })).toThrow('groups must be a positive integer');
    expect(() => new nn.Conv2d(4, 4, 3, { padding: 'same', stride: 2 })).toThrow(
      "padding='same' is not supported for strided convolutions",
    );
    expect(() => make(nn.Conv2d, 4, 4, 3, { padding: 'some' })).toThrow(
      "Invalid padding string 'some', should be one of {'valid', 'same'}",
    );
    expect(() => make(nn.Conv2d, 4, 4, [3, 3, 3])).toThrow(
      'Conv2d: kernelSize, expected an integer or 2 of them, got [3,3,3]',
    );
    expect(() => new nn.Dropout(1.5)).toThrow('dropout probability has to be between 0 and 1, but got 1.5');
    expect(() => new nn.Hardtanh(1, 1)).toThrow('max_val (1) must be greater than min_val (1)');
    expect(() => new nn.GroupNorm(2, 3)).toThrow('num_channels (3) must be divisible by num_groups (2)');
    expect(() => new nn.ConvTranspose2d(1, 1, 1, { paddingMode: 'reflect' })).toThrow(
      'Only "zeros" padding mode is supported for ConvTranspose2d',
    );
  });
});
