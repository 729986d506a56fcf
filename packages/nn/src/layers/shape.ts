/** Layers that rearrange elements without computing. */
import type { Tensor } from '@sconce/tensor';
import { channelShuffle, pixelShuffle, pixelUnshuffle } from '../functional/index.ts';
import { type LayerArguments, readArguments } from '../module/arguments.ts';
import { Module } from '../module/module.ts';
import { pythonText } from '../module/python-text.ts';

/** Arguments of `Flatten` by name. */
export interface FlattenOptions {
  /** Default 1. */
  startDim?: number;
  /** Default -1: the last one. */
  endDim?: number;
}

const flattenNames = ['startDim', 'endDim'] as const;
const flattenDefaults = { startDim: 1, endDim: -1 };

/** Makes one dimension of several (`torch.nn.Flatten`). */
export class Flatten extends Module {
  static override readonly className: string = 'Flatten';

  readonly startDim: number;
  readonly endDim: number;

  constructor(
    ...args: LayerArguments<
      [startDim: number | undefined, endDim: number | undefined],
      typeof flattenNames,
      FlattenOptions
    >
  ) {
    super();
    const options = readArguments<FlattenOptions>('Flatten', flattenNames, flattenDefaults, args);
    this.startDim = options.startDim;
    this.endDim = options.endDim;
  }

  override forward(x: Tensor): Tensor {
    return x.flatten(this.startDim, this.endDim);
  }

  override extraRepr(): string {
    return `start_dim=${this.startDim}, end_dim=${this.endDim}`;
  }
}

/** Arguments of `Unflatten` by name. */
export interface UnflattenOptions {
  dim: number;
  /** One size may be -1: what remains. */
  unflattenedSize: readonly number[];
}

const unflattenNames = ['dim', 'unflattenedSize'] as const;

/** Makes several dimensions of one (`torch.nn.Unflatten`). */
export class Unflatten extends Module {
  static override readonly className: string = 'Unflatten';

  readonly dim: number;
  readonly unflattenedSize: readonly number[];

  constructor(
    ...args: LayerArguments<
      [dim: number, unflattenedSize: readonly number[]],
      typeof unflattenNames,
      UnflattenOptions
    >
  ) {
    super();
    const options = readArguments<UnflattenOptions>('Unflatten', unflattenNames, {}, args);
    this.dim = options.dim;
    this.unflattenedSize = [...options.unflattenedSize];
  }

  override forward(x: Tensor): Tensor {
    return x.unflatten(this.dim, this.unflattenedSize);
  }

  override extraRepr(): string {
    return `dim=${this.dim}, unflattened_size=${pythonText(this.unflattenedSize)}`;
  }
}

/** Arguments of `PixelShuffle` by name. */
export interface PixelShuffleOptions {
  /** Factor by which height and width grow. */
  upscaleFactor: number;
}

const shuffleNames = ['upscaleFactor'] as const;

/** Channels to pixels: [*, C * r², H, W] to [*, C, H * r, W * r] (`torch.nn.PixelShuffle`). */
export class PixelShuffle extends Module {
  static override readonly className: string = 'PixelShuffle';

  readonly upscaleFactor: number;

  constructor(...args: LayerArguments<[upscaleFactor: number], typeof shuffleNames, PixelShuffleOptions>) {
    super();
    this.upscaleFactor = readArguments<PixelShuffleOptions>(
      'PixelShuffle',
      shuffleNames,
      {},
      args,
    ).upscaleFactor;
  }

  override forward(x: Tensor): Tensor {
    return pixelShuffle(x, this.upscaleFactor);
  }

  override extraRepr(): string {
    return `upscale_factor=${this.upscaleFactor}`;
  }
}

/** Arguments of `PixelUnshuffle` by name. */
export interface PixelUnshuffleOptions {
  /** Factor by which height and width shrink. */
  downscaleFactor: number;
}

const unshuffleNames = ['downscaleFactor'] as const;

/** Pixels to channels: [*, C, H * r, W * r] to [*, C * r², H, W] (`torch.nn.PixelUnshuffle`). */
export class PixelUnshuffle extends Module {
  static override readonly className: string = 'PixelUnshuffle';

  readonly downscaleFactor: number;

  constructor(
    ...args: LayerArguments<[downscaleFactor: number], typeof unshuffleNames, PixelUnshuffleOptions>
  ) {
    super();
    this.downscaleFactor = readArguments<PixelUnshuffleOptions>(
      'PixelUnshuffle',
      unshuffleNames,
      {},
      args,
    ).downscaleFactor;
  }

  override forward(x: Tensor): Tensor {
    return pixelUnshuffle(x, this.downscaleFactor);
  }

  override extraRepr(): string {
    return `downscale_factor=${this.downscaleFactor}`;
  }
}

/** Arguments of `ChannelShuffle` by name. */
export interface ChannelShuffleOptions {
  /** Number of groups that the channels are in. */
  groups: number;
}

const groupNames = ['groups'] as const;

/** Interleaves the channels of groups in [N, C, *] (`torch.nn.ChannelShuffle`). */
export class ChannelShuffle extends Module {
  static override readonly className: string = 'ChannelShuffle';

  readonly groups: number;

  constructor(...args: LayerArguments<[groups: number], typeof groupNames, ChannelShuffleOptions>) {
    super();
    this.groups = readArguments<ChannelShuffleOptions>('ChannelShuffle', groupNames, {}, args).groups;
  }

  override forward(x: Tensor): Tensor {
    return channelShuffle(x, this.groups);
  }

  override extraRepr(): string {
    return `groups=${this.groups}`;
  }
}
