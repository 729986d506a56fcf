// Operands of matrix products that are packed ahead: weights are brought into the order in which the kernel reads them once,
// instead of in every call.

import { EngineError } from '../errors.ts';
import type { EngineStorage } from '../memory/storage.ts';
import { checkSizes, regionOf } from '../operands.ts';
import { executor } from '../runtime/executor.ts';
import { part, type Region, wholeOf } from '../runtime/region.ts';
import { forkRanges, passTime } from '../threads/split.ts';
import type { PackedGemmOperand, PackGemmOperandParameters } from '../types.ts';
import { depthStep, packedElements, packedOffset, roundUp } from './gemm-blocked.ts';
import { type ProductType, tileOf } from './gemm-micro.ts';
import { packPanels } from './gemm-pack.ts';

/** The engine's own view of a {@link PackedGemmOperand}. */
export class PackedOperand implements PackedGemmOperand {
  readonly operand: 'a' | 'b';
  readonly lines: number;
  readonly k: number;
  readonly dtype: 'float32' | 'float64';
  readonly storage: EngineStorage;
  /** The target whose tiles it is made for. */
  readonly target: string;

  constructor(shape: Omit<PackedOperand, 'dispose' | 'byteLength'>) {
    this.operand = shape.operand;
    this.lines = shape.lines;
    this.k = shape.k;
    this.dtype = shape.dtype;
    this.storage = shape.storage;
    this.target = shape.target;
  }

  get byteLength(): number {
    return this.storage.byteLength;
  }

  dispose(): void {
    this.storage.dispose();
  }
}

/**
 * Packs an operand of {@link gemm} that is used more than once: `{ b, k, n }` or `{ a, m, k }`, transposed or with a leading
 * dimension where `gemm` would be told so. What it is packed from is not needed any more afterwards.
 *
 * @throws EngineError when a size is invalid or the slice too small.
 */
export function packGemmOperand(p: PackGemmOperandParameters): PackedGemmOperand {
  const { k, dtype = 'float32' } = p;
  const isA = p.a !== undefined;
  const [operand, from, lines] = isA ? (['a', p.a, p.m] as const) : (['b', p.b, p.n] as const);
  const transposed = (isA ? p.transA : p.transB) ?? false;
  // Lines of A are its rows, those of B its columns.
  const runsAlongK = isA !== transposed;
  const [rows, columns] = runsAlongK ? [lines, k] : [k, lines];
  checkSizes('packGemmOperand', { [isA ? 'm' : 'n']: lines, k });
  const stride = (isA ? p.lda : p.ldb) ?? columns;
  checkSizes('packGemmOperand', { [`ld${operand}`]: stride }, columns);
  const type = dtype === 'float64' ? 'f64' : 'f32';
  const bytes = type === 'f64' ? 8 : 4;
  const elements = rows === 0 || columns === 0 ? 0 : (rows - 1) * stride + columns;
  const region = regionOf('packGemmOperand', operand, from, elements, bytes);
  const { memory, target } = executor();
  const shape = { lines, k, ...panelOf(operand, type) };
  const storage = memory.allocate(packedElements(lines, k, shape.width, shape.step, shape.lanes) * bytes);
  packLinesOf({ ...shape, type, region, stride, runsAlongK }, wholeOf(storage));
  return new PackedOperand({ operand, lines, k, dtype, storage, target: target.name });
}

/** Lines of a panel, and elements from one place along k to the next. */
function panelOf(operand: 'a' | 'b', type: ProductType): { width: number; step: number; lanes: number } {
  const { rows, columns, step, lanes } = tileOf(executor().target, type);
  return operand === 'a' ? { width: rows, step, lanes } : { width: columns, step: columns, lanes };
}

/** Packs a left operand in float32 for convolutions; `to` holds {@link packedLeftElements}. */
export function packLeft(
  a: {
    readonly region: Region;
    readonly stride: number;
    readonly transposed: boolean;
    readonly m: number;
    readonly k: number;
  },
  to: Region,
): void {
  const { region, stride, m, k } = a;
  const panel = panelOf('a', 'f32');
  packLinesOf({ ...panel, lines: m, k, type: 'f32', region, stride, runsAlongK: !a.transposed }, to);
}

/** Elements that {@link packLeft} writes. */
export function packedLeftElements(m: number, k: number): number {
  const { width, step, lanes } = panelOf('a', 'f32');
  return packedElements(m, k, width, step, lanes);
}

/** Packs a right operand of `k` rows and `n` columns, or of `n` rows if transposed; `to` holds {@link packedRightElements}. */
export function packRight(
  b: {
    readonly region: Region;
    readonly stride: number;
    readonly transposed: boolean;
    readonly n: number;
    readonly k: number;
    readonly type: ProductType;
  },
  to: Region,
): void {
  const { region, stride, n, k, type } = b;
  packLinesOf({ ...panelOf('b', type), lines: n, k, type, region, stride, runsAlongK: b.transposed }, to);
}

/** Elements that {@link packRight} writes. */
export function packedRightElements(n: number, k: number, type: ProductType): number {
  const { width, step, lanes } = panelOf('b', type);
  return packedElements(n, k, width, step, lanes);
}

/** What is packed: `lines` rows of A or columns of B, in panels of `width`. */
interface Packing {
  readonly lines: number;
  readonly k: number;
  readonly width: number;
  readonly step: number;
  readonly lanes: number;
  readonly type: ProductType;
  readonly region: Region;
  readonly stride: number;
  readonly runsAlongK: boolean;
}

function packLinesOf(p: Packing, to: Region): void {
  if (p.k === 0 || p.lines === 0) return;
  const { lines, k, width, step, lanes, type, stride, runsAlongK } = p;
  const bytes = type === 'f64' ? 8 : 4;
  const depth = depthStep(k);
  forkRanges(
    lines,
    passTime(4 * lines * k),
    (first, count) => {
      const panels = Math.floor(count / width);
      const tail = count - panels * width;
      for (let start = 0; start < k; start += depth) {
        const length = Math.min(depth, k - start);
        const from = runsAlongK ? first * stride + start : start * stride + first;
        executor().launch(
          packPanels[type]({ width, step, lines: runsAlongK, tail: Math.ceil(tail / lanes) }),
          {
            from: part(p.region, from, undefined, bytes),
            to: part(to, packedOffset(p, start, length, first), undefined, bytes),
            k: length,
            panels,
            tail,
            stride,
            fromPanel: runsAlongK ? width * stride : width,
            toPanel: step * roundUp(length, lanes),
          },
        );
      }
    },
    width,
  );
}

/** @throws EngineError unless a packed operand is what a call needs. */
export function checkPacked(
  packed: PackedOperand,
  operand: 'a' | 'b',
  lines: number,
  k: number,
  dtype: 'float32' | 'float64',
  reach: number,
): void {
  if (reach !== 0)
    throw new EngineError('gemm', `a packed ${operand} is one matrix`, 'batch strides of 0', reach);
  const expected = `${operand} with ${operand === 'a' ? 'm' : 'n'} ${lines}, k ${k}, ${dtype}`;
  const got = `${packed.operand} with ${packed.operand === 'a' ? 'm' : 'n'} ${packed.lines}, k ${packed.k}, ${packed.dtype}`;
  if (expected !== got)
    throw new EngineError('gemm', `${operand} is packed for something else`, expected, got);
  const { memory, target } = executor();
  if (packed.storage.memory !== memory || packed.target !== target.name) {
    throw new EngineError('gemm', `${operand} was packed for another engine`, target.name, packed.target);
  }
}
