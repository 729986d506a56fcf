/** Constants behind the code, addressed relative to the instruction. */

import { type LaneType, type LaneValue, vectorBytes } from '../types.ts';
import type { Assembler } from './assembler.ts';
import { Label } from './operands.ts';

export class ConstantPool {
  /** By their bits. */
  readonly #entries = new Map<string, { bytes: Uint8Array; label: Label }>();
  readonly #vectors = new WeakMap<readonly LaneValue[], Label>();
  readonly #elements: Readonly<Record<LaneType, Map<LaneValue, Label>>> = {
    f32: new Map(),
    f64: new Map(),
    i32: new Map(),
    i64: new Map(),
  };

  /** One element. */
  element(type: LaneType, value: LaneValue): Label {
    // maps don't tell zeros of both signs apart
    if (value === 0) return this.#entry(type, [value]);
    const label = this.#elements[type].get(value) ?? this.#entry(type, [value]);
    this.#elements[type].set(value, label);
    return label;
  }

  /** A whole vector, of one lane type for one array. */
  vector(type: LaneType, lanes: readonly LaneValue[]): Label {
    const label = this.#vectors.get(lanes) ?? this.#entry(type, lanes);
    this.#vectors.set(lanes, label);
    return label;
  }

  /** Writes the constants after the code; vectors first, so that each is aligned to its size. */
  write(code: Assembler): void {
    if (this.#entries.size === 0) return;
    code.alignData(64);
    const entries = [...this.#entries.values()].sort((a, b) => b.bytes.length - a.bytes.length);
    for (const { bytes, label } of entries) {
      code.bind(label);
      code.bytes(bytes);
    }
  }

  /** The same bits are held once. */
  #entry(type: LaneType, lanes: readonly LaneValue[]): Label {
    const bytes = vectorBytes(type, lanes);
    const key = String.fromCharCode(...bytes);
    const known = this.#entries.get(key);
    if (known) return known.label;
    const label = new Label();
    this.#entries.set(key, { bytes, label });
    return label;
  }
}
