/** What all lowerings share: the code so far, and which local each variable is. */

import type { Address } from '../operations.ts';
import type { Variable } from '../types.ts';
import { FunctionCode } from './assembler.ts';
import type { ImmediatesOf, Mnemonic } from './opcodes.ts';

/** Which WebAssembly to write. */
export interface WasmFeatures {
  /** Relaxed SIMD: fused multiply-add, lane select and conversion in one instruction each. */
  readonly relaxedSimd: boolean;
  readonly sharedMemory: boolean;
}

/** The only parameter: the address of the argument block. */
export const blockLocal = 0;

/** Writes one function. Locals: the parameter, integers and pointers, one scratch address, vectors and masks. */
export class FunctionWriter {
  readonly code: FunctionCode = new FunctionCode();
  readonly features: WasmFeatures;
  readonly i32Locals: number;
  readonly v128Locals: number;
  /** An i32 local for an address within one operation. */
  readonly scratch: number;
  /** What `end` will close, innermost last: the counter of a loop, or nothing for an `if`. */
  readonly open: (Variable | undefined)[] = [];
  readonly #locals = new Map<Variable, number>();

  constructor(variables: readonly Variable[], features: WasmFeatures) {
    const isScalar = ({ kind }: Variable): boolean => kind === 'integer' || kind === 'pointer';
    const scalars = variables.filter(isScalar);
    const vectors = variables.filter((variable) => !isScalar(variable));
    scalars.forEach((variable, i) => {
      this.#locals.set(variable, 1 + i);
    });
    this.scratch = 1 + scalars.length;
    vectors.forEach((variable, i) => {
      this.#locals.set(variable, this.scratch + 1 + i);
    });
    this.features = features;
    this.i32Locals = scalars.length + 1;
    this.v128Locals = vectors.length;
  }

  emit<M extends Mnemonic>(mnemonic: M, ...immediates: ImmediatesOf<M>): void {
    this.code.emit(mnemonic, ...immediates);
  }

  /** Pushes variables and i32 constants. */
  push(...values: (Variable | number)[]): void {
    for (const value of values) {
      if (typeof value === 'number') this.emit('i32.const', value);
      else this.emit('local.get', this.local(value));
    }
  }

  /** Pops the result of an operation into its variable. */
  pop(variable: Variable): void {
    this.emit('local.set', this.local(variable));
  }

  /** Pushes the base of an address and returns its offset immediate, which cannot be negative. */
  pushAddress({ pointer, bytes }: Address, further = 0): number {
    const offset = bytes + further;
    this.push(pointer);
    if (offset >= 0) return offset;
    this.push(offset);
    this.emit('i32.add');
    return 0;
  }

  local(variable: Variable): number {
    return this.#locals.get(variable)!;
  }
}
