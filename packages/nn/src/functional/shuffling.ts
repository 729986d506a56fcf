/** Moving elements between channels and places. */
import { bindArguments, type Tensor } from '@sconce/tensor';
import { refuse } from './refuse.ts';

/** The inverse of `pixelShuffle`: [*, C, H * r, W * r] to [*, C * r * r, H, W] (`torch.nn.functional.pixel_unshuffle`). */
export function pixelUnshuffle(
  x: Tensor,
  ...rest: [downscaleFactor: number | { readonly downscaleFactor: number }]
): Tensor {
  const { downscaleFactor: r } = bindArguments<{ downscaleFactor: number }>(
    'pixelUnshuffle',
    ['downscaleFactor'],
    rest,
  );
  if (r === undefined || !Number.isInteger(r) || r < 1) {
    refuse('pixelUnshuffle', `pixel_unshuffle expects a positive downscale_factor, but got ${r}`);
  }
  if (x.ndim < 3) {
    refuse(
      'pixelUnshuffle',
      `pixel_unshuffle expects input to have at least 3 dimensions, but got input with ${x.ndim} dimension(s)`,
    );
  }
  const [channels = 0, height = 0, width = 0] = x.shape.slice(-3);
  for (const [name, dim, size] of [['height', -2, height] as const, ['width', -1, width] as const]) {
    if (size % r === 0) continue;
    refuse(
      'pixelUnshuffle',
      `pixel_unshuffle expects ${name} to be divisible by downscale_factor, but input.size(${dim})=${size} is not divisible by ${r}`,
    );
  }
  const outer = x.shape.slice(0, -3);
  const n = outer.length;
  return x
    .reshape([...outer, channels, height / r, r, width / r, r])
    .permute([...outer.keys(), n, n + 2, n + 4, n + 1, n + 3])
    .reshape([...outer, channels * r * r, height / r, width / r]);
}

/** Interleaves the channels of groups in [N, C, *] (`torch.nn.functional.channel_shuffle`). */
export function channelShuffle(x: Tensor, groups: number): Tensor {
  const [batch = 0, channels = 0, ...rest] = x.shape;
  if (x.ndim < 3 || channels % groups !== 0) {
    refuse(
      'channelShuffle',
      `Number of channels must be divisible by groups. Got ${channels} channels and ${groups} groups.`,
    );
  }
  return x
    .reshape([batch, groups, channels / groups, ...rest])
    .transpose(1, 2)
    .reshape([...x.shape]);
}

/** Another name of {@link channelShuffle} (`torch.nn.functional.native_channel_shuffle`). */
export const nativeChannelShuffle: typeof channelShuffle = channelShuffle;
