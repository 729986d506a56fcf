// The blocked matrix product: cuts the operands into pieces that stay in the caches and runs the micro-kernel
// over them. Convolution uses it too, with a packing of its own for B.

import { executor } from '../runtime/executor.ts';
import { nothing, part, type Region } from '../runtime/region.ts';
import { forkRanges, passTime } from '../threads/split.ts';
import type { Activation } from '../types.ts';
import { activationBounds, activationKind } from './activation.ts';
import { type MicroSpec, microKernel, tileOf } from './gemm-micro.ts';
import { packRows } from './gemm-pack.ts';

/** Depth of a block: a panel of B this deep stays in the first-level cache. */
const BLOCK_K = 384;
/** Columns of a block of B, which stays in the second-level cache. */
const BLOCK_N = 480;
/** Rows of a block of A, which stays in the second-level cache beside a panel of B. */
const BLOCK_M = 192;

/** Consecutive panels of equal height. */
interface PanelGroup {
  readonly row: number;
  readonly rows: number;
  readonly count: number;
}

/** Splits `m` rows into the fewest panels that fit the tile, as equal in height as can be. */
function panelGroups(m: number, tileRows: number): PanelGroup[] {
  const panels = Math.ceil(m / tileRows);
  const rows = Math.floor(m / panels);
  const taller = m - rows * panels;
  const groups = [
    { row: 0, rows: rows + 1, count: taller },
    { row: taller * (rows + 1), rows, count: panels - taller },
  ];
  return groups.filter((group) => group.count > 0);
}

/** Blocks of `[0, length)` of at most `step`; one empty block for an empty range, so that outputs get written. */
function blocks(length: number, step: number): { start: number; length: number }[] {
  const found = [{ start: 0, length: Math.min(step, length) }];
  for (let start = step; start < length; start += step) {
    found.push({ start, length: Math.min(step, length - start) });
  }
  return found;
}

/** Packs all of A: block of k after block of k, each with all its panels. `to` holds `m * k` elements. */
export function packA(
  a: { region: Region; stride: number; transposed: boolean; m: number; k: number },
  to: Region,
): void {
  const { launch, target } = bound();
  const step = a.transposed ? a.stride : 1;
  if (a.k === 0) return;
  const across = a.transposed ? 1 : a.stride;
  const groups = panelGroups(a.m, tileOf(target).rows);
  const stacks = blocks(a.k, BLOCK_K).flatMap((depth) => groups.map((group) => ({ depth, ...group })));
  const panels = stacks.reduce((sum, { count }) => sum + count, 0);
  forkRanges(panels, passTime(4 * a.m * a.k), (start, length) => {
    let before = 0;
    for (const { depth, row, rows, count } of stacks) {
      const first = Math.max(0, start - before);
      const some = Math.min(count, start + length - before) - first;
      before += count;
      if (some <= 0) continue;
      const top = row + first * rows;
      launch(packRows({ rows, transposed: a.transposed }), {
        from: part(a.region, depth.start * step + top * across),
        to: part(to, depth.start * a.m + top * depth.length, rows * some * depth.length),
        k: depth.length,
        panels: some,
        stride: a.stride,
      });
    }
  });
}

/** How the micro-kernel finds a block of B. */
export interface BlockB {
  readonly region: Region;
  readonly packed: boolean;
  readonly step: number;
  readonly panel: number;
}

/** A product whose A is packed and whose B is provided block by block. */
export interface BlockedProduct {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  /** As {@link packA} lays it out. */
  readonly a: Region;
  readonly b: (k: { start: number; length: number }, n: { start: number; length: number }) => BlockB;
  readonly c: Region;
  readonly ldc: number;
  readonly alpha?: number | undefined;
  readonly beta?: number | undefined;
  readonly bias?: Region | undefined;
  readonly rowBias?: Region | undefined;
  readonly activation?: Activation | undefined;
}

/** Elements that a packed block of B takes at most. */
export function packedBlockElements(n: number, k: number, tileColumns: number): number {
  const columns = Math.ceil(Math.min(n, BLOCK_N) / tileColumns) * tileColumns;
  return columns * Math.min(k, BLOCK_K);
}

/** Runs a blocked product. */
export function blockedProduct(p: BlockedProduct): void {
  const { launch, target } = bound();
  const tile = tileOf(target);
  const { alpha = 1, beta = 0 } = p;
  for (const columns of blocks(p.n, BLOCK_N)) {
    for (const depth of blocks(p.k, BLOCK_K)) {
      const b = p.b(depth, columns);
      const first = depth.start === 0;
      const last = depth.start + depth.length >= p.k;
      const spec: Omit<MicroSpec, 'rows'> = {
        packedB: b.packed,
        onto: !first || beta === 1 ? 'c' : beta === 0 ? 'nothing' : 'betaC',
        alpha: alpha !== 1,
        bias: last && p.bias !== undefined,
        rowBias: last && p.rowBias !== undefined,
        activation: last ? activationKind(p.activation) : 'none',
      };
      for (const group of panelGroups(p.m, tile.rows)) {
        const kernel = microKernel({ rows: group.rows, ...spec });
        for (const panels of blocks(group.count, Math.ceil(BLOCK_M / group.rows))) {
          const row = group.row + panels.start * group.rows;
          const rows = panels.length * group.rows;
          const c = row * p.ldc + columns.start;
          launch(kernel, {
            a: part(p.a, depth.start * p.m + row * depth.length, rows * depth.length),
            b: b.region,
            c: part(p.c, c, (rows - 1) * p.ldc + columns.length),
            bias: p.bias ? part(p.bias, columns.start, columns.length) : nothing,
            rowBias: p.rowBias ? part(p.rowBias, row, rows) : nothing,
            k: depth.length,
            rowPanels: panels.length,
            panels: Math.floor(columns.length / tile.columns),
            tail: columns.length % tile.columns,
            bStep: b.step,
            bPanel: b.panel,
            ldc: p.ldc,
            alpha,
            beta,
            ...activationBounds(p.activation),
          });
        }
      }
    }
  }
}

/** The executor with its method bound, so that call sites stay short. */
function bound() {
  const current = executor();
  return { target: current.target, launch: current.launch.bind(current) as typeof current.launch };
}
