/** Geometry shared by convolution and pooling: kernel, strides, dilations and the four ways to give padding. */
import { type AttributeSpec, attribute } from '../attributes.ts';
import type { Call, LoadContext } from '../operator.ts';

/** Attributes that every sliding window has. */
export const windowAttributes: {
  readonly [K in keyof WindowAttributes]: AttributeSpec<WindowAttributes[K]>;
} = {
  auto_pad: attribute.oneOf(['NOTSET', 'SAME_UPPER', 'SAME_LOWER', 'VALID']).default('NOTSET'),
  dilations: attribute.ints.optional(),
  pads: attribute.ints.optional(),
  strides: attribute.ints.optional(),
};

/** Their values. */
export interface WindowAttributes {
  readonly auto_pad: 'NOTSET' | 'SAME_UPPER' | 'SAME_LOWER' | 'VALID';
  readonly dilations: readonly number[] | undefined;
  readonly pads: readonly number[] | undefined;
  readonly strides: readonly number[] | undefined;
}

/** A window with every number stated, one entry per spatial dimension. */
export interface Window {
  readonly kernel: number[];
  readonly strides: number[];
  readonly dilations: number[];
  /** Padding before and after. */
  readonly pads: [begin: number, end: number][];
}

/** Checks at load time that lists have the length that the number of spatial dimensions asks for. */
export function checkWindow(attributes: WindowAttributes, rank: number, report: LoadContext['report']): void {
  const lists = [
    ['dilations', attributes.dilations, rank, 1],
    ['pads', attributes.pads, 2 * rank, -Infinity],
    ['strides', attributes.strides, rank, 1],
  ] as const;
  for (const [name, values, length, least] of lists) {
    if (values === undefined) continue;
    if (values.length !== length)
      report(`attribute '${name}': expected ${length} integers, got ${values.length}`);
    else if (values.some((value) => value < least))
      report(`attribute '${name}': expected integers of at least ${least}, got [${values.join(', ')}]`);
  }
}

/** Resolves a window for an input's spatial size. */
export function resolveWindow(
  call: Call<WindowAttributes>,
  kernel: readonly number[],
  spatial: readonly number[],
): Window {
  const rank = spatial.length;
  checkWindow(call.attributes, rank, (message) => call.fail(message));
  if (kernel.length !== rank) call.fail(`kernel: expected ${rank} sizes, got ${kernel.length}`);
  const { auto_pad: autoPad, pads } = call.attributes;
  const strides = [...(call.attributes.strides ?? kernel.map(() => 1))];
  const dilations = [...(call.attributes.dilations ?? kernel.map(() => 1))];
  const window = kernel.map((size, axis): [number, number] => {
    if (autoPad === 'NOTSET') return [pads?.[axis] ?? 0, pads?.[axis + rank] ?? 0];
    if (autoPad === 'VALID') return [0, 0];
    const stride = strides[axis]!;
    const outputs = Math.ceil(spatial[axis]! / stride);
    const extent = (size - 1) * dilations[axis]! + 1;
    return splitPadding(Math.max((outputs - 1) * stride + extent - spatial[axis]!, 0), autoPad);
  });
  return { kernel: [...kernel], strides, dilations, pads: window };
}

/** Divides padding between the two ends; the odd one goes to the end for SAME_UPPER. */
export function splitPadding(total: number, mode: 'SAME_UPPER' | 'SAME_LOWER'): [begin: number, end: number] {
  const small = Math.floor(total / 2);
  return mode === 'SAME_UPPER' ? [small, total - small] : [total - small, small];
}
