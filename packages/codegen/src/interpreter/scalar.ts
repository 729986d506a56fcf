/** Integers, pointers and control flow on the interpreter. */

import type { Comparison, Handlers, IntegerOperator, ScalarOperation } from '../operations.ts';
import { elementBytes, type Integer } from '../types.ts';
import { readers, writers } from './elements.ts';
import type { Lane, Machine, PointerValue } from './machine.ts';

/** Comparisons of integers and lanes. */
export const comparisons: Readonly<Record<Comparison, (a: Lane, b: Lane) => boolean>> = {
  '==': (a, b) => a === b,
  '!=': (a, b) => a !== b,
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
};

/** Exact results; the machine refuses those beyond 32 bits. */
const integerOperators: Readonly<Record<IntegerOperator, (a: number, b: number) => number>> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  and: (a, b) => a & b,
  shl: (a, b) => a * 2 ** b,
  shr: (a, b) => a >> b,
  min: Math.min,
  max: Math.max,
};

export const scalarHandlers: Handlers<ScalarOperation, Machine> = {
  argument(m, { to, slot }) {
    m.set(to, m.slots[slot] as number | PointerValue);
  },
  literal(m, { to, value }) {
    m.set(to, value);
  },
  integer(m, { operator, to, a, b }) {
    const [left, right] = [m.get(a), m.integer(b)];
    if (typeof left === 'number') m.set(to, integerOperators[operator](left, right));
    else if ('buffer' in left) m.set(to, { buffer: left.buffer, address: left.address + right });
  },
  loadInteger(m, { to, at }) {
    const type = at.pointer.element;
    const place = m.access(at, elementBytes[type], false);
    m.set(to, readers[type](place.bytes, place.at));
  },
  storeInteger(m, { from, at }) {
    const type = at.pointer.element;
    const place = m.access(at, elementBytes[type], true);
    writers[type](place.bytes, place.at, m.integer(from));
  },
  copyElement(m, { from, at }) {
    const bytes = elementBytes[at.pointer.element];
    const [source, to] = [m.access(from, bytes, false), m.access(at, bytes, true)];
    const copy = Array.from({ length: bytes }, (_, i) => source.bytes.getUint8(source.at + i));
    copy.forEach((byte, i) => {
      to.bytes.setUint8(to.at + i, byte);
    });
  },
  loop(m, { counter }) {
    if (m.integer(counter) <= 0) m.at = m.jumps[m.at]!;
  },
  if(m, { a, comparison, b }) {
    if (!comparisons[comparison](m.integer(a), m.integer(b))) m.at = m.jumps[m.at]!;
  },
  else(m) {
    m.at = m.jumps[m.at]!;
  },
  end(m) {
    const start = m.jumps[m.at]!;
    if (start < 0) return;
    const { counter } = m.recording.operations[start] as { counter: Integer };
    const left = m.integer(counter) - 1;
    m.set(counter, left);
    if (left > 0) m.at = start;
  },
};
