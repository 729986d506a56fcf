// Packing: lays operands of matrix products out in the order in which the kernel reads them. A panel holds a few rows of A
// or columns of B ("lines") side by side, one place along k after the other.

import {
  type Integer,
  input,
  integer,
  type KernelBuilder,
  output,
  type Pointer,
  type Vector,
} from '@sconce/codegen';
import { type Family, family, type Region } from '../runtime/family.ts';
import type { ProductType } from './gemm-micro.ts';

/** One panel to be packed. */
export interface Panel<T extends ProductType> {
  /** Lines of the panel. */
  readonly rows: number;
  readonly from: Pointer<T>;
  readonly to: Pointer<T>;
  /** Elements from one place along k of the panel to the next. */
  readonly step: number;
  /** Elements from one line to the next ({@link packLines}), or from one place along k to the next ({@link packRuns}). */
  readonly stride: Integer;
  readonly depth: Integer;
}

/**
 * Records the packing of lines that run along k, by squares transposed in registers. With a `count` only so many lines are there.
 * What is written is filled up to whole vectors in both directions: places along k that do not exist hold zeros, lines of the last
 * vector that do not exist what others hold.
 */
export function packLines<T extends ProductType>(k: KernelBuilder, panel: Panel<T>, count?: Integer): void {
  const { rows, step, stride, depth } = panel;
  const lanes = k.lanes(panel.from.element);
  const shift = Math.log2(lanes);
  // Whole panels whose lines fill vectors are found by steps; else a line that does not exist stands for the last one.
  const some = count ?? (rows % lanes === 0 ? undefined : k.variable(rows));
  const last = some && k.sub(some, 1);
  const first = k.variable(0);
  const [origin, target] = [k.variable(panel.from), k.variable(panel.to)];
  const rest = k.and(depth, lanes - 1);
  k.loop(some ? k.shr(k.add(some, lanes - 1), shift) : rows / lanes, () => {
    const lines = [...Array(Math.min(lanes, rows)).keys()].map((r) => {
      const line = k.variable(origin);
      if (last) k.advance(line, k.mul(k.min(k.add(first, r), last), stride));
      else k.advance(origin, stride);
      return line;
    });
    const to = k.variable(target);
    const square = (load: (from: Pointer<T>) => Vector<T>): void => {
      const loaded = lines.map(load);
      while (loaded.length < lanes) loaded.push(loaded[0]!);
      k.transpose(loaded).forEach((line, x) => void k.store(line, to, x * step));
    };
    k.loop(k.shr(depth, shift), () => {
      square((from) => k.load(from));
      for (const line of lines) k.advance(line, lanes);
      k.advance(to, lanes * step);
    });
    k.when(rest, '>', 0, () => square((from) => k.loadPartial(from, 0, rest)));
    k.advance(target, lanes);
    k.increment(first, lanes);
  });
}

/** Records the packing of lines that lie side by side already, those that do not exist filled up with zeros. */
export function packRuns<T extends ProductType>(k: KernelBuilder, panel: Panel<T>, count?: Integer): void {
  const { rows, step, stride, depth } = panel;
  const lanes = k.lanes(panel.from.element);
  const [from, to] = [k.variable(panel.from), k.variable(panel.to)];
  const pieces = [...Array(Math.ceil(rows / lanes)).keys()].map((v) => {
    const isLast = (v + 1) * lanes >= rows;
    if (count) return { at: v * lanes, count: isLast ? k.sub(count, v * lanes) : undefined };
    return { at: v * lanes, count: (v + 1) * lanes > rows ? k.variable(rows - v * lanes) : undefined };
  });
  k.loop(depth, () => {
    for (const piece of pieces) {
      const run = piece.count ? k.loadPartial(from, piece.at, piece.count) : k.load(from, piece.at);
      k.store(run, to, piece.at);
    }
    k.advance(from, stride);
    k.advance(to, step);
  });
}

/** What {@link packPanels} is recorded for. */
export interface PackSpec {
  /** Lines of a panel, and elements from one place along k to the next. */
  readonly width: number;
  readonly step: number;
  /** Whether lines run along k; otherwise they lie side by side. */
  readonly lines: boolean;
  /** Vectors of the panel that is left, if one is. */
  readonly tail: number;
}

/** Arguments of {@link packPanels}. */
export interface PackArguments {
  readonly from: Region;
  readonly to: Region;
  readonly k: number;
  readonly panels: number;
  /** Lines that are left after whole panels. */
  readonly tail: number;
  readonly stride: number;
  /** Elements from one panel to the next. */
  readonly fromPanel: number;
  readonly toPanel: number;
}

const contractOf = <T extends ProductType>(type: T) => ({
  from: input(type),
  to: output(type),
  k: integer(),
  panels: integer(),
  tail: integer(),
  stride: integer(),
  fromPanel: integer(),
  toPanel: integer(),
});

/** Packs panels one after the other; they are filled up as {@link packLines} and {@link packRuns} say. */
export const packPanels: Readonly<Record<ProductType, Family<PackSpec, PackArguments>>> = {
  f32: family('gemm-pack', contractOf('f32'), (k, spec: PackSpec) =>
    recordPacking(k, k.pointer('from'), k.pointer('to'), spec),
  ),
  f64: family('gemm-pack-f64', contractOf('f64'), (k, spec: PackSpec) =>
    recordPacking(k, k.pointer('from'), k.pointer('to'), spec),
  ),
};

function recordPacking<T extends ProductType>(
  k: KernelBuilder<ReturnType<typeof contractOf<T>>>,
  from: Pointer<T>,
  to: Pointer<T>,
  spec: PackSpec,
): void {
  const lanes = k.lanes(from.element);
  const builder = k as unknown as KernelBuilder;
  const pack = spec.lines ? packLines : packRuns;
  const panel = { from, to, step: spec.step, stride: k.integer('stride'), depth: k.integer('k') };
  k.loop(k.integer('panels'), () => {
    pack(builder, { ...panel, rows: spec.width });
    k.advance(from, k.integer('fromPanel'));
    k.advance(to, k.integer('toPanel'));
  });
  if (spec.tail > 0)
    pack(builder, { ...panel, rows: Math.min(spec.width, spec.tail * lanes) }, k.integer('tail'));
}
