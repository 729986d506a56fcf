// Convolution in float64: matrix products over columns of patches, which strided copies gather.

import { withScratch } from '../runtime/executor.ts';
import type { Activation, Slice } from '../types.ts';
import { type ConvolutionNdShape, product, raised } from './conv-nd-shape.ts';
import { copyStrided } from './copy-strided.ts';
import { elementwise, fill } from './elementwise.ts';
import { gemm } from './gemm.ts';

const dtype = 'float64';
const BYTES = 8;

/** One group of one image, along three dimensions. */
interface Columns {
  readonly shape: ConvolutionNdShape;
  readonly inGroup: number;
  readonly outGroup: number;
  /** Extent of the padded image, and the elements of one channel of it. */
  readonly padded: readonly number[];
  readonly paddedPlane: number;
  readonly pixels: number;
  readonly outputs: number;
  readonly taps: number;
  /** Rows of columns. */
  readonly depth: number;
}

function columnsOf(p: ConvolutionNdShape): Columns {
  const shape = raised(p, 3);
  const inGroup = shape.inChannels / shape.groups;
  const padded = shape.inSize.map((size, d) => {
    const reach =
      (shape.outSize[d]! - 1) * shape.stride[d]! + (shape.kernel[d]! - 1) * shape.dilation[d]! + 1;
    return Math.max(reach, size + shape.padding[d]![0]);
  });
  const taps = product(shape.kernel);
  return {
    shape,
    inGroup,
    outGroup: shape.outChannels / shape.groups,
    padded,
    paddedPlane: product(padded),
    pixels: product(shape.inSize),
    outputs: product(shape.outSize),
    taps,
    depth: inGroup * taps,
  };
}

/** Strides of a dense array of three dimensions. */
const dense = ([, height, width]: readonly number[]): [number, number, number] => [
  height! * width!,
  width!,
  1,
];

const at = ({ storage, offset }: Slice, elements: number): Slice => ({ storage, offset: offset + elements });

/** Borrows memory for float64 elements. */
function withNumbers(elements: number, body: (numbers: Slice) => void): void {
  withScratch(2 * elements, ({ storage }) => body({ storage: storage!, offset: 0 }));
}

/** The place of an image inside its padding. */
function inside({ shape, padded }: Columns): number {
  return dense(padded).reduce((sum, stride, d) => sum + stride * shape.padding[d]![0], 0);
}

/** Calls `body` for each image and group with the first elements of its input, weights and output. */
function eachGroup(
  c: Columns,
  body: (at: { image: number; group: number; x: number; w: number; y: number }) => void,
): void {
  const { shape, inGroup, outGroup, pixels, outputs, depth } = c;
  for (let image = 0; image < shape.batch; image++) {
    for (let group = 0; group < shape.groups; group++) {
      body({
        image,
        group,
        x: (image * shape.inChannels + group * inGroup) * pixels,
        w: group * outGroup * depth,
        y: (image * shape.outChannels + group * outGroup) * outputs,
      });
    }
  }
}

/** Gathers `[channels][taps][outputs]` of one group. */
function gather(c: Columns, x: Slice, padded: Slice, columns: Slice): void {
  const { shape, inGroup, paddedPlane, pixels } = c;
  const strides = dense(c.padded);
  copyStrided({
    from: { ...x, strides: [pixels, ...dense(shape.inSize)] },
    to: { ...at(padded, inside(c)), strides: [paddedPlane, ...strides] },
    shape: [inGroup, ...shape.inSize],
    elementBytes: BYTES,
  });
  const extent = [inGroup, ...shape.kernel, ...shape.outSize];
  const from = [
    paddedPlane,
    ...strides.map((stride, d) => stride * shape.dilation[d]!),
    ...strides.map((stride, d) => stride * shape.stride[d]!),
  ];
  const to = extent.map((_, d) => product(extent.slice(d + 1)));
  const images = { from: { ...padded, strides: from }, to: { ...columns, strides: to } };
  copyStrided({ ...images, shape: extent, elementBytes: BYTES });
}

