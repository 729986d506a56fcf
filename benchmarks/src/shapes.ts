// The unique layer shapes of well-known networks, batch 1, images of 224x224; networks as torchvision builds them.

/** `size` is the input's height and width; padding is half the kernel, none where the stride is the kernel. */
type ConvolutionLayer = readonly [
  kernel: number,
  stride: number,
  inChannels: number,
  outChannels: number,
  size: number,
];
/** One group a channel. */
type DepthwiseLayer = readonly [kernel: number, stride: number, channels: number, size: number];
/** `rows x inFeatures` times the transposed weight of `outFeatures x inFeatures`. */
export type LinearLayer = readonly [rows: number, inFeatures: number, outFeatures: number];
/** Maximum over windows; padding is half the kernel of an odd kernel, none for an even one. */
type MaxPoolLayer = readonly [kernel: number, stride: number, channels: number, size: number];
/** The mean of each channel. */
type GlobalPoolLayer = readonly [channels: number, size: number];

interface Layers {
  readonly convolution: ConvolutionLayer;
  readonly depthwise: DepthwiseLayer;
  readonly linear: LinearLayer;
  readonly maxPool: MaxPoolLayer;
  readonly globalPool: GlobalPoolLayer;
}

type Network = { readonly [Kind in keyof Layers]?: readonly Layers[Kind][] };

