/** The part of the kernel language that moves vectors between memory and registers. */

import type { Contract } from './contract.ts';
import type { PrefetchHint } from './operations.ts';
import { Recorder } from './recorder.ts';
import {
  describe,
  elementBytes,
  type Integer,
  type LaneType,
  type Operand,
  type Pointer,
  type Vector,
} from './types.ts';

/** Options of whole-vector loads and stores. */
export interface AccessOptions {
  /** Promises an address that is a multiple of the vector's bytes; the interpreter holds the kernel to it. */
  readonly aligned?: boolean;
}

/** Options of whole-vector stores. */
export interface StoreOptions extends AccessOptions {
  /**
   * Writes around the caches where the target can: for more than they hold, that nobody reads soon. The address must be a
   * multiple of the vector's bytes.
   */
  readonly streaming?: boolean;
}

/** Records loads and stores. Kernels use it as {@link KernelBuilder}. */
export class MemoryRecorder<C extends Contract> extends Recorder<C> {
  /** Loads a whole vector. */
  load<T extends LaneType>(from: Pointer<T>, offset = 0, { aligned = false }: AccessOptions = {}): Vector<T> {
    const to = this.newVector(from.element);
    this.emit({ code: 'load', to, at: this.address(from, offset), aligned });
    return to;
  }

  /**
   * Loads the first `count` lanes and touches no byte after them; the other lanes come from `fill` (zero unless given).
   * A count above the number of lanes loads them all; zero or less loads nothing.
   */
  loadPartial<T extends LaneType>(
    from: Pointer<T>,
    offset: number,
    count: Integer,
    fill: Operand<T> = 0,
  ): Vector<T> {
    const to = this.newVector(from.element);
    const at = this.address(from, offset);
    this.emit({ code: 'loadPartial', to, at, count, fill: this.operand('loadPartial', from.element, fill) });
    return to;
  }

  /** Loads one element into every lane. */
  broadcast<T extends LaneType>(from: Pointer<T>, offset = 0): Vector<T> {
    const to = this.newVector(from.element);
    this.emit({ code: 'broadcast', to, at: this.address(from, offset) });
    return to;
  }

  /**
   * Asks for the cache line at an address ahead of its use. Any address is allowed, past the end of a buffer too; targets without
   * such an instruction do nothing.
   * @param hint `l1` for reads soon, `l2` for reads later, `once` for a single read, `write` for writes.
   */
  prefetch(at: Pointer, offset = 0, hint: PrefetchHint = 'l1'): void {
    this.emit({ code: 'prefetch', at: this.address(at, offset), hint });
  }

  /** Stores a whole vector. */
  store<T extends LaneType>(
    value: Operand<NoInfer<T>>,
    at: Pointer<T>,
    offset = 0,
    { streaming = false, aligned = streaming }: StoreOptions = {},
  ): void {
    const from = this.operand('store', at.element, value);
    this.emit({ code: 'store', from, at: this.address(at, offset), aligned, streaming });
  }

  /** Stores the first `count` lanes (at most all of them) and touches no byte after them. */
  storePartial<T extends LaneType>(
    value: Operand<NoInfer<T>>,
    at: Pointer<T>,
    offset: number,
    count: Integer,
  ): void {
    const from = this.operand('storePartial', at.element, value);
    this.emit({ code: 'storePartial', from, at: this.address(at, offset), count });
  }

  /** Stores the first lane as one element. */
  storeFirst<T extends LaneType>(value: Operand<NoInfer<T>>, at: Pointer<T>, offset = 0): void {
    const from = this.operand('storeFirst', at.element, value);
    this.emit({ code: 'storeFirst', from, at: this.address(at, offset) });
  }

  /**
   * Loads lane `i` from `i * stride` elements further. With a `count` only that many lanes are loaded (at most all) and the
   * others come from `fill`.
   */
  loadStrided<T extends LaneType>(
    from: Pointer<T>,
    offset: number,
    stride: Integer | number,
    count?: Integer,
    fill: Operand<NoInfer<T>> = 0,
  ): Vector<T> {
    const step = this.#strideBytes(from, stride);
    const to = this.newVector(from.element);
    const filling = this.operand('loadStrided', from.element, fill);
    this.emit({ code: 'gather', to, at: this.address(from, offset), stride: step, count, fill: filling });
    return to;
  }

  /** Stores lane `i`, of all lanes or of the first `count`, `i * stride` elements further. */
  storeStrided<T extends LaneType>(
    value: Operand<NoInfer<T>>,
    at: Pointer<T>,
    offset: number,
    stride: Integer | number,
    count?: Integer,
  ): void {
    const from = this.operand('storeStrided', at.element, value);
    const step = this.#strideBytes(at, stride);
    this.emit({ code: 'scatter', from, at: this.address(at, offset), stride: step, count });
  }

  /** The vector that an operand stands for. */
  protected operand<T extends LaneType>(operation: string, type: T, operand: Operand): Vector<T> {
    if (typeof operand === 'number') return this.constant(type, operand);
    if (operand.kind !== 'vector' || operand.type !== type) {
      this.fail(operation, 'operand', `a vector of ${type}`, describe(operand));
    }
    return operand as Vector<T>;
  }

  #strideBytes(pointer: Pointer, stride: Integer | number): Integer {
    const bytes = elementBytes[pointer.element];
    return typeof stride === 'number' ? this.variable(stride * bytes) : this.scaled(stride, bytes);
  }
}
