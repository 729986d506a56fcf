/** Integers and pointers in x86-64 registers of 64 bits. Control flow is in lower-control.ts. */

import { CodegenError } from '../errors.ts';
import type { Address, IntegerOperator, ScalarOperation } from '../operations.ts';
import { elementBytes, type Integer, type NarrowInteger, type Pointer } from '../types.ts';
import type { FunctionWriter } from './function-writer.ts';
import type { X64Handlers } from './handlers.ts';
import { as, memory, type Register } from './operands.ts';

type ControlCode = 'loop' | 'if' | 'else' | 'end';
type Scalar = Integer | Pointer;
type IntegerElement = NarrowInteger | 'i32' | 'i64';

export const scalarHandlers: X64Handlers<Exclude<ScalarOperation, { code: ControlCode }>> = {
  argument(w, { to, slot }) {
    if (w.isPermanent(to)) return; // stays in the argument block
    w.emit('mov', w.writeGeneral(to), w.argument(slot));
  },
  literal(w, { to, value }) {
    setInteger(w, w.writeGeneral(to), value);
  },
  integer(w, { operator, to, a, b }) {
    integerHandlers[operator](w, to, a, b);
  },
  loadInteger(w, { to, at }) {
    const element = integerElement(at);
    const place = w.address(at);
    const register = w.writeGeneral(to);
    switch (element) {
      case 'i64':
        return w.emit('mov', register, place);
      case 'i32':
        return w.emit('movsxd', register, place);
      case 'i8':
      case 'i16':
        return w.emit('movsx', register, { ...place, bits: element === 'i8' ? 8 : 16 });
      case 'u8':
      case 'u16':
        return w.emit('movzx', as(register, 32), { ...place, bits: element === 'u8' ? 8 : 16 });
    }
  },
  storeInteger(w, { from, at }) {
    const bits = bitsOf(elementBytes[integerElement(at)]);
    w.emit('mov', { ...w.address(at), bits }, as(w.readGeneral(from), bits));
  },
  copyElement(w, { from, at }) {
    const bits = bitsOf(elementBytes[at.pointer.element]);
    const [source, target] = [w.address(from), w.address(at)];
    const value = w.temporaryGeneral();
    if (bits < 32) w.emit('movzx', as(value, 32), { ...source, bits });
    else w.emit('mov', as(value, bits), source);
    w.emit('mov', target, as(value, bits));
  },
};

const integerHandlers: Readonly<
  Record<IntegerOperator, (w: FunctionWriter, to: Scalar, a: Scalar, b: Integer | number) => void>
> = {
  add(w, to, a, b) {
    const left = w.readGeneral(a);
    if (typeof b === 'number') {
      if (w.canTakeOver(to, a)) w.emit('add', w.takeOverGeneral(to, a), b);
      else w.emit('lea', w.writeGeneral(to), memory(left, b));
      return;
    }
    const right = w.readGeneral(b);
    if (w.canTakeOver(to, a)) w.emit('add', w.takeOverGeneral(to, a), right);
    else if (w.canTakeOver(to, b)) w.emit('add', w.takeOverGeneral(to, b), left);
    else w.emit('lea', w.writeGeneral(to), memory(left, 0, { index: right, scale: 1 }));
  },
  sub: (w, to, a, b) => onto(w, 'sub', to, a, b),
  mul(w, to, a, b) {
    if (typeof b === 'number') {
      const left = w.readGeneral(a);
      w.emit('imul_immediate', w.writeGeneral(to), left, b);
    } else onto(w, 'imul', to, a, b);
  },
  and: (w, to, a, b) => onto(w, 'and', to, a, b),
  shl: (w, to, a, b) => shift(w, 'shl', 'shlx', to, a, b),
  shr: (w, to, a, b) => shift(w, 'sar', 'sarx', to, a, b),
  min: (w, to, a, b) => pick(w, 'cmovg', to, a, b),
  max: (w, to, a, b) => pick(w, 'cmovl', to, a, b),
};

/** `to = a`, then `to op= b`. */
function onto(
  w: FunctionWriter,
  mnemonic: 'sub' | 'and' | 'imul',
  to: Scalar,
  a: Scalar,
  b: Integer | number,
): void {
  const right = typeof b === 'number' ? b : w.readGeneral(b);
  const target = copyOf(w, to, a);
  if (mnemonic === 'imul') w.emit('imul', target, right as Register);
  else w.emit(mnemonic, target, right);
}

function shift(
  w: FunctionWriter,
  byConstant: 'shl' | 'sar',
  byVariable: 'shlx' | 'sarx',
  to: Scalar,
  a: Scalar,
  b: Integer | number,
): void {
  if (typeof b === 'number') {
    const target = copyOf(w, to, a);
    if (b > 0) w.emit(byConstant, target, b);
  } else {
    const [left, right] = [w.readGeneral(a), w.readGeneral(b)];
    w.emit(byVariable, w.writeGeneral(to), left, right);
  }
}

/** `to = a`, replaced by `b` where comparing `to` with `b` says so. */
function pick(
  w: FunctionWriter,
  replace: 'cmovg' | 'cmovl',
  to: Scalar,
  a: Scalar,
  b: Integer | number,
): void {
  let right: Register;
  if (typeof b === 'number') {
    right = w.temporaryGeneral();
    setInteger(w, right, b);
  } else right = w.readGeneral(b);
  const target = copyOf(w, to, a);
  w.emit('cmp', target, right);
  w.emit(replace, target, right);
}

/** The result's register, with the operand's value in it; other operands keep theirs. */
function copyOf(w: FunctionWriter, to: Scalar, from: Scalar): Register {
  const source = w.readGeneral(from);
  if (w.canTakeOver(to, from)) return w.takeOverGeneral(to, from);
  const target = w.writeGeneralApart(to);
  w.emit('mov', target, source);
  return target;
}

/** Changes flags. */
function setInteger(w: FunctionWriter, register: Register, value: number): void {
  const low = as(register, 32);
  if (value === 0) w.emit('xor', low, low);
  else if (value > 0) w.emit('mov', low, value);
  else w.emit('mov', register, value);
}

function bitsOf(bytes: 1 | 2 | 4 | 8): 8 | 16 | 32 | 64 {
  return (8 * bytes) as 8 | 16 | 32 | 64;
}

function integerElement({ pointer: { element } }: Address): IntegerElement {
  if (element === 'f32' || element === 'f64' || element === 'f16' || element === 'bf16') {
    throw new CodegenError('integer access', 'element type', 'an integer type', element);
  }
  return element;
}