/** Each network under torchvision's name. */
const networks: Readonly<Record<string, Network>> = {
  resnet18: {
    convolution: [
      [7, 2, 3, 64, 224],
      [3, 1, 64, 64, 56],
      [3, 2, 64, 128, 56],
      [1, 2, 64, 128, 56],
      [3, 1, 128, 128, 28],
      [3, 2, 128, 256, 28],
      [1, 2, 128, 256, 28],
      [3, 1, 256, 256, 14],
      [3, 2, 256, 512, 14],
      [1, 2, 256, 512, 14],
      [3, 1, 512, 512, 7],
    ],
    linear: [[1, 512, 1000]],
    maxPool: [[3, 2, 64, 112]],
    globalPool: [[512, 7]],
  },
  resnet50: {
    convolution: [
      [7, 2, 3, 64, 224],
      [1, 1, 64, 64, 56],
      [3, 1, 64, 64, 56],
      [1, 1, 64, 256, 56],
      [1, 1, 256, 64, 56],
      [1, 1, 256, 128, 56],
      [3, 2, 128, 128, 56],
      [1, 1, 128, 512, 28],
      [1, 2, 256, 512, 56],
      [1, 1, 512, 128, 28],
      [3, 1, 128, 128, 28],
      [1, 1, 512, 256, 28],
      [3, 2, 256, 256, 28],
      [1, 1, 256, 1024, 14],
      [1, 2, 512, 1024, 28],
      [1, 1, 1024, 256, 14],
      [3, 1, 256, 256, 14],
      [1, 1, 1024, 512, 14],
      [3, 2, 512, 512, 14],
      [1, 1, 512, 2048, 7],
      [1, 2, 1024, 2048, 14],
      [1, 1, 2048, 512, 7],
      [3, 1, 512, 512, 7],
    ],
    linear: [[1, 2048, 1000]],
    maxPool: [[3, 2, 64, 112]],
    globalPool: [[2048, 7]],
  },
  vgg11: {
    convolution: [
      [3, 1, 3, 64, 224],
      [3, 1, 64, 128, 112],
      [3, 1, 128, 256, 56],
      [3, 1, 256, 256, 56],
      [3, 1, 256, 512, 28],
      [3, 1, 512, 512, 28],
      [3, 1, 512, 512, 14],
    ],
    linear: [
      [1, 25088, 4096],
      [1, 4096, 4096],
      [1, 4096, 1000],
    ],
    maxPool: [
      [2, 2, 64, 224],
      [2, 2, 128, 112],
      [2, 2, 256, 56],
      [2, 2, 512, 28],
      [2, 2, 512, 14],
    ],
  },
  mobilenet_v2: {
    convolution: [
      [3, 2, 3, 32, 224],
      [1, 1, 32, 16, 112],
      [1, 1, 16, 96, 112],
      [1, 1, 96, 24, 56],
      [1, 1, 24, 144, 56],
      [1, 1, 144, 24, 56],
      [1, 1, 144, 32, 28],
      [1, 1, 32, 192, 28],
      [1, 1, 192, 32, 28],
      [1, 1, 192, 64, 14],
      [1, 1, 64, 384, 14],
      [1, 1, 384, 64, 14],
      [1, 1, 384, 96, 14],
      [1, 1, 96, 576, 14],
      [1, 1, 576, 96, 14],
      [1, 1, 576, 160, 7],
      [1, 1, 160, 960, 7],
      [1, 1, 960, 160, 7],
      [1, 1, 960, 320, 7],
      [1, 1, 320, 1280, 7],
    ],
    depthwise: [
      [3, 1, 32, 112],
      [3, 2, 96, 112],
      [3, 1, 144, 56],
      [3, 2, 144, 56],
      [3, 1, 192, 28],
      [3, 2, 192, 28],
      [3, 1, 384, 14],
      [3, 1, 576, 14],
      [3, 2, 576, 14],
      [3, 1, 960, 7],
    ],
    linear: [[1, 1280, 1000]],
    globalPool: [[1280, 7]],
  },
  efficientnet_b0: {
    convolution: [
      [3, 2, 3, 32, 224],
      [1, 1, 32, 16, 112],
      [1, 1, 16, 96, 112],
      [1, 1, 96, 24, 56],
      [1, 1, 24, 144, 56],
      [1, 1, 144, 24, 56],
      [1, 1, 144, 40, 28],
      [1, 1, 40, 240, 28],
      [1, 1, 240, 40, 28],
      [1, 1, 240, 80, 14],
      [1, 1, 80, 480, 14],
      [1, 1, 480, 80, 14],
      [1, 1, 480, 112, 14],
      [1, 1, 112, 672, 14],
      [1, 1, 672, 112, 14],
      [1, 1, 672, 192, 7],
      [1, 1, 192, 1152, 7],
      [1, 1, 1152, 192, 7],
      [1, 1, 1152, 320, 7],
      [1, 1, 320, 1280, 7],
      [1, 1, 32, 8, 1],
      [1, 1, 8, 32, 1],
      [1, 1, 96, 4, 1],
      [1, 1, 4, 96, 1],
      [1, 1, 144, 6, 1],
      [1, 1, 6, 144, 1],
      [1, 1, 240, 10, 1],
      [1, 1, 10, 240, 1],
      [1, 1, 480, 20, 1],
      [1, 1, 20, 480, 1],
      [1, 1, 672, 28, 1],
      [1, 1, 28, 672, 1],
      [1, 1, 1152, 48, 1],
      [1, 1, 48, 1152, 1],
    ],
    depthwise: [
      [3, 1, 32, 112],
      [3, 2, 96, 112],
      [3, 1, 144, 56],
      [5, 2, 144, 56],
      [5, 1, 240, 28],
      [3, 2, 240, 28],
      [3, 1, 480, 14],
      [5, 1, 480, 14],
      [5, 1, 672, 14],
      [5, 2, 672, 14],
      [5, 1, 1152, 7],
      [3, 1, 1152, 7],
    ],
    linear: [[1, 1280, 1000]],
    globalPool: [
      [32, 112],
      [96, 56],
      [144, 56],
      [144, 28],
      [240, 28],
      [240, 14],
      [480, 14],
      [672, 14],
      [672, 7],
      [1152, 7],
      [1280, 7],
    ],
  },
  convnext_tiny: {
    convolution: [
      [4, 4, 3, 96, 224],
      [2, 2, 96, 192, 56],
      [2, 2, 192, 384, 28],
      [2, 2, 384, 768, 14],
    ],
    depthwise: [
      [7, 1, 96, 56],
      [7, 1, 192, 28],
      [7, 1, 384, 14],
      [7, 1, 768, 7],
    ],
    linear: [
      [3136, 96, 384],
      [3136, 384, 96],
      [784, 192, 768],
      [784, 768, 192],
      [196, 384, 1536],
      [196, 1536, 384],
      [49, 768, 3072],
      [49, 3072, 768],
      [1, 768, 1000],
    ],
    globalPool: [[768, 7]],
  },
  vit_b_16: {
    convolution: [[16, 16, 3, 768, 224]],
    linear: [
      [197, 768, 2304],
      [197, 768, 768],
      [197, 768, 3072],
      [197, 3072, 768],
      [1, 768, 1000],
    ],
  },
};

/** A layer shape and the networks that have it. */
export interface UniqueLayer<Layer> {
  readonly layer: Layer;
  readonly networks: readonly string[];
}

/** Every shape of one kind of layer once, in the order of the tables. */
export function uniqueLayers<Kind extends keyof Layers>(kind: Kind): UniqueLayer<Layers[Kind]>[] {
  const found = new Map<string, { layer: Layers[Kind]; networks: string[] }>();
  for (const [name, network] of Object.entries(networks)) {
    for (const layer of (network[kind] ?? []) as readonly Layers[Kind][]) {
      const key = layer.join();
      const known = found.get(key);
      if (known === undefined) found.set(key, { layer, networks: [name] });
      else if (!known.networks.includes(name)) known.networks.push(name);
    }
  }
  return [...found.values()];
}

/** Output extent of a window that slides over a padded axis. */
export function outputSize(size: number, kernel: number, stride: number, padding: number): number {
  return Math.floor((size + 2 * padding - kernel) / stride) + 1;
}
