/** What all lowerings share: the code so far, and where each variable is. */

import type { Address, Constant } from '../operations.ts';
import {
  elementBytes,
  type Integer,
  type LaneType,
  type LaneValue,
  laneBits,
  type Mask,
  type Pointer,
  type Variable,
  type Vector,
} from '../types.ts';
import { Allocator } from './allocator.ts';
import type { Assembler, Mnemonic, OperandsOf } from './assembler.ts';
import type { ConstantPool } from './constant-pool.ts';
import type { Frame } from './frame.ts';
import { analyse, type Block, type Lifetime, type Liveness } from './liveness.ts';
import {
  type Label,
  type Memory,
  memory,
  opmask,
  type Register,
  r64,
  rdi,
  xmm,
  ymm,
  zmm,
} from './operands.ts';
import type { Prepared, X64Operation } from './prepare.ts';
import { type Mover, RegisterFile, type Snapshot, type Value } from './values.ts';

/** The instruction sets that kernels are written for. */
export type Family = 'avx512' | 'avx2';

/** How many registers of each kind code may use; all of them unless given. */
export interface RegisterLimits {
  /** At least 6: an operation may need as many at once. */
  readonly general?: number;
  /** At least 5. */
  readonly vector?: number;
  /** At least 3. */
  readonly mask?: number;
}

/** Every general-purpose register but the stack pointer and rdi, which holds the argument block; short encodings first. */
const generalRegisters = [0, 1, 2, 6, 3, 5, 8, 9, 10, 11, 12, 13, 14, 15];

/** Where a permanent value always is. */
type Home =
  | { readonly kind: 'constant'; readonly lanes: readonly LaneValue[] }
  | { readonly kind: 'slot'; readonly place: Memory };

/** What `end` will close. */
export interface Open {
  readonly block: Block;
  /** Where a loop starts anew. */
  readonly start: Label;
  /** Behind the loop or the branches; of an `if` with two branches, the second until it starts. */
  exit: Label;
  /** Where values are at `start`, or at the exit. */
  places: Snapshot;
}

export class FunctionWriter implements Mover {
  readonly code: Assembler;
  readonly pool: ConstantPool;
  readonly frame: Frame;
  readonly family: Family;
  readonly vectorBytes: 32 | 64;
  readonly allocator: Allocator;
  readonly general: RegisterFile;
  readonly vectors: RegisterFile;
  readonly liveness: Liveness;
  readonly operations: readonly X64Operation[];
  /** Loops and branches around the current operation, innermost last. */
  readonly open: Open[] = [];
  readonly #vectorRegister: readonly Register[];
  readonly #masks: RegisterFile;
  readonly #homes = new Map<number, Home>();
  readonly #spills = new Map<Value, Memory>();
  /** Places that values of one block have left, by block and kind. */
  readonly #left = new Map<Block, Memory[]>();
  #scratch: Memory | undefined;

  constructor(
    code: Assembler,
    pool: ConstantPool,
    frame: Frame,
    family: Family,
    prepared: Prepared,
    constants: readonly Constant[],
    limits: RegisterLimits = {},
  ) {
    this.code = code;
    this.pool = pool;
    this.frame = frame;
    this.family = family;
    this.vectorBytes = family === 'avx512' ? 64 : 32;
    this.#vectorRegister = family === 'avx512' ? zmm : ymm;
    const vectors = limits.vector ?? (family === 'avx512' ? 32 : 16);
    this.general = new RegisterFile('general', generalRegisters.slice(0, limits.general));
    this.vectors = new RegisterFile('vector', [...Array(vectors).keys()]);
    this.#masks =
      family === 'avx512'
        ? new RegisterFile('mask', [1, 2, 3, 4, 5, 6, 7].slice(0, limits.mask))
        : this.vectors;
    this.operations = prepared.operations;
    this.liveness = analyse(prepared);
    this.#findHomes(prepared.operations, constants);
    this.allocator = new Allocator(
      prepared.operations,
      this.liveness,
      ({ kind }) => (kind === 'vector' ? this.vectors : kind === 'mask' ? this.#masks : this.general),
      ({ variable }: Lifetime) => this.#homes.has(variable.id),
      this,
    );
  }

  /** Constants, and arguments that are never changed, stay in memory until they are needed. */
  #findHomes(operations: readonly X64Operation[], constants: readonly Constant[]): void {
    for (const { to, lanes } of constants) this.#homes.set(to.id, { kind: 'constant', lanes });
    for (const operation of operations) {
      if (operation.code !== 'argument' && operation.code !== 'scalar') continue;
      const { to, slot } = operation;
      if (this.liveness.lifetimes[to.id]!.writes > 1) continue;
      this.#homes.set(to.id, { kind: 'slot', place: this.argument(slot) });
    }
  }

