// Convolution of images of a few pixels each, a batch of them side by side: each tap meets the pixels that it does meet, and
// none of the padding, which for such images is most of what a window sees.

import { input, integer, output, type Pointer, type Vector } from '@sconce/codegen';
import { executor } from '../runtime/executor.ts';
import { family } from '../runtime/family.ts';
import { part, type Region } from '../runtime/region.ts';
import { forkRanges, productTime } from '../threads/split.ts';
import type { ConvolutionShape } from '../types.ts';

/** Pixels of an image that all its code is recorded for. */
const MOST_PIXELS = 16;
/** Taps of a window along an axis. */
const MOST_TAPS = 3;
/** Steps along the summed channels after the one that is computed, whose weights are asked for. */
const STEPS_AHEAD = 4;

/** The convolution's geometry; all else of it is one. */
interface Geometry {
  readonly inSize: readonly [number, number];
  readonly outSize: readonly [number, number];
  readonly kernel: readonly [number, number];
  /** Above and to the left. */
  readonly padding: readonly [number, number];
}

/** One product of a window: a pixel of the result, one that is read, and the tap. */
interface Meeting {
  readonly to: number;
  readonly from: number;
  readonly tap: number;
}

/** Whether images are so small, and windows such, that taps are worth telling apart. */
export function tapsPay({ inHeight, inWidth, outHeight, outWidth, kernel, ...p }: ConvolutionShape): boolean {
  return (
    Math.max(inHeight * inWidth, outHeight * outWidth) <= MOST_PIXELS &&
    Math.max(...kernel) <= MOST_TAPS &&
    [...p.stride, ...p.dilation].every((size) => size === 1)
  );
}

/** What meets in the taps of each row of the window; for a gradient what is written is the convolution's input. */
function meetings({ inSize, outSize, kernel, padding }: Geometry, gradient: boolean): Meeting[][] {
  return [...Array(kernel[0]).keys()].map((r) => {
    const found: Meeting[] = [];
    for (let s = 0; s < kernel[1]; s++) {
      for (let y = 0; y < outSize[0]; y++) {
        for (let x = 0; x < outSize[1]; x++) {
          const [row, column] = [y + r - padding[0], x + s - padding[1]];
          if (row < 0 || row >= inSize[0] || column < 0 || column >= inSize[1]) continue;
          const [output, image] = [y * outSize[1] + x, row * inSize[1] + column];
          const [to, from] = gradient ? [image, output] : [output, image];
          found.push({ to, from, tap: r * kernel[1] + s });
        }
      }
    }
    return found;
  });
}

