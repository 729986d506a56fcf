/**
 * A small pickle machine: it builds containers, numbers and texts, and hands every name and call to its host, which
 * allows a fixed set and refuses the rest. Nothing in a file is ever executed. Opcodes of protocols 2 to 5 as Python
 * writes them (https://docs.python.org/3/library/pickletools.html).
 */
import { CheckpointError, type Place } from './errors.ts';

/** A name that a pickle refers to and the host knows: what calling it makes. */
export interface PickleCallable {
  readonly global: string;
  readonly call: (args: readonly unknown[]) => unknown;
}

/** What the machine asks of its surroundings. */
export interface PickleHost {
  /** The value of `module.name`; undefined when it is not allowed. */
  readonly global: (qualifiedName: string) => unknown;
  /** The value of a persistent id (PyTorch: a storage). */
  readonly persistent: (id: unknown) => unknown;
}

const LARGEST_PROTOCOL = 5;
/** Bytes of the largest integer read. */
const MAX_INTEGER_BYTES = 1024;

/**
 * Runs a pickle. Dicts become Maps, lists and tuples arrays, sets Sets, bytes Uint8Arrays; integers are numbers
 * where exact and bigints beyond.
 *
 * @throws {CheckpointError} when it is malformed, truncated, or names anything the host does not allow
 */
export function unpickle(bytes: Uint8Array, host: PickleHost, place: Place = {}): unknown {
  return new Machine(bytes, host, place).run();
}

/** Whether the value can be called with REDUCE or NEWOBJ. */
function isCallable(value: unknown): value is PickleCallable {
  return typeof value === 'object' && value !== null && 'global' in value && 'call' in value;
}

class Machine {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #host: PickleHost;
  readonly #place: Place;
  #at = 0;
  readonly #stack: unknown[] = [];
  /** Heights of the stack at each MARK. */
  readonly #marks: number[] = [];
  readonly #memo = new Map<number, unknown>();

