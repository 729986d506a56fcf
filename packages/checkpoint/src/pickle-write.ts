/** Writes pickles of protocol 2, which is what `torch.save` writes and every PyTorch reads. */

/** Collects the opcodes of one pickle. */
export class PickleWriter {
  #bytes: Uint8Array = new Uint8Array(1024);
  #view: DataView = new DataView(this.#bytes.buffer);
  #length = 0;

  constructor() {
    this.#u8(0x80, 2);
  }

  none(): void {
    this.#u8(0x4e);
  }

  boolean(value: boolean): void {
    this.#u8(value ? 0x88 : 0x89);
  }

  float(value: number): void {
    this.#u8(0x47);
    this.#reserve(8);
    this.#view.setFloat64(this.#length, value);
    this.#length += 8;
  }

  integer(value: number | bigint): void {
    const whole = BigInt(value);
    if (whole >= 0n && whole < 256n) {
      this.#u8(0x4b, Number(whole));
      return;
    }
    if (BigInt.asIntN(32, whole) === whole) {
      this.#u8(0x4a);
      this.#u32(Number(whole));
      return;
    }
    let size = 1;
    while (BigInt.asIntN(8 * size, whole) !== whole) size += 1;
    if (size > 255) throw new RangeError(`integer of ${size} bytes, expected at most 255`);
    this.#u8(0x8a, size);
    for (let i = 0; i < size; i++) this.#u8(Number((whole >> BigInt(8 * i)) & 0xffn));
  }

  text(value: string): void {
    const bytes = new TextEncoder().encode(value);
    this.#u8(0x58);
    this.#u32(bytes.length);
    this.#append(bytes);
  }

  /** The name of a class or function: `module`, `name`. */
  global(module: string, name: string): void {
    this.#u8(0x63);
    this.#append(new TextEncoder().encode(`${module}\n${name}\n`));
  }

  /** Begins a list of items that `list`, `tuple` or `dict` ends. */
  mark(): void {
    this.#u8(0x28);
  }

  tuple(): void {
    this.#u8(0x74);
  }

  emptyTuple(): void {
    this.#u8(0x29);
  }

  emptyList(): void {
    this.#u8(0x5d);
  }

  emptyDict(): void {
    this.#u8(0x7d);
  }

  /** Appends what follows the mark to the list below it. */
  append(): void {
    this.#u8(0x65);
  }

  /** Sets the keys and values that follow the mark in the dict below it. */
  setItems(): void {
    this.#u8(0x75);
  }

  /** Calls a function with a tuple of arguments. */
  reduce(): void {
    this.#u8(0x52);
  }

  /** Sets attributes of the object below from the dict on top. */
  build(): void {
    this.#u8(0x62);
  }

  /** Turns the tuple on top into the object that it names outside of the pickle. */
  persistent(): void {
    this.#u8(0x51);
  }

  /** Ends the pickle and gives its bytes. */
  finish(): Uint8Array {
    this.#u8(0x2e);
    return this.#bytes.slice(0, this.#length);
  }

  #u8(...values: number[]): void {
    this.#reserve(values.length);
    for (const value of values) {
      this.#bytes[this.#length] = value;
      this.#length += 1;
    }
  }

  #u32(value: number): void {
    this.#reserve(4);
    this.#view.setInt32(this.#length, value, true);
    this.#length += 4;
  }

  #append(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.length) return;
    const larger = new Uint8Array(2 * (this.#length + count));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
  }
}
