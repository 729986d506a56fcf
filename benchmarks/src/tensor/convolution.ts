// Rows of ResNet-50's convolutions, forward and backward, on one image and on sixteen.

import { autograd, conv2d } from '@sconce/tensor';
import type { Tensor4D } from '@tensorflow/tfjs';
import { type TensorCase, tensorCase } from './case.ts';

/** Input channels, size of the image, output channels, kernel, stride; padding is half the kernel. */
const layers: readonly (readonly [number, number, number, number, number])[] = [
  [3, 224, 64, 7, 2],
  [64, 56, 64, 3, 1],
  [128, 28, 128, 3, 1],
  [256, 14, 256, 3, 1],
  [512, 7, 512, 3, 1],
  [128, 56, 128, 3, 2],
  [64, 56, 256, 1, 1],
  [1024, 14, 256, 1, 1],
  [256, 56, 512, 1, 2],
];

function pair(
  batch: number,
  [channels, size, outChannels, kernel, stride]: (typeof layers)[number],
): TensorCase[] {
  const padding = kernel >> 1;
  const outSize = Math.floor((size + 2 * padding - kernel) / stride) + 1;
  const output = [batch, outChannels, outSize, outSize];
  const flops = 2 * batch * outChannels * outSize ** 2 * channels * kernel ** 2;
  const name = `conv ${kernel}x${kernel}/${stride} ${channels}-${outChannels} ${size}x${size} batch ${batch}`;
  const arguments_ = { stride, padding };
  const python = `F.conv2d(x, w, None, ${stride}, ${padding})`;
  const x = { shape: [batch, channels, size, size] };
  const w = { shape: [outChannels, channels, kernel, kernel] };
  // Winograd's transforms, on sums of up to 4608 products.
  const tolerance = 5e-5;
  // The first layer's input is the image, which needs no gradient.
  const first = channels === 3;
  return [
    tensorCase({
      name,
      group: 'conv2d forward',
      note: 'one call',
      flops,
      tolerance,
      operands: { x, w },
      prepare: (its) => () => conv2d(its.x, its.w, null, arguments_),
      python: { call: python },
      ...(batch === 1 && {
        tfjs: {
          backend: 'wasm',
          prepare: (tf, its) => {
            const image = tf.transpose(its['x']! as Tensor4D, [0, 2, 3, 1]);
            const filter = tf.transpose(its['w']! as Tensor4D, [2, 3, 1, 0]);
            return {
              call: () => tf.conv2d(image, filter, stride, padding),
              finish: (result) => tf.transpose(result, [0, 3, 1, 2]),
            };
          },
        },
      }),
    }),
    tensorCase({
      name: `${name}, backward`,
      group: 'conv2d backward',
      note: first
        ? "the weight's gradient, of a graph that is kept"
        : 'both gradients, of a graph that is kept',
      flops: first ? flops : 2 * flops,
      tolerance,
      operands: { x: { ...x, grad: !first }, w: { ...w, grad: true }, g: { shape: output } },
      prepare: (its) => {
        const y = conv2d(its.x, its.w, null, arguments_);
        const inputs = first ? [its.w] : [its.x, its.w];
        return () => autograd.grad(y, inputs, { gradOutputs: its.g, retainGraph: true });
      },
      python: {
        setup: `y = ${python}`,
        call: `torch.autograd.grad(y, (${first ? 'w,' : 'x, w'}), g, retain_graph=True)`,
      },
    }),
  ];
}

/** Forward and backward of each layer. */
export const convolutionCases: readonly TensorCase[] = [1, 16].flatMap((batch) =>
  layers.flatMap((layer) => pair(batch, layer)),
);
