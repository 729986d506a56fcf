/** Exporters of convolutions. */
import type { AttributeValue } from '@sconce/graph';
import type { Tensor } from '@sconce/tensor';
import { int, ints } from '../attribute-values.ts';
import type { ExportCall, Exporter, Exporters } from './export-call.ts';

type Pair = readonly [number, number];

interface Convolution {
  readonly stride: readonly number[];
  readonly padding: readonly Pair[];
  readonly dilation: readonly number[];
  readonly groups: number;
}

/** Runs `write` on a value with a batch dimension, added to and taken from inputs that have none. */
export function withBatch(
  call: ExportCall,
  x: Tensor,
  rank: number,
  write: (value: string) => string,
): string {
  if (x.ndim === rank) return write(call.value(x));
  const axes = call.int64([0], 'axes');
  return call.node('Squeeze', [write(call.node('Unsqueeze', [call.value(x), axes])), axes]);
}

/** Pads as ONNX lists them: all beginnings, then all ends. */
export function flatPads(padding: readonly Pair[]): number[] {
  return [...padding.map(([begin]) => begin), ...padding.map(([, end]) => end)];
}

function attributes(weight: Tensor, options: Convolution): Record<string, AttributeValue> {
  return {
    dilations: ints(options.dilation),
    group: int(options.groups),
    kernel_shape: ints(weight.shape.slice(2)),
    pads: ints(flatPads(options.padding)),
    strides: ints(options.stride),
  };
}

function operands(call: ExportCall, weight: Tensor, bias: Tensor | null): string[] {
  return [call.value(weight), ...(bias ? [call.value(bias)] : [])];
}

/** Writes a convolution along `rank` dimensions. */
const convolve =
  (rank: number): Exporter =>
  (call, x: Tensor, weight: Tensor, bias: Tensor | null, options: Convolution) =>
    withBatch(call, x, rank + 2, (value) =>
      call.node('Conv', [value, ...operands(call, weight, bias)], attributes(weight, options)),
    );

/** Writes a transposed convolution along `rank` dimensions. */
const convolveTransposed =
  (rank: number): Exporter =>
  (
    call,
    x: Tensor,
    weight: Tensor,
    bias: Tensor | null,
    options: Convolution & { readonly outputPadding: readonly number[] },
  ) =>
    withBatch(call, x, rank + 2, (value) =>
      call.node('ConvTranspose', [value, ...operands(call, weight, bias)], {
        ...attributes(weight, options),
        output_padding: ints(options.outputPadding),
      }),
    );

export const convolution: Exporters = {
  conv1d: convolve(1),
  conv2d: convolve(2),
  conv3d: convolve(3),
  convTranspose1d: convolveTransposed(1),
  convTranspose2d: convolveTransposed(2),
  convTranspose3d: convolveTransposed(3),
};
