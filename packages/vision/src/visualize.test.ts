import { arange, ones, type Tensor, tensor, zeros } from '@sconce/tensor';
import { describe, expect, test } from 'vitest';
import {
  createImage,
  type HookedModel,
  type HookedModule,
  type Image,
  VisionError,
  visualizeFeatureMaps,
  visualizeKernels,
} from './index.ts';

const pixel = ({ data, width }: Image, x: number, y: number): number[] => [
  ...data.subarray((y * width + x) * 3, (y * width + x) * 3 + 3),
];

describe('visualizeKernels', () => {
  test('shows single weights from blue over white to red, a row a filter', () => {
    const weight = tensor([
      [[[-2]], [[0]]],
      [[[1]], [[0.5]]],
    ]);
    const picture = visualizeKernels({ weight }, { scale: 4, title: '' });
    // Margins of 8 pixels, tiles of 4 and gaps of 2.
    expect([picture.width, picture.height, picture.channels]).toEqual([8 + 4 + 2 + 4 + 8, 26, 3]);
    expect([
      pixel(picture, 9, 9),
      pixel(picture, 15, 9),
      pixel(picture, 9, 15),
      pixel(picture, 15, 15),
    ]).toEqual([
      [33, 102, 172],
      [247, 247, 247],
      [178, 24, 43],
      [213, 136, 145],
    ]);
  });

  test('shows three channels as colours, grey where a weight is 0', () => {
    const weight = tensor([[[[1, 0]], [[0, 0]], [[0, -1]]]]);
    const picture = visualizeKernels(weight, { scale: 1, title: '' });
    expect([pixel(picture, 8, 8), pixel(picture, 9, 8)]).toEqual([
      [255, 128, 128],
      [128, 128, 0],
    ]);
  });

  test('shows a part of many, below a title that says so', () => {
    const picture = visualizeKernels(ones([100, 40, 1, 1]), { maxFilters: 3, maxChannels: 2, scale: 1 });
    expect(picture.height).toBe(26 + 3 * 3 - 2 + 8);
    // The title is wider than the tiles, and drawn.
    const drawn = Array.from({ length: 18 }, (_, y) => pixel(picture, 9, y)).filter(([red]) => red! > 100);
    expect(drawn.length).toBeGreaterThan(0);
  });

  test('refuses what is no convolution', () => {
    const refused = [ones([2, 2]), ones([1, 1, 1, 1]).to('int64'), { weight: null }, zeros([0, 1, 1, 1])];
    for (const layer of refused) expect(() => visualizeKernels(layer)).toThrow(VisionError);
    expect(() => visualizeKernels(ones([1, 1, 1, 1]), { maxFilters: 0 })).toThrow(
      'visualizeKernels: expected a positive integer for maxFilters, got 0',
    );
  });
});

/** A model in the form that modules have: `double` doubles, `sum` gives no map. */
function fakeModel(): HookedModel & { readonly removed: () => number } {
  type Hook = (module: unknown, inputs: unknown, output: unknown) => unknown;
  const hooks = new Map<string, Hook>();
  let removed = 0;
  const part = (path: string): HookedModule => ({
    training: true,
    registerForwardHook: (hook: Hook) => {
      hooks.set(path, hook);
      return {
        remove: () => {
          removed += 1;
        },
      };
    },
  });
  const [double, sum] = [part('double'), part('sum')];
  const model = (x: Tensor): void => {
    expect((model as unknown as HookedModule).training).toBe(false);
    const output = x.mul(2);
    hooks.get('double')?.(double, [x], output);
    hooks.get('sum')?.(sum, [x], output.sum());
    output.zero_();
  };
  return Object.assign(model, {
    ...part(''),
    getSubmodule: (path: string) => ({ double, sum })[path] ?? part(path),
    modules: () => [model as unknown as HookedModule, double, sum],
    eval: () => {
      Object.assign(model, { training: false });
    },
    training: true,
    removed: () => removed,
  });
}

describe('visualizeFeatureMaps', () => {
  const viridis = { low: [71, 1, 85], high: [254, 233, 38] };
  const near = (got: number[], wanted: number[]): void =>
    got.forEach((value, i) => {
      expect(Math.abs(value - wanted[i]!)).toBeLessThan(8);
    });

  test('shows what a layer gave before others changed it, each channel over its own range', () => {
    const model = fakeModel();
    const picture = visualizeFeatureMaps(
      model,
      arange(8, { dtype: 'float32' }).reshape([2, 2, 2]),
      'double',
      { title: '' },
    );
    const [left, top] = [8, 8];
    near(pixel(picture, left, top), viridis.low);
    near(pixel(picture, left + 71, top + 71), viridis.high);
    const second = picture.width - 8 - 72;
    near(pixel(picture, second, top), viridis.low);
    expect([model.training, model.removed()]).toEqual([true, 1]);
  });

  test('takes images and several layers, and one range for a layer', () => {
    const image = createImage(2, 1, 1, Uint8Array.of(0, 255));
    const [first, ...more] = visualizeFeatureMaps(fakeModel(), image, ['double'], {
      range: 'layer',
      title: '',
    });
    expect(more).toEqual([]);
    near(pixel(first!, 8, 8), viridis.low);
    near(pixel(first!, first!.width - 9, 8), viridis.high);
  });

  test('says when a layer is not reached or gives no maps', () => {
    const model = fakeModel();
    expect(() => visualizeFeatureMaps(model, ones([1, 1, 2, 2]), 'sum')).toThrow(
      'expected sum to give a tensor [1, channels, height, width], got []',
    );
    expect(() => visualizeFeatureMaps(model, ones([1, 1, 2, 2]), 'other')).toThrow(
      'got nothing, the model does not call it',
    );
  });
});
