// The middle of the methods that multiply less: some matrices of transformed inputs times as many of transformed weights,
// pixels side by side in a row, the transforms before and after in files of their own.

import { executor } from '../../runtime/executor.ts';
import { nothing, part, type Region } from '../../runtime/region.ts';
import { countsOf, sizesOf } from './direct.ts';
import { directKernel } from './direct-kernel.ts';
import type { PackedLayout } from './packed.ts';
import { tilePixels, tilingOf } from './tile.ts';

/** Matrices of inputs and of products, `[matrices][blocks][pixels][lanes]`. */
export interface MatrixBatch {
  readonly pixels: number;
  readonly inputs: Region;
  /** Elements from one matrix of inputs to the next. */
  readonly inputMatrix: number;
  readonly products: Region;
  readonly productMatrix: number;
}

/** Elements of a matrix, with a distance to the next that keeps equal elements out of each other's cache lines. */
export function matrixElements(elements: number): number {
  let bytes = elements * 4 + 64;
  bytes = Math.ceil(bytes / 64) * 64;
  while (bytes % 4096 < 128 || bytes % 4096 > 3968 || (bytes / 64) % 2 === 0) bytes += 64;
  return bytes / 4;
}

/** Groups of output blocks of one matrix. */
export function groupsOfMatrix({ parts }: PackedLayout): number {
  return parts.reduce((sum, { groups }) => sum + groups, 0);
}

/** Multiplies `count` groups of output blocks, from the `first` of all groups of all matrices on. */
export function multiplyGroups(
  layout: PackedLayout,
  weights: Region,
  batch: MatrixBatch,
  first: number,
  count: number,
): void {
  const perMatrix = groupsOfMatrix(layout);
  for (let at = first; at < first + count; ) {
    const [matrix, group] = [Math.floor(at / perMatrix), at % perMatrix];
    const left = first + count - at;
    const whole = group === 0 ? Math.floor(left / perMatrix) : 0;
    const groups = whole > 0 ? perMatrix : Math.min(left, perMatrix - group);
    multiply(layout, weights, batch, { matrix, matrices: Math.max(1, whole), group, groups });
    at += Math.max(1, whole) * groups;
  }
}

/** Consecutive matrices, and the groups that are wanted of each. */
interface Range {
  readonly matrix: number;
  readonly matrices: number;
  readonly group: number;
  readonly groups: number;
}

function multiply(layout: PackedLayout, weights: Region, batch: MatrixBatch, range: Range): void {
  const current = executor();
  const lanes = current.target.lanes('f32');
  const { pixels } = batch;
  let before = 0;
  for (const { block, groups: all, vectors, elements } of layout.parts) {
    const group = Math.max(0, range.group - before);
    const groups = Math.min(all, range.group + range.groups - before) - group;
    before += all;
    if (groups <= 0) continue;
    const tiling = tilingOf(1, pixels, tilePixels(current.target, vectors));
    const kernel = directKernel({
      vectors,
      ...sizesOf(tiling),
      pixel: lanes,
      unit: layout.unit,
      bias: false,
      residual: false,
      activation: 'none',
      masked: false,
    });
    const groupElements = vectors * lanes * layout.depth;
    current.launch(kernel, {
      x: part(batch.inputs, range.matrix * batch.inputMatrix),
      xPairs: nothing,
      w: part(weights, elements * layout.matrices + (range.matrix * all + group) * groupElements),
      bias: nothing,
      mask: nothing,
      residual: nothing,
      y: part(
        batch.products,
        range.matrix * batch.productMatrix + (block + group * vectors) * pixels * lanes,
      ),
      matrices: range.matrices,
      xMatrix: batch.inputMatrix,
      yMatrix: batch.productMatrix,
      groups,
      blocks: layout.inBlocks,
      blockUnits: layout.blockUnits,
      units: layout.units,
      kernelRows: 1,
      kernelColumns: 1,
      tapRow: 0,
      tapColumn: 0,
      xBlock: pixels * lanes,
      xRow: 0,
      yBlock: pixels * lanes,
      yRow: 0,
      rBlock: 0,
      rRow: 0,
      ...countsOf(tiling),
      min: 0,
      max: 0,
    });
  }
}
