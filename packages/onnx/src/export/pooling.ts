/** Exporters of pooling. */
import type { AttributeValue } from '@sconce/graph';
import { type Tensor, tensor } from '@sconce/tensor';
import { flag, ints } from '../attribute-values.ts';
import { flatPads, withBatch } from './convolution.ts';
import { isDynamic } from './dimensions.ts';
import type { ExportCall, Exporter, Exporters } from './export-call.ts';

type Pair = readonly [number, number];

interface Pool {
  readonly kernelSize: readonly number[];
  readonly stride: readonly number[];
  readonly padding: readonly Pair[];
  readonly ceilMode: boolean;
}

type MaxPool = Pool & { readonly dilation: readonly number[]; readonly returnIndices: boolean };
type AveragePool = Pool & { readonly countIncludePad: boolean; readonly divisorOverride: number | null };

function window(options: Pool): Record<string, AttributeValue> {
  return {
    ceil_mode: flag(options.ceilMode),
    kernel_shape: ints(options.kernelSize),
    pads: ints(flatPads(options.padding)),
    strides: ints(options.stride),
  };
}

function averagePool(call: ExportCall, x: Tensor, options: AveragePool): string {
  const { divisorOverride: divisor, countIncludePad } = options;
  if (divisor !== null && options.ceilMode) call.fail('divisorOverride with ceilMode cannot be written');
  return withBatch(call, x, options.kernelSize.length + 2, (value) => {
    const mean = call.node('AveragePool', [value], {
      ...window(options),
      count_include_pad: flag(countIncludePad || divisor !== null),
    });
    if (divisor === null) return mean;
    const area = options.kernelSize.reduce((all, size) => all * size, 1);
    return call.node('Mul', [mean, call.scalar(area / divisor, x.dtype)]);
  });
}

function maxPool(call: ExportCall, x: Tensor, options: MaxPool): string | readonly string[] {
  if (options.returnIndices) return maxPoolWithIndices(call, x, options);
  return withBatch(call, x, options.kernelSize.length + 2, (value) =>
    call.node('MaxPool', [value], { ...window(options), dilations: ints(options.dilation) }),
  );
}

/** Indices are counted in each plane here, through the whole input in ONNX. */
function maxPoolWithIndices(call: ExportCall, x: Tensor, options: MaxPool): string[] {
  if (x.ndim !== 4) call.fail('indices: expected images with a batch dimension');
  const attributes = { ...window(options), dilations: ints(options.dilation) };
  const [values, indices] = call.nodes('MaxPool', [call.value(x)], attributes, 2);
  const [height, width] = call
    .sizes(x)
    .slice(2)
    .map((size) => call.sizeVector(size, [x]));
  return [values!, call.node('Mod', [indices!, call.node('Mul', [height!, width!])])];
}

/** Whether both sizes are known and windows of equal size cover the input. */
function evenWindows(call: ExportCall, x: Tensor, [rows, columns]: Pair): Pair | undefined {
  const [height, width] = call.sizes(x).slice(-2);
  if (isDynamic(height!) || isDynamic(width!)) return undefined;
  if (height!.first % rows !== 0 || width!.first % columns !== 0) return undefined;
  return [height!.first / rows, width!.first / columns];
}

/** A matrix whose product with a column of `size` elements gives the means of `count` adaptive windows. */
function meansMatrix(size: number, count: number): number[][] {
  return Array.from({ length: count }, (_, window) => {
    const [start, end] = [Math.floor((window * size) / count), Math.ceil(((window + 1) * size) / count)];
    return Array.from({ length: size }, (_cell, place) =>
      place >= start && place < end ? 1 / (end - start) : 0,
    );
  });
}

const adaptive =
  (globalType: string, poolType: string): Exporter =>
  (call, x: Tensor, size: Pair) =>
    withBatch(call, x, 4, (value) => {
      if (size[0] === 1 && size[1] === 1) return call.node(globalType, [value]);
      const kernel = evenWindows(call, x, size);
      if (kernel) return call.node(poolType, [value], { kernel_shape: ints(kernel), strides: ints(kernel) });
      const [height, width] = call.sizes(x).slice(-2);
      if (isDynamic(height!) || isDynamic(width!))
        call.fail(`an output of [${size.join(', ')}] from a dynamic size cannot be written`);
      if (poolType !== 'AveragePool')
        call.fail(
          `windows of uneven size (${height!.first} x ${width!.first} to ${size.join(' x ')}) cannot be written`,
        );
      const matrix = (rows: number[][]): string => call.constant(tensor(rows, { dtype: x.dtype }), 'windows');
      const rows = matrix(meansMatrix(height!.first, size[0]));
      const columns = matrix(meansMatrix(width!.first, size[1]));
      return call.node('MatMul', [call.node('MatMul', [rows, value]), call.transpose(columns, [1, 0])]);
    });

export const pooling: Exporters = {
  maxPool1d: maxPool,
  maxPool2d: maxPool,
  maxPool3d: maxPool,
  maxPool2dWithIndices: maxPoolWithIndices,
  avgPool1d: averagePool,
  avgPool2d: averagePool,
  avgPool3d: averagePool,
  adaptiveAvgPool2d: adaptive('GlobalAveragePool', 'AveragePool'),
  adaptiveMaxPool2d: adaptive('GlobalMaxPool', 'MaxPool'),
};
