/** Integers, pointers and control flow in WebAssembly. */

import { CodegenError } from '../errors.ts';
import type { Address, Comparison, Handlers, IntegerOperator, ScalarOperation } from '../operations.ts';
import { elementBytes } from '../types.ts';
import { blockLocal, type FunctionWriter } from './function-writer.ts';
import type { Mnemonic } from './opcodes.ts';

/** `min` and `max` are the comparison that picks the first operand. */
const integerInstruction = {
  add: 'i32.add',
  sub: 'i32.sub',
  mul: 'i32.mul',
  and: 'i32.and',
  shl: 'i32.shl',
  shr: 'i32.shr_s',
  min: 'i32.lt_s',
  max: 'i32.gt_s',
} as const satisfies Record<IntegerOperator, Mnemonic>;

const comparisonInstruction = {
  '==': 'i32.eq',
  '!=': 'i32.ne',
  '<': 'i32.lt_s',
  '<=': 'i32.le_s',
  '>': 'i32.gt_s',
  '>=': 'i32.ge_s',
} as const satisfies Record<Comparison, Mnemonic>;

/** Loads of one element into an i32. */
export const integerLoad = {
  i8: 'i32.load8_s',
  u8: 'i32.load8_u',
  i16: 'i32.load16_s',
  u16: 'i32.load16_u',
  i32: 'i32.load',
  i64: 'i32.load',
} as const;

const integerStore = {
  i8: 'i32.store8',
  u8: 'i32.store8',
  i16: 'i32.store16',
  u16: 'i32.store16',
  i32: 'i32.store',
} as const;

const copyInstructions = {
  1: ['i32.load8_u', 'i32.store8'],
  2: ['i32.load16_u', 'i32.store16'],
  4: ['i32.load', 'i32.store'],
  8: ['i64.load', 'i64.store'],
} as const;

export const scalarHandlers: Handlers<ScalarOperation, FunctionWriter> = {
  argument(w, { to, slot }) {
    w.emit('local.get', blockLocal);
    w.emit('i32.load', slot * 8);
    w.pop(to);
  },
  literal(w, { to, value }) {
    w.push(value);
    w.pop(to);
  },
  integer(w, { operator, to, a, b }) {
    const picks = operator === 'min' || operator === 'max';
    w.push(a, b);
    if (picks) w.push(a, b);
    w.emit(integerInstruction[operator]);
    if (picks) w.emit('select');
    w.pop(to);
  },
  loadInteger(w, { to, at }) {
    w.emit(integerLoad[integerElement(at)], w.pushAddress(at));
    w.pop(to);
  },
  storeInteger(w, { from, at }) {
    const element = integerElement(at);
    const offset = w.pushAddress(at);
    w.push(from);
    if (element === 'i64') w.emit('i64.extend_i32_s');
    w.emit(element === 'i64' ? 'i64.store' : integerStore[element], offset);
  },
  copyElement(w, { from, at }) {
    const [load, store] = copyInstructions[elementBytes[at.pointer.element]];
    const offset = w.pushAddress(at);
    w.emit(load, w.pushAddress(from));
    w.emit(store, offset);
  },
  loop(w, { counter }) {
    w.push(counter, 0);
    w.emit('i32.gt_s');
    w.emit('if');
    w.emit('loop');
    w.open.push(counter);
  },
  if(w, { a, comparison, b }) {
    w.push(a, b);
    w.emit(comparisonInstruction[comparison]);
    w.emit('if');
    w.open.push(undefined);
  },
  else(w) {
    w.emit('else');
  },
  end(w) {
    const counter = w.open.pop();
    if (counter) {
      w.push(counter, 1);
      w.emit('i32.sub');
      w.emit('local.tee', w.local(counter));
      w.emit('br_if', 0);
      w.emit('end');
    }
    w.emit('end');
  },
};

function integerElement({ pointer: { element } }: Address): keyof typeof integerLoad {
  if (!(element in integerLoad)) {
    throw new CodegenError('integer access', 'element type', 'an integer type', element);
  }
  return element as keyof typeof integerLoad;
}
