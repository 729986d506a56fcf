/** Exporters of convolutions. */
import type { AttributeValue } from '@sconce/graph';
import type { Tensor } from '@sconce/tensor';
import { int, ints } from '../attribute-values.ts';
import type { ExportCall, Exporters } from './export-call.ts';

type Pair = readonly [number, number];

interface Convolution {
  readonly stride: Pair;
  readonly padding: readonly [Pair, Pair];
  readonly dilation: Pair;
  readonly groups: number;
}

interface Convolution1d {
  readonly stride: number;
  readonly padding: Pair;
  readonly dilation: number;
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

function attributes(
  weight: Tensor,
  options: {
    stride: readonly number[];
    padding: readonly Pair[];
    dilation: readonly number[];
    groups: number;
  },
): Record<string, AttributeValue> {
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

export const convolution: Exporters = {
  conv2d: (call, x: Tensor, weight: Tensor, bias: Tensor | null, options: Convolution) =>
    withBatch(call, x, 4, (value) =>
      call.node('Conv', [value, ...operands(call, weight, bias)], attributes(weight, options)),
    ),
  conv1d: (call, x: Tensor, weight: Tensor, bias: Tensor | null, options: Convolution1d) =>
    withBatch(call, x, 3, (value) =>
      call.node(
        'Conv',
        [value, ...operands(call, weight, bias)],
        attributes(weight, {
          stride: [options.stride],
          padding: [options.padding],
          dilation: [options.dilation],
          groups: options.groups,
        }),
      ),
    ),
  convTranspose2d: (
    call,
    x: Tensor,
    weight: Tensor,
    bias: Tensor | null,
    options: Convolution & { readonly outputPadding: Pair },
  ) =>
    withBatch(call, x, 4, (value) =>
      call.node('ConvTranspose', [value, ...operands(call, weight, bias)], {
        ...attributes(weight, options),
        output_padding: ints(options.outputPadding),
      }),
    ),
};
