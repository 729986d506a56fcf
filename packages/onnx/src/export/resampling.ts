/** Exporter of resizing. */
import { type InterpolateMode, type Tensor, tensor } from '@sconce/tensor';
import { ints, string } from '../attribute-values.ts';
import { isDynamic } from './dimensions.ts';
import type { ExportCall, Exporters } from './export-call.ts';

interface Options {
  readonly size: readonly number[];
  readonly scaleFactor: readonly number[] | null;
  readonly mode: InterpolateMode;
  readonly alignCorners: boolean;
  readonly antialias: boolean;
}

/** Modes that are written. */
const written: readonly InterpolateMode[] = ['nearest', 'linear', 'bilinear', 'trilinear'];

function interpolate(call: ExportCall, x: Tensor, options: Options): string {
  const { mode, alignCorners } = options;
  if (!written.includes(mode) || options.antialias) {
    call.fail(`mode '${mode}'${options.antialias ? ' with antialias' : ''} cannot be written`);
  }
  const attributes = {
    axes: ints(options.size.map((_, d) => d + 2)),
    coordinate_transformation_mode: string(
      mode === 'nearest' ? 'asymmetric' : alignCorners ? 'align_corners' : 'half_pixel',
    ),
    mode: string(mode === 'nearest' ? 'nearest' : 'linear'),
    nearest_mode: string('floor'),
  };
  const scales = constantScales(call, x, options);
  if (scales)
    return call.node('Resize', [call.value(x), '', call.constant(tensor([...scales]), 'scales')], attributes);
  const sizes = call.shapeVector(call.sizes(call.result).slice(2), []);
  return call.node('Resize', [call.value(x), '', '', sizes], attributes);
}

/** Factors where they are given, or where sizes that vary are in a fixed ratio. */
function constantScales(
  call: ExportCall,
  x: Tensor,
  { scaleFactor }: Options,
): readonly number[] | undefined {
  const other = (call.secondArguments[1] as Options).scaleFactor;
  if (scaleFactor) {
    if (scaleFactor.some((factor, axis) => factor !== other?.[axis]))
      call.fail('scaleFactor depends on a dynamic dimension');
    return scaleFactor;
  }
  const [from, to] = [call.sizes(x).slice(2), call.sizes(call.result).slice(2)];
  if (!to.some(isDynamic)) return undefined;
  const ratios = to.map((size, axis) => ({
    first: size.first / from[axis]!.first,
    second: size.second / from[axis]!.second,
  }));
  return ratios.some(isDynamic) ? undefined : ratios.map((ratio) => ratio.first);
}

export const resampling: Exporters = {
  interpolate,
};