  constructor(bytes: Uint8Array, host: PickleHost, place: Place) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#host = host;
    this.#place = place;
  }

  run(): unknown {
    for (;;) {
      const opcode = this.#u8();
      if (opcode === STOP) return this.pop();
      const execute = operations.get(opcode);
      if (!execute) return this.fail(`unknown pickle opcode 0x${opcode.toString(16).padStart(2, '0')}`);
      execute(this);
    }
  }

  fail(what: string): never {
    throw new CheckpointError(`${what} (pickle, byte ${this.#at})`, this.#place);
  }

  #take(length: number): number {
    const at = this.#at;
    const left = this.#bytes.length - at;
    if (length > left) this.fail(`pickle ends early, expected ${length} bytes, got ${left}`);
    this.#at = at + length;
    return at;
  }

  #u8(): number {
    return this.#bytes[this.#take(1)]!;
  }

  /** An unsigned number of 1, 2, 4 or 8 bytes. */
  unsigned(size: 1 | 2 | 4 | 8): number {
    const at = this.#take(size);
    if (size === 1) return this.#bytes[at]!;
    if (size === 2) return this.#view.getUint16(at, true);
    if (size === 4) return this.#view.getUint32(at, true);
    return Number(this.#view.getBigUint64(at, true));
  }

  int32(): number {
    return this.#view.getInt32(this.#take(4), true);
  }

  float64(): number {
    return this.#view.getFloat64(this.#take(8), false);
  }

  bytes(length: number): Uint8Array {
    const at = this.#take(length);
    return this.#bytes.subarray(at, at + length);
  }

  text(length: number): string {
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(this.bytes(length));
    } catch (error) {
      if (error instanceof CheckpointError) throw error;
      return this.fail('a text is not valid UTF-8');
    }
  }

  /** A text of protocol 0 that ends with a newline. */
  line(): string {
    const end = this.#bytes.indexOf(10, this.#at);
    if (end < 0) this.fail('pickle ends early, expected the end of a name');
    const text = this.text(end - this.#at);
    this.#at = end + 1;
    return text;
  }

  /** A two's complement integer of `length` bytes. */
  integer(length: number): number | bigint {
    if (length > MAX_INTEGER_BYTES)
      this.fail(`integer of ${length} bytes, expected at most ${MAX_INTEGER_BYTES}`);
    const bytes = this.bytes(length);
    if (length === 0) return 0;
    let hex = '';
    for (let i = length - 1; i >= 0; i--) hex += bytes[i]!.toString(16).padStart(2, '0');
    const value = BigInt.asIntN(8 * length, BigInt(`0x${hex}`));
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value;
  }

  push(value: unknown): void {
    this.#stack.push(value);
  }

  pop(): unknown {
    if (this.#stack.length <= (this.#marks.at(-1) ?? 0))
      this.fail('pickle takes a value from an empty stack');
    return this.#stack.pop();
  }

  top(): unknown {
    const value = this.pop();
    this.push(value);
    return value;
  }

  mark(): void {
    this.#marks.push(this.#stack.length);
  }

  /** The values above the last MARK, which goes too. */
  popMark(): unknown[] {
    const height = this.#marks.pop();
    if (height === undefined) return this.fail('pickle has no mark to go back to');
    return this.#stack.splice(height);
  }

  /** POP also takes back a MARK that lies on top. */
  popAny(): void {
    if (this.#marks.at(-1) === this.#stack.length) this.#marks.pop();
    else this.pop();
  }

  memoize(index: number): void {
    this.#memo.set(index, this.top());
  }

  get memoSize(): number {
    return this.#memo.size;
  }

  recall(index: number): void {
    if (!this.#memo.has(index)) this.fail(`pickle refers to memo ${index}, which is not there`);
    this.push(this.#memo.get(index));
  }

  global(module: unknown, name: unknown): void {
    if (typeof module !== 'string' || typeof name !== 'string') this.fail('a global is not named by texts');
    const value = this.#host.global(`${module}.${name}`);
    if (value === undefined) this.fail(`refuses to call ${module}.${name}`);
    this.push(value);
  }

  /** Replaces a callable and its arguments by what the host makes of them. */
  reduce(): void {
    const args = this.pop();
    const callable = this.pop();
    if (!isCallable(callable))
      this.fail(`refuses to call ${typeof callable === 'string' ? callable : 'a value'}`);
    if (!Array.isArray(args)) this.fail(`arguments of ${callable.global} are no tuple`);
    this.push(callable.call(args));
  }

  persistent(): void {
    this.push(this.#host.persistent(this.pop()));
  }

  /** Keeps the attributes of an OrderedDict out (PyTorch's `_metadata`); no other object has any. */
  build(): void {
    const state = this.pop();
    if (!(this.top() instanceof Map && state instanceof Map))
      this.fail('refuses to set the state of an object');
  }

  setItems(items: readonly unknown[]): void {
    const target = this.top();
    if (!(target instanceof Map)) this.fail('pickle sets items of something that is no dict');
    if (items.length % 2 !== 0) this.fail('pickle sets a key without a value');
    for (let i = 0; i < items.length; i += 2) target.set(items[i], items[i + 1]);
  }

  append(items: readonly unknown[]): void {
    const target = this.top();
    if (!Array.isArray(target)) this.fail('pickle appends to something that is no list');
    for (const item of items) target.push(item);
  }

  addItems(items: readonly unknown[]): void {
    const target = this.top();
    if (!(target instanceof Set)) this.fail('pickle adds to something that is no set');
    for (const item of items) target.add(item);
  }

  /** The last `count` values of the stack as a tuple. */
  tuple(count: number): void {
    const values: unknown[] = [];
    for (let i = 0; i < count; i++) values.unshift(this.pop());
    this.push(values);
  }

  skip(length: number): void {
    if (length > this.#bytes.length - this.#at) this.fail('pickle ends early, expected the rest of a frame');
  }
}

const STOP = 0x2e;

function checkProtocol(machine: Machine): void {
  const protocol = machine.unsigned(1);
  if (protocol > LARGEST_PROTOCOL)
    machine.fail(`pickle protocol ${protocol}, expected at most ${LARGEST_PROTOCOL}`);
}

function dictOf(machine: Machine, items: unknown[]): void {
  machine.push(new Map());
  machine.setItems(items);
}

const latin1 = (bytes: Uint8Array): string => Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');

/** Every opcode but STOP, by its code; names as in Python's pickletools. */
const operations: ReadonlyMap<number, (machine: Machine) => void> = new Map<
  number,
  (machine: Machine) => void
>([
  [0x80, checkProtocol], // PROTO
  [0x95, (m) => m.skip(m.unsigned(8))], // FRAME
  [0x28, (m) => m.mark()], // MARK
  [0x30, (m) => m.popAny()], // POP
  [0x31, (m) => m.popMark()], // POP_MARK
  [0x32, (m) => m.push(m.top())], // DUP
  [0x4e, (m) => m.push(null)], // NONE
  [0x88, (m) => m.push(true)], // NEWTRUE
  [0x89, (m) => m.push(false)], // NEWFALSE
  [0x4a, (m) => m.push(m.int32())], // BININT
  [0x4b, (m) => m.push(m.unsigned(1))], // BININT1
  [0x4d, (m) => m.push(m.unsigned(2))], // BININT2
  [0x8a, (m) => m.push(m.integer(m.unsigned(1)))], // LONG1
  [0x8b, (m) => m.push(m.integer(m.unsigned(4)))], // LONG4
  [0x47, (m) => m.push(m.float64())], // BINFLOAT
  [0x58, (m) => m.push(m.text(m.unsigned(4)))], // BINUNICODE
  [0x8c, (m) => m.push(m.text(m.unsigned(1)))], // SHORT_BINUNICODE
  [0x8d, (m) => m.push(m.text(m.unsigned(8)))], // BINUNICODE8
  [0x55, (m) => m.push(latin1(m.bytes(m.unsigned(1))))], // SHORT_BINSTRING
  [0x54, (m) => m.push(latin1(m.bytes(m.unsigned(4))))], // BINSTRING
  [0x43, (m) => m.push(m.bytes(m.unsigned(1)))], // SHORT_BINBYTES
  [0x42, (m) => m.push(m.bytes(m.unsigned(4)))], // BINBYTES
  [0x8e, (m) => m.push(m.bytes(m.unsigned(8)))], // BINBYTES8
  [0x96, (m) => m.push(m.bytes(m.unsigned(8)))], // BYTEARRAY8
  [0x29, (m) => m.push([])], // EMPTY_TUPLE
  [0x85, (m) => m.tuple(1)], // TUPLE1
  [0x86, (m) => m.tuple(2)], // TUPLE2
  [0x87, (m) => m.tuple(3)], // TUPLE3
  [0x74, (m) => m.push(m.popMark())], // TUPLE
  [0x5d, (m) => m.push([])], // EMPTY_LIST
  [0x6c, (m) => m.push(m.popMark())], // LIST
  [0x61, (m) => m.append([m.pop()])], // APPEND
  [0x65, (m) => m.append(m.popMark())], // APPENDS
  [0x7d, (m) => m.push(new Map())], // EMPTY_DICT
  [0x64, (m) => dictOf(m, m.popMark())], // DICT
  [0x73, (m) => m.setItems([m.pop(), m.pop()].reverse())], // SETITEM
  [0x75, (m) => m.setItems(m.popMark())], // SETITEMS
  [0x8f, (m) => m.push(new Set())], // EMPTY_SET
  [0x90, (m) => m.addItems(m.popMark())], // ADDITEMS
  [0x91, (m) => m.push(new Set(m.popMark()))], // FROZENSET
  [0x71, (m) => m.memoize(m.unsigned(1))], // BINPUT
  [0x72, (m) => m.memoize(m.unsigned(4))], // LONG_BINPUT
  [0x94, (m) => m.memoize(m.memoSize)], // MEMOIZE
  [0x68, (m) => m.recall(m.unsigned(1))], // BINGET
  [0x6a, (m) => m.recall(m.unsigned(4))], // LONG_BINGET
  [0x63, (m) => m.global(m.line(), m.line())], // GLOBAL
  [0x93, (m) => m.global(...([m.pop(), m.pop()].reverse() as [unknown, unknown]))], // STACK_GLOBAL
  [0x52, (m) => m.reduce()], // REDUCE
  [0x81, (m) => m.reduce()], // NEWOBJ
  [0x62, (m) => m.build()], // BUILD
  [0x51, (m) => m.persistent()], // BINPERSID
]);
