/** Exporters of normalizations and the softmax family. */
import { type DType, ones, type Tensor, zeros } from '@sconce/tensor';
import { float, int } from '../attribute-values.ts';
import type { ExportCall, Exporter, Exporters } from './export-call.ts';

/** A parameter, or ones or zeros in its place. */
function scaleOf(call: ExportCall, weight: Tensor | null, shape: readonly number[], dtype: DType): string {
  return weight ? call.value(weight) : call.constant(ones(shape, { dtype }), 'ones');
}
function shiftOf(call: ExportCall, bias: Tensor | null, shape: readonly number[], dtype: DType): string {
  return bias ? call.value(bias) : call.constant(zeros(shape, { dtype }), 'zeros');
}

/** Multiplies and adds per channel, where there is something to. */
function affine(
  call: ExportCall,
  value: string,
  x: Tensor,
  weight: Tensor | null,
  bias: Tensor | null,
): string {
  const target = call.int64([1, -1, ...x.shape.slice(2).map(() => 1)], 'channels');
  const along = (parameter: Tensor): string => call.node('Reshape', [call.value(parameter), target]);
  const scaled = weight ? call.node('Mul', [value, along(weight)]) : value;
  return bias ? call.node('Add', [scaled, along(bias)]) : scaled;
}

function batchNorm(
  call: ExportCall,
  x: Tensor,
  mean: Tensor | null,
  variance: Tensor | null,
  weight: Tensor | null,
  bias: Tensor | null,
  { training, momentum, eps }: { training: boolean; momentum: number; eps: number },
): string {
  if (training || mean === null || variance === null) return batchStatistics(call, x, weight, bias, eps);
  const shape = mean.shape;
  return call.node(
    'BatchNormalization',
    [
      call.value(x),
      scaleOf(call, weight, shape, x.dtype),
      shiftOf(call, bias, shape, x.dtype),
      call.value(mean),
      call.value(variance),
    ],
    { epsilon: float(eps), momentum: float(1 - momentum) },
  );
}

/** Normalizes by the batch's own statistics. */
function batchStatistics(
  call: ExportCall,
  x: Tensor,
  weight: Tensor | null,
  bias: Tensor | null,
  eps: number,
): string {
  const axes = call.int64(
    x.shape.map((_size, axis) => axis).filter((axis) => axis !== 1),
    'axes',
  );
  const mean = (value: string): string => call.node('ReduceMean', [value, axes], { keepdims: int(1) });
  const input = call.value(x);
  const centred = call.node('Sub', [input, mean(input)]);
  const variance = mean(call.node('Mul', [centred, centred]));
  const deviation = call.node('Sqrt', [call.node('Add', [variance, call.scalar(eps, x.dtype)])]);
  return affine(call, call.node('Div', [centred, deviation]), x, weight, bias);
}

function layerNorm(
  call: ExportCall,
  x: Tensor,
  shape: readonly number[],
  weight: Tensor | null,
  bias: Tensor | null,
  { eps }: { eps: number },
): string {
  const inputs = [call.value(x), scaleOf(call, weight, shape, x.dtype), ...(bias ? [call.value(bias)] : [])];
  return call.node('LayerNormalization', inputs, {
    axis: int(-shape.length),
    epsilon: float(eps),
    stash_type: int(1),
  });
}

function groupNorm(
  call: ExportCall,
  x: Tensor,
  groups: number,
  weight: Tensor | null,
  bias: Tensor | null,
  { eps }: { eps: number },
): string {
  if (call.opset >= 21) {
    const channels = [x.shape[1]!];
    const inputs = [
      call.value(x),
      scaleOf(call, weight, channels, x.dtype),
      shiftOf(call, bias, channels, x.dtype),
    ];
    return call.node('GroupNormalization', inputs, { epsilon: float(eps), num_groups: int(groups) });
  }
  const grouped = call.node('Reshape', [call.value(x), call.int64([0, groups, -1], 'groups')]);
  const [scale, shift] = [scaleOf(call, null, [groups], x.dtype), shiftOf(call, null, [groups], x.dtype)];
  const normal = call.node('InstanceNormalization', [grouped, scale, shift], { epsilon: float(eps) });
  const back = call.node('Reshape', [normal, call.shapeVector(call.sizes(x), [x])]);
  return affine(call, back, x, weight, bias);
}

const softmaxLike =
  (opType: string): Exporter =>
  (call, x: Tensor, dim: number) =>
    call.node(opType, [call.operand(x, call.result.dtype)], { axis: int(dim) });

export const normalization: Exporters = {
  batchNorm,
  layerNorm,
  groupNorm,
  softmax: softmaxLike('Softmax'),
  logSoftmax: softmaxLike('LogSoftmax'),
};
