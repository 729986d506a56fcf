// Elements picked by an index of their own along one dimension: gather and takeAlongDim.

import { input, output, type Pointer } from '@sconce/codegen';
import { executor } from '../runtime/executor.ts';
import { type Family, family, type Region } from '../runtime/family.ts';
import type { GatherElementsParameters } from '../types.ts';
import {
  byBytes,
  type IndexedSpec,
  indexedNest,
  type NestIntegers,
  nestIntegers,
  overIndex,
} from './gather-elements-nest.ts';
import { copyRun, elementTypes } from './row-copy.ts';

type GatherArguments = Readonly<Record<'x' | 'y' | 'index', Region>> & NestIntegers;

const families = byBytes(gatherFamily);

function gatherFamily(
  bytes: 1 | 2 | 4 | 8,
  index: IndexedSpec['index'],
): Family<IndexedSpec, GatherArguments> {
  const element = elementTypes[bytes];
  const contract = { x: input(element), y: output(element), index: input(index), ...nestIntegers };
  return family(`gather-elements-${element}`, contract, (k, spec) => {
    const start = {
      along: k.pointer('x') as Pointer<'f32'>,
      other: k.pointer('y') as Pointer<'f32'>,
      index: k.pointer('index') as Pointer<'i64'>,
    };
    indexedNest(k, spec, start, {
      element: (place, at, y, offset) => k.copyElement(place, at, y, offset),
      run: (place, y, count) => copyRun(k, place, y, count),
    });
  });
}

/**
 * `y[i] = x[i with index[i] along dim]` for each place `i` of the index's shape, bit for bit. As PyTorch's gather.
 *
 * @throws EngineError when an index is out of range, before anything is written; when a size is invalid, `y` repeats elements or a
 * slice is too small.
 */
export function gatherElements(p: GatherElementsParameters): void {
  const { index, elementBytes } = p;
  const along = { name: 'x', slice: p.x, written: false };
  const other = { name: 'y', slice: p.y, written: true };
  overIndex({ kernel: 'gatherElements', index, along, other, elementBytes }, (launch) => {
    const kernel = families[elementBytes][launch.spec.index](launch.spec);
    executor().launch(kernel, {
      x: launch.along,
      y: launch.other,
      index: launch.index,
      ...launch.integers,
    });
  });
}
