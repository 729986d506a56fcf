// Copies of runs of neighbours, which padding and gathering share: words in vectors, other elements one by one.

import type { Integer, KernelBuilder, LaneType, Pointer } from '@sconce/codegen';

/** Elements by their size; four bytes are float lanes, whose bits vectors keep as they are. */
export const elementTypes: { readonly 1: 'u8'; readonly 2: 'u16'; readonly 4: 'f32'; readonly 8: 'f64' } = {
  1: 'u8',
  2: 'u16',
  4: 'f32',
  8: 'f64',
};

/** Copies `count` neighbours and advances both pointers past them. */
export function copyRun<E extends 'u8' | 'u16' | 'f32' | 'f64'>(
  k: KernelBuilder,
  from: Pointer<E>,
  to: Pointer<E>,
  count: Integer,
): void {
  if (from.element === 'u8' || from.element === 'u16') {
    k.loop(count, () => {
      k.copyElement(from, 0, to, 0);
      k.advance(from, 1);
      k.advance(to, 1);
    });
    return;
  }
  const [source, target] = [from as unknown as Pointer<LaneType>, to as unknown as Pointer<LaneType>];
  const lanes = k.lanes(source.element);
  k.loop(k.shr(count, Math.log2(lanes)), () => {
    k.store(k.load(source), target);
    k.advance(from, lanes);
    k.advance(to, lanes);
  });
  const tail = k.and(count, lanes - 1);
  k.when(tail, '>', 0, () => {
    k.storePartial(k.loadPartial(source, 0, tail), target, 0, tail);
    k.advance(from, tail);
    k.advance(to, tail);
  });
}
