/**
 * Registers for variables, decided while the code is written, operation by operation. When registers run out, the value that is
 * needed latest goes to its place in memory (Belady's rule). Where paths of control meet, values are put where the other
 * path has them; a loop starts with what its innermost loops use in registers. After Braun and Hack, "Register
 * Spilling and Live-Range Splitting for SSA-Form Programs" (2009), for structured code with mutable variables.
 */

import { CodegenError } from '../errors.ts';
import type { Variable } from '../types.ts';
import type { Block, Lifetime, Liveness } from './liveness.ts';
import { writtenBy, type X64Operation } from './prepare.ts';
import type { Mover, RegisterFile, Snapshot, Value } from './values.ts';

export class Allocator {
  readonly #values: (Value | undefined)[] = [];
  readonly #files: readonly RegisterFile[];
  /** By position, what the operation reads and writes, and what is read for the last time. */
  readonly #reads: readonly (readonly Value[])[];
  readonly #writes: readonly (Value | undefined)[];
  readonly #deaths: (Value[] | undefined)[] = [];
  readonly #operations: readonly X64Operation[];
  readonly #mover: Mover;
  /** Registers that the current operation needs where they are. */
  #pins: { readonly file: RegisterFile; readonly register: number }[] = [];
  /** Position of the current operation. */
  at = 0;
  /** Innermost loop around it. */
  loop: Block | undefined;