function zero(to: Slice, elements: number): void {
  fill({ to: { ...to, strides: [1], dtype }, value: 0, shape: [elements] });
}

/** The forward convolution. */
export function convolveColumns(
  p: ConvolutionNdShape,
  o: { x: Slice; w: Slice; y: Slice; bias?: Slice | undefined; activation?: Activation | undefined },
): void {
  const c = columnsOf(p);
  withNumbers(c.inGroup * c.paddedPlane, (padded) => {
    zero(padded, c.inGroup * c.paddedPlane);
    withNumbers(c.depth * c.outputs, (columns) =>
      eachGroup(c, ({ group, x, w, y }) => {
        gather(c, at(o.x, x), padded, columns);
        gemm({
          ...{ a: at(o.w, w), b: columns, c: at(o.y, y), m: c.outGroup, n: c.outputs, k: c.depth, dtype },
          ...(o.bias && { rowBias: at(o.bias, group * c.outGroup) }),
          ...(o.activation && { activation: o.activation }),
        });
      }),
    );
  });
}

/** The gradient with respect to the weights. */
export function columnsWeightGradient(p: ConvolutionNdShape, o: { x: Slice; dy: Slice; dw: Slice }): void {
  const c = columnsOf(p);
  withNumbers(c.inGroup * c.paddedPlane, (padded) => {
    zero(padded, c.inGroup * c.paddedPlane);
    withNumbers(c.depth * c.outputs, (columns) =>
      eachGroup(c, ({ image, x, w, y }) => {
        gather(c, at(o.x, x), padded, columns);
        gemm({
          ...{ a: at(o.dy, y), b: columns, c: at(o.dw, w), m: c.outGroup, n: c.depth, k: c.outputs },
          ...{ transB: true, beta: image > 0 ? 1 : 0, dtype },
        });
      }),
    );
  });
}

/** The gradient with respect to the input, or transposed convolution. */
export function columnsInputGradient(
  p: ConvolutionNdShape,
  o: { dy: Slice; w: Slice; dx: Slice; bias?: Slice | undefined; activation?: Activation | undefined },
): void {
  const c = columnsOf(p);
  const { shape, inGroup } = c;
  const strides = dense(c.padded);
  withNumbers(inGroup * c.paddedPlane, (padded) =>
    withNumbers(c.depth * c.outputs, (columns) =>
      eachGroup(c, ({ group, x, w, y }) => {
        zero(padded, inGroup * c.paddedPlane);
        gemm({
          ...{ a: at(o.w, w), b: at(o.dy, y), c: columns, m: c.depth, n: c.outputs, k: c.outGroup },
          ...{ transA: true, dtype },
        });
        for (let tap = 0; tap < c.taps; tap++) {
          const [, height, width] = shape.kernel;
          const places = [
            Math.floor(tap / (height! * width!)),
            Math.floor(tap / width!) % height!,
            tap % width!,
          ];
          const offset = strides.reduce((sum, step, d) => sum + step * shape.dilation[d]! * places[d]!, 0);
          const sum = {
            ...at(padded, offset),
            strides: [c.paddedPlane, ...strides.map((step, d) => step * shape.stride[d]!)],
            dtype,
          } as const;
          const more = {
            ...at(columns, tap * c.outputs),
            strides: [c.taps * c.outputs, ...dense(shape.outSize)],
            dtype,
          } as const;
          elementwise({ op: 'add', inputs: [sum, more], output: sum, shape: [inGroup, ...shape.outSize] });
        }
        const result = { ...at(o.dx, x), strides: [c.pixels, ...dense(shape.inSize)], dtype } as const;
        const sums = { ...at(padded, inside(c)), strides: [c.paddedPlane, ...strides], dtype } as const;
        const bias = o.bias
          ? ({ ...at(o.bias, group * inGroup), strides: [1, 0, 0, 0], dtype } as const)
          : undefined;
        elementwise({
          op: 'add',
          inputs: [sums, bias ?? 0],
          output: result,
          shape: [inGroup, ...shape.inSize],
          ...(o.activation && { activation: o.activation }),
        });
      }),
    ),
  );
}