  emit<M extends Mnemonic>(mnemonic: M, ...operands: OperandsOf<M>): void {
    this.code.emit(mnemonic, ...operands);
  }

  // ---- operands of the current operation

  /** A vector register by number, whole. */
  vectorRegister(number: number): Register {
    return this.#vectorRegister[number]!;
  }

  /** The register of a vector that is read. */
  read(variable: Vector): Register {
    return this.vectorRegister(this.allocator.read(variable));
  }

  /** The register for a vector result; see {@link Allocator.write}. */
  write(variable: Vector): Register {
    return this.vectorRegister(this.allocator.write(variable));
  }

  /** As {@link write}, in no operand's register. */
  writeApart(variable: Vector): Register {
    return this.vectorRegister(this.allocator.writeApart(variable));
  }

  readMask(mask: Mask): Register {
    return this.maskRegister(this.allocator.read(mask));
  }

  writeMask(mask: Mask): Register {
    return this.maskRegister(this.allocator.write(mask));
  }

  maskRegister(number: number): Register {
    return this.family === 'avx512' ? opmask[number]! : this.vectorRegister(number);
  }

  readGeneral(variable: Integer | Pointer): Register {
    return r64[this.allocator.read(variable)]!;
  }

  writeGeneral(variable: Integer | Pointer): Register {
    return r64[this.allocator.write(variable)]!;
  }

  temporaryVector(): Register {
    return this.vectorRegister(this.allocator.temporary(this.vectors));
  }

  temporaryGeneral(): Register {
    return r64[this.allocator.temporary(this.general)]!;
  }

  writeGeneralApart(variable: Integer | Pointer): Register {
    return r64[this.allocator.writeApart(variable)]!;
  }

  /** Whether the result may have an operand's register: the operand is the result, or is read for the last time. */
  canTakeOver(to: Variable, from: Variable): boolean {
    return to === from || this.allocator.dies(from);
  }

  takeOverGeneral(to: Integer | Pointer, from: Integer | Pointer): Register {
    return r64[this.allocator.takeOver(to, from)]!;
  }

  /** A slot of the argument block. */
  argument(slot: number): Memory {
    return memory(rdi, slot * 8);
  }

  address({ pointer, bytes }: Address, further = 0): Memory {
    return memory(this.readGeneral(pointer), bytes + further);
  }

  /**
   * A vector as the operand that may stand in memory: its register, or its place if loading it would not pay.
   * @param broadcast whether the instruction takes one element for all lanes.
   */
  operand(variable: Vector, broadcast = true): Register | Memory {
    const value = this.allocator.value(variable);
    if (value.register < 0 && this.#staysInMemory(value)) {
      const place = this.#operandPlace(value, broadcast && this.family === 'avx512');
      if (place) return place;
    }
    return this.read(variable);
  }