/** Sums over channels for `panels` panels of rows, and one of `rest` rows, of results `[row][pixel][image]`. */
const multiplyTaps = family(
  'conv-batch-taps',
  {
    x: input('f32'),
    w: input('f32'),
    y: output('f32'),
    panels: integer(),
    channels: integer(),
    /** Elements of the weights from one row to the next, and from one channel to the next. */
    row: integer(),
    step: integer(),
  },
  (
    k,
    spec: Geometry & {
      readonly gradient: boolean;
      readonly full: boolean;
      readonly rest: number;
      /** Vectors of images. */
      readonly vectors: number;
    },
  ) => {
    const lanes = k.lanes('f32');
    const images = spec.vectors * lanes;
    const { pixels, rows: most } = tileOf(k.target.vectorRegisters);
    const taps = spec.kernel[0] * spec.kernel[1];
    const area = ([height, width]: readonly [number, number]): number => height * width;
    const [inPixels, outPixels] = spec.gradient
      ? [area(spec.outSize), area(spec.inSize)]
      : [area(spec.inSize), area(spec.outSize)];
    const all = meetings(spec, spec.gradient);
    const [w, y] = [k.pointer('w'), k.pointer('y')];

    const tile = (rows: number, first: number): void => {
      const count = Math.min(pixels, outPixels - first);
      const lines = [...Array(rows).keys()];
      const [from, to] = [k.pointer('x'), k.variable(y)];
      k.loop(spec.vectors, () => {
        const sums = lines.map(() => Array.from({ length: count }, () => k.zero('f32')));
        const places: Pointer<'f32'>[] = [k.variable(w)];
        // A gradient's rows lie one after the other; a convolution's are a whole window of all channels apart.
        for (const r of spec.gradient ? [] : lines.slice(1)) {
          places[r] = k.variable(places[r - 1]!);
          k.advance(places[r]!, k.integer('row'));
        }
        const ahead = k.variable(w);
        if (spec.gradient) for (let i = 0; i < STEPS_AHEAD; i++) k.advance(ahead, k.integer('step'));
        const at = k.variable(from);
        k.loop(k.integer('channels'), () => {
          for (const row of all) {
            const here = row.filter((one) => one.to >= first && one.to < first + count);
            const values = new Map<number, Vector<'f32'>>();
            for (const one of here) {
              if (!values.has(one.from)) values.set(one.from, k.load(at, one.from * images));
            }
            for (const r of lines) {
              for (const tap of new Set(here.map((one) => one.tap))) {
                const weight = spec.gradient
                  ? k.broadcast(places[0]!, r * taps + tap)
                  : k.broadcast(places[r]!, tap);
                for (const one of here) {
                  if (one.tap === tap) k.accumulate(sums[r]![one.to - first]!, weight, values.get(one.from)!);
                }
              }
            }
          }
          k.advance(at, inPixels * images);
          for (const place of places) k.advance(place, k.integer('step'));
          if (!spec.gradient) return;
          for (let i = 0; i < rows * taps + lanes; i += lanes) k.prefetch(ahead, i);
          k.advance(ahead, k.integer('step'));
        });
        for (const r of lines) {
          for (let p = 0; p < count; p++) k.store(sums[r]![p]!, to, (r * outPixels + first + p) * images);
        }
        k.advance(from, lanes);
        k.advance(to, lanes);
      });
    };
    const panel = (rows: number): void => {
      for (let first = 0; first < outPixels; first += pixels) tile(rows, first);
    };
    if (spec.full) {
      k.loop(k.integer('panels'), () => {
        panel(most);
        for (let r = 0; r < most; r++) k.advance(w, k.integer('row'));
        k.advance(y, most * outPixels * images);
      });
    }
    if (spec.rest > 0) panel(spec.rest);
  },
);

/** Pixels and rows whose sums are kept in registers, beside what a row of the window reads. */
function tileOf(registers: number): { readonly pixels: number; readonly rows: number } {
  return registers >= 32 ? { pixels: 4, rows: 6 } : { pixels: 2, rows: 4 };
}

/**
 * Convolves a group's images, `[channel][pixel][image]`, or computes the gradient with respect to them.
 *
 * @param images how many, filled up to whole vectors
 */
export function convolveTaps(
  { inHeight, inWidth, outHeight, outWidth, kernel, padding, inChannels, outChannels }: ConvolutionShape,
  images: number,
  o: { readonly from: Region; readonly w: Region; readonly to: Region; readonly gradient: boolean },
): void {
  const { target } = executor();
  const taps = kernel[0] * kernel[1];
  const { gradient } = o;
  const geometry: Geometry = {
    inSize: [inHeight, inWidth],
    outSize: [outHeight, outWidth],
    kernel,
    padding: [padding[0], padding[2]],
  };
  const [units, channels, pixels] = gradient
    ? [inChannels, outChannels, inHeight * inWidth]
    : [outChannels, inChannels, outHeight * outWidth];
  const [row, step] = gradient ? [taps, inChannels * taps] : [inChannels * taps, taps];
  const { rows } = tileOf(target.vectorRegisters);
  const work = inChannels * outChannels * taps * pixels * images;
  forkRanges(
    units,
    productTime(work),
    (first, count) => {
      const panels = Math.floor(count / rows);
      const rest = count - panels * rows;
      const vectors = images / target.lanes('f32');
      executor().launch(multiplyTaps({ ...geometry, gradient, full: panels > 0, rest, vectors }), {
        x: o.from,
        w: part(o.w, first * row),
        y: part(o.to, first * pixels * images, count * pixels * images),
        ...{ panels, channels, row, step },
      });
    },
    rows,
  );
}
