/** Functions of float32 lanes computed in float64, where that is simpler than being exact enough in float32. */

import type { KernelBuilder } from '../builder.ts';
import type { FloatType, Vector } from '../types.ts';

type F64 = Vector<'f64'>;

/** Applies a function of float64 lanes to lanes of either type. */
export function throughFloat64<T extends FloatType>(
  k: KernelBuilder,
  args: readonly Vector<T>[],
  apply: (...args: F64[]) => F64,
): Vector<T> {
  if (args[0]!.type === 'f64') return apply(...(args as readonly Vector[] as F64[])) as Vector as Vector<T>;
  const [low, high] = (['low', 'high'] as const).map((half) =>
    apply(...args.map((x) => k.widen('f64', x as Vector as Vector<'f32'>, half))),
  );
  return k.narrow('f32', low!, high!) as Vector as Vector<T>;
}