  /** Whether a vector should not get a register for the current operation: another would have to go, or it is the last use. */
  #staysInMemory(value: Value): boolean {
    const { allocator } = this;
    return (
      allocator.dies(value.variable) ||
      !allocator.hasFree(this.vectors) ||
      (allocator.loop?.exposed.has(value.variable.id) ?? false)
    );
  }

  #operandPlace(value: Value, broadcast: boolean): Memory | undefined {
    const home = this.#homes.get(value.variable.id);
    if (!home) return this.#spills.get(value);
    if (home.kind === 'slot') return broadcast ? { ...home.place, broadcast } : undefined;
    const { type } = value.variable as Vector;
    const { lanes } = home;
    if (!broadcast || !isUniform(lanes)) return memory(this.pool.vector(type, lanes));
    return memory(this.pool.element(type, lanes[0]!), 0, { broadcast });
  }

  /** Whether a vector is the constant with every bit zero and has no register. */
  isZero(variable: Vector): boolean {
    const home = this.#homes.get(variable.id);
    return home?.kind === 'constant' && home.lanes.every((lane) => Object.is(lane, 0));
  }

  isInRegister(variable: Variable): boolean {
    return this.allocator.value(variable).register >= 0;
  }

  isPermanent(variable: Variable): boolean {
    return this.#homes.has(variable.id);
  }

  // ---- moves

  /** A register for the result, in no operand's place, with the value of a vector in it. */
  copyApart(to: Vector, from: Vector): Register {
    const value = this.allocator.value(from);
    const { register } = value;
    const target = this.writeApart(to);
    if (register < 0) this.load(value, target.number);
    else this.copyVector(target, this.vectorRegister(register));
    return target;
  }

  /** Copies a mask, or gives its register another name where it is read for the last time. */
  moveMask(to: Mask, from: Mask): void {
    const source = this.readMask(from);
    if (this.canTakeOver(to, from)) this.allocator.takeOver(to, from);
    else {
      const target = this.writeMask(to);
      if (this.family === 'avx512') this.emit('kmovw', target, source);
      else this.copyVector(target, source);
    }
  }

  copyVector(to: Register, from: Register): void {
    if (to.number !== from.number) this.emit('vmovaps', to, from);
  }

  clear(to: Register): void {
    const low = xmm[to.number]!;
    this.emit('vxorps', low, low, low);
  }

  load(value: Value, register: number): void {
    const { variable } = value;
    const home = this.#homes.get(variable.id);
    const place = home ? (home.kind === 'slot' ? home.place : undefined) : this.#spillPlace(value);
    if (variable.kind === 'integer' || variable.kind === 'pointer') {
      this.emit('mov', r64[register]!, place!);
    } else if (variable.kind === 'mask' && this.family === 'avx512') {
      this.emit('kmovw', opmask[register]!, place!);
    } else if (home) {
      this.#loadHome((variable as Vector).type, home, this.vectorRegister(register));
    } else this.emit('vmovups', this.vectorRegister(register), place!);
  }

  #loadHome(type: LaneType, home: Home, to: Register): void {
    const load = laneBits(type) === 64 ? 'vbroadcastsd' : 'vbroadcastss';
    if (home.kind === 'slot') this.emit(load, to, home.place);
    else if (home.lanes.every((lane) => Object.is(lane, 0))) this.clear(to);
    else if (isUniform(home.lanes)) this.emit(load, to, memory(this.pool.element(type, home.lanes[0]!)));
    else this.emit('vmovups', to, memory(this.pool.vector(type, home.lanes)));
  }

  store(value: Value, register: number): void {
    const { kind } = value.variable;
    const place = this.#spillPlace(value);
    if (kind === 'integer' || kind === 'pointer') this.emit('mov', place, r64[register]!);
    else if (kind === 'mask' && this.family === 'avx512') this.emit('kmovw_store', place, opmask[register]!);
    else this.emit('vmovups_store', place, this.vectorRegister(register));
  }

  move(file: RegisterFile, to: number, from: number): void {
    if (file === this.general) this.emit('mov', r64[to]!, r64[from]!);
    else if (file === this.vectors) this.copyVector(this.vectorRegister(to), this.vectorRegister(from));
    else this.emit('kmovw', opmask[to]!, opmask[from]!);
  }

  /** The place in the frame of a value that is not in a register; a value without one has never been stored. */
  spilled(variable: Variable): Memory {
    return this.#spillPlace(this.allocator.value(variable));
  }

  #spillPlace(value: Value): Memory {
    const known = this.#spills.get(value);
    if (known) return known;
    const isVector = value.file === this.vectors;
    const block = straight(value.lifetime);
    const left = isVector && block ? this.#left.get(block) : undefined;
    const place = left?.pop() ?? (isVector ? this.frame.vector(this.vectorBytes) : this.frame.small());
    this.#spills.set(value, place);
    return place;
  }

  /** A vector's place can be used again by others of its block once it has been read for the last time. */
  leavePlace(variable: Variable): void {
    const value = this.allocator.value(variable);
    const place = this.#spills.get(value);
    const block = straight(value.lifetime);
    if (!place || !block || value.file !== this.vectors) return;
    this.#spills.delete(value);
    const left = this.#left.get(block) ?? [];
    left.push(place);
    this.#left.set(block, left);
  }

  /** A place in the frame for a vector within one operation. */
  get scratch(): Memory {
    this.#scratch ??= this.frame.vector(this.vectorBytes);
    return this.#scratch;
  }

  lanes(type: LaneType): number {
    return this.vectorBytes / elementBytes[type];
  }

  /** Bytes of a lane. */
  laneBytes(type: LaneType): 4 | 8 {
    return elementBytes[type] as 4 | 8;
  }
}

/** The block in which a value lives and dies without a branch in between, if there is one. */
function straight({ block, variable }: Lifetime): Block | undefined {
  return block && !block.exposed.has(variable.id) ? block : undefined;
}

function isUniform(lanes: readonly LaneValue[]): boolean {
  return lanes.every((lane) => Object.is(lane, lanes[0]));
}