  constructor(
    operations: readonly X64Operation[],
    liveness: Liveness,
    fileOf: (variable: Variable) => RegisterFile,
    isPermanent: (lifetime: Lifetime) => boolean,
    mover: Mover,
  ) {
    this.#operations = operations;
    this.#mover = mover;
    const files = new Set<RegisterFile>();
    for (const lifetime of liveness.lifetimes) {
      if (!lifetime) continue;
      const { variable } = lifetime;
      const file = fileOf(variable);
      files.add(file);
      const permanent = isPermanent(lifetime);
      this.#values[variable.id] = {
        variable,
        lifetime,
        file,
        permanent,
        register: -1,
        clean: permanent,
        cursor: 0,
        loop: undefined,
        weight: 0,
      };
    }
    this.#files = [...files];
    this.#reads = liveness.reads.map((variables) => variables.map((variable) => this.value(variable)));
    this.#writes = operations.map((operation) => {
      const variable = operation.code === 'loop' ? undefined : writtenBy(operation);
      return variable && this.value(variable);
    });
    for (const value of this.#values) {
      if (!value) continue;
      const last = lastRead(value.lifetime);
      if (last < 0 || last === value.lifetime.first) continue;
      this.#deaths[last] ??= [];
      this.#deaths[last].push(value);
    }
    for (const file of files) {
      for (const register of file.registers) {
        file.holders[register] = undefined;
        file.pinned[register] = false;
      }
    }
  }

  /** Starts an operation. */
  begin(at: number): void {
    this.at = at;
  }

  /** Ends an operation: temporaries and values that are not needed any more give up their registers. */
  finish(): void {
    for (const { file, register } of this.#pins) file.pinned[register] = false;
    this.#pins = [];
    for (const value of this.#reads[this.at]!) this.#settle(value);
    const written = this.#writes[this.at];
    if (written) this.#settle(written);
  }

  #settle(value: Value): void {
    if (value.register >= 0 && this.nextRead(value, this.at + 1) === Infinity) this.#free(value);
  }

  value(variable: Variable): Value {
    return this.#values[variable.id]!;
  }

  /** The position of the first read at or after one, Infinity if there is none. */
  nextRead(value: Value, from: number): number {
    const { reads } = value.lifetime;
    let cursor = value.cursor;
    while (cursor < reads.length && reads[cursor]! < from) cursor++;
    // an operation asks for what comes after it before others ask for itself
    if (from <= this.at) value.cursor = cursor;
    return reads[cursor] ?? Infinity;
  }

  /** Whether the current operation is the last to read a variable. */
  dies(variable: Variable): boolean {
    return this.nextRead(this.value(variable), this.at + 1) === Infinity;
  }

  /** The register of a variable that the current operation reads. */
  read(variable: Variable): number {
    const value = this.value(variable);
    if (value.register < 0) {
      const register = this.#take(value.file);
      this.#mover.load(value, register);
      this.#hold(value, register, true);
    }
    this.#pin(value.file, value.register);
    return value.register;
  }

  /** The register for the result of the current operation; it may be that of an operand that is read for the last time. */
  write(variable: Variable): number {
    const value = this.value(variable);
    for (const source of this.#reads[this.at]!) {
      if (source !== value && source.register >= 0 && this.dies(source.variable)) this.#free(source);
    }
    if (value.register < 0) this.#hold(value, this.#take(value.file), false);
    value.clean = false;
    this.#pin(value.file, value.register);
    return value.register;
  }

  /** As {@link write}, but never the register of an operand: for results that are written before all operands are read. */
  writeApart(variable: Variable): number {
    const value = this.value(variable);
    const isOperand = this.#reads[this.at]!.includes(value);
    if (value.register >= 0 && isOperand) {
      // the old value stays pinned as a temporary until the operation ends
      const { register, file } = value;
      this.#free(value);
      this.#pin(file, register);
    }
    if (value.register < 0) this.#hold(value, this.#take(value.file), false);
    value.clean = false;
    this.#pin(value.file, value.register);
    return value.register;
  }

  /** Gives the register of an operand that is read for the last time (or is the result itself) to the result. */
  takeOver(to: Variable, from: Variable): number {
    const [target, source] = [this.value(to), this.value(from)];
    const { register } = source;
    if (target !== source) {
      if (target.register >= 0) this.#free(target);
      this.#free(source);
      this.#hold(target, register, false);
    }
    target.clean = false;
    this.#pin(target.file, register);
    return register;
  }

  /** A register for use within the current operation. */
  temporary(file: RegisterFile): number {
    const register = this.#take(file);
    this.#pin(file, register);
    return register;
  }

  /** Whether a register could be had without sending a value to memory. */
  hasFree(file: RegisterFile): boolean {
    return file.registers.some((register) => !file.holders[register] && !file.pinned[register]);
  }

  #pin(file: RegisterFile, register: number): void {
    if (file.pinned[register]) return;
    file.pinned[register] = true;
    this.#pins.push({ file, register });
  }

  #hold(value: Value, register: number, clean: boolean): void {
    value.register = register;
    value.clean = clean;
    value.file.holders[register] = value;
  }

  #free(value: Value): void {
    value.file.pinned[value.register] = false;
    value.file.holders[value.register] = undefined;
    value.register = -1;
    value.clean = value.permanent;
  }

  /** A register that holds nothing; the value needed latest makes room if there is none. */
  #take(file: RegisterFile): number {
    let [best, latest] = [-1, -1];
    for (const register of file.registers) {
      if (file.pinned[register]) continue;
      const holder = file.holders[register];
      if (!holder) return register;
      // among equals those that need no store
      const next = 2 * this.nextRead(holder, this.at) + (holder.clean ? 1 : 0);
      if (next > latest) [best, latest] = [register, next];
    }
    if (best < 0) {
      const expected = `fewer than ${file.registers.length} at once`;
      throw new CodegenError('internal: operation', `too many ${file.name} registers`, expected, 'more');
    }
    this.#evict(file.holders[best]!);
    return best;
  }

  /** Sends a value to memory. */
  #evict(value: Value): void {
    if (!value.clean) this.#mover.store(value, value.register);
    this.#free(value);
  }

  // ---- where paths meet

  snapshot(): Snapshot {
    const held = this.#files.flatMap((file) => file.holders.filter((value) => value !== undefined));
    return { held: held.map((value) => ({ value, register: value.register, clean: value.clean })) };
  }

  /** Continues where the snapshot was taken, without what is not needed after `at`. */
  restore({ held }: Snapshot, at: number): void {
    for (const file of this.#files) for (const holder of file.holders) if (holder) this.#free(holder);
    for (const { value, register, clean } of held) {
      if (this.nextRead(value, at) !== Infinity) this.#hold(value, register, clean);
    }
  }

  /** Writes the moves after which every value needed at `at` or later is where the snapshot has it. */
  reconcile({ held }: Snapshot, at: number): void {
    const wanted = new Map(held.map((place) => [place.value, place]));
    for (const file of this.#files) {
      for (const holder of file.holders) {
        if (!holder) continue;
        if (this.nextRead(holder, at) === Infinity) this.#free(holder);
        else if (!wanted.has(holder)) this.#evict(holder);
      }
    }
    let moves = held.filter(
      ({ value, register }) =>
        value.register >= 0 && value.register !== register && this.nextRead(value, at) !== Infinity,
    );
    while (moves.length > 0) {
      const free = moves.find(({ value, register }) => !value.file.holders[register]);
      if (free) {
        this.#moveTo(free.value, free.register);
        moves = moves.filter((move) => move !== free);
      } else {
        // a circle: one of its values takes the way through memory
        const { value } = moves.pop()!;
        this.#evict(value);
      }
    }
    for (const place of held) {
      const { value, register } = place;
      if (this.nextRead(value, at) === Infinity) continue;
      if (value.register < 0) {
        this.#mover.load(value, register);
        this.#hold(value, register, place.clean);
      }
      place.clean &&= value.clean;
      value.clean = place.clean;
    }
  }

  #moveTo(value: Value, register: number): void {
    const { clean, register: from } = value;
    this.#mover.move(value.file, register, from);
    this.#free(value);
    this.#hold(value, register, clean);
  }

  /**
   * Fills the registers for a loop: what it reads from outside, by how deep inside it is read, as far as there is room beside
   * what lives within one round.
   */
  enterLoop(block: Block): void {
    const { used, written } = this.#usesIn(block);
    const carried = ({ variable, lifetime }: Value): boolean =>
      block.exposed.has(variable.id) || lastRead(lifetime) > block.end;
    for (const file of this.#files) {
      for (const holder of file.holders) if (holder && !carried(holder)) this.#free(holder);
      const count = file.registers.length;
      const room = Math.max(count >> 2, count - file.pressure);
      const inside: Value[] = [];
      for (const value of used) {
        if (value.file !== file || !carried(value)) continue;
        if (value.register >= 0 || block.exposed.has(value.variable.id)) inside.push(value);
      }
      if (inside.length > room) inside.sort((a, b) => b.weight - a.weight).length = room;
      const stay = new Set(inside);
      const held = file.holders.filter((value) => value !== undefined);
      const passing = held
        .filter((value) => value.loop !== block)
        .sort((a, b) => this.nextRead(a, block.end) - this.nextRead(b, block.end));
      for (const value of passing.slice(0, Math.max(0, room - stay.size))) stay.add(value);
      for (const value of held) if (!stay.has(value)) this.#evict(value);
      for (const value of inside) {
        if (value.register >= 0) continue;
        const register = file.registers.find((number) => !file.holders[number] && !file.pinned[number])!;
        this.#mover.load(value, register);
        this.#hold(value, register, true);
      }
    }
    // memory may be behind by the second round
    for (const value of written) value.clean = value.permanent;
  }

  /** What a loop uses and writes. Leaves weights of uses by depth, and how many values that live within one round do so at once. */
  #usesIn(block: Block): { used: readonly Value[]; written: readonly Value[] } {
    const used: Value[] = [];
    const written: Value[] = [];
    const outer: number[] = [];
    let weight = 1;
    const use = (value: Value): void => {
      if (value.loop !== block) {
        value.loop = block;
        value.weight = 0;
        used.push(value);
      }
      // what can be read from memory as an operand needs its register less
      value.weight += value.permanent ? weight / 4 : weight;
    };
    for (const file of this.#files) file.pressure = file.alive = 0;
    const { counter } = this.#operations[block.start] as Extract<X64Operation, { code: 'loop' }>;
    use(this.value(counter));
    written.push(this.value(counter));
    for (let at = block.start + 1; at <= block.end; at++) {
      for (const value of this.#reads[at]!) use(value);
      for (const value of this.#deaths[at] ?? []) if (value.lifetime.first > block.start) value.file.alive--;
      const { code } = this.#operations[at]!;
      if (code === 'loop' || code === 'if') {
        outer.push(weight);
        if (code === 'loop') weight *= 16;
      } else if (code === 'end' && at < block.end) weight = outer.pop()!;
      const value = this.#writes[at];
      if (!value) continue;
      use(value);
      written.push(value);
      const { file, lifetime } = value;
      if (lifetime.first === at && lastRead(lifetime) > at && lastRead(lifetime) <= block.end) {
        file.pressure = Math.max(file.pressure, ++file.alive);
      }
    }
    return { used, written };
  }
}

function lastRead({ reads }: Lifetime): number {
  return reads[reads.length - 1] ?? -1;
}
