/** Vectors and masks in WebAssembly's v128 values. */

import { CodegenError } from '../errors.ts';
import {
  type BinaryOperator,
  type Comparison,
  type Handlers,
  type MaskOperator,
  shuffleLanes,
  type VectorOperation,
} from '../operations.ts';
import { elementBytes, type FloatType, type IntegerType, isIntegerType, type LaneType } from '../types.ts';
import type { FunctionWriter } from './function-writer.ts';

const shape = { f32: 'f32x4', f64: 'f64x2', i32: 'i32x4', i64: 'i64x2' } as const satisfies Record<
  LaneType,
  string
>;

const bitwise = {
  and: 'v128.and',
  or: 'v128.or',
  xor: 'v128.xor',
  andNot: 'v128.andnot',
} as const satisfies Record<MaskOperator, string>;

const comparisonName = { '==': 'eq', '!=': 'ne', '<': 'lt', '<=': 'le', '>': 'gt', '>=': 'ge' } as const;

const shift = { shl: 'shl', shrLogical: 'shr_u', shrArithmetic: 'shr_s' } as const;

export const vectorHandlers: Handlers<VectorOperation, FunctionWriter> = {
  move(w, { to, from }) {
    w.push(from);
    w.pop(to);
  },
  reinterpret(w, { to, from }) {
    w.push(from);
    w.pop(to);
  },
  splat(w, { to, from }) {
    w.push(from);
    if (to.type === 'i64') w.emit('i64.extend_i32_s');
    w.emit(`${shape[to.type as IntegerType]}.splat`);
    w.pop(to);
  },
  unary(w, { operator, to, a }) {
    w.push(a);
    if (operator === 'neg' || operator === 'abs') w.emit(`${shape[to.type]}.${operator}`);
    else w.emit(`${shape[to.type as FloatType]}.${operator}`);
    w.pop(to);
  },
  binary(w, { operator, to, a, b }) {
    if (to.type === 'i64' && (operator === 'pmin' || operator === 'pmax')) {
      w.push(b, a, a, b);
      w.emit(operator === 'pmax' ? 'i64x2.lt_s' : 'i64x2.gt_s');
      w.emit('v128.bitselect');
      return w.pop(to);
    }
    w.push(a, b);
    w.emit(binaryInstruction(operator, to.type));
    w.pop(to);
  },
  fma(w, { negated, to, a, b, c }) {
    const lanes = shape[to.type as FloatType];
    if (w.features.relaxedSimd) {
      w.push(a, b, c);
      w.emit(`${lanes}.${negated ? 'relaxed_nmadd' : 'relaxed_madd'}`);
    } else {
      w.push(c, a, b);
      w.emit(`${lanes}.mul`);
      w.emit(`${lanes}.${negated ? 'sub' : 'add'}`);
    }
    w.pop(to);
  },
  shift(w, { operator, to, a, count }) {
    w.push(a, count);
    w.emit(`${shape[to.type as IntegerType]}.${shift[operator]}`);
    w.pop(to);
  },
  convert(w, { to, from }) {
    w.push(from);
    if (to.type === 'f32') w.emit('f32x4.convert_i32x4_s');
    else w.emit(`i32x4.${w.features.relaxedSimd ? 'relaxed_trunc' : 'trunc_sat'}_f32x4_s`);
    w.pop(to);
  },
  widen(w, { to, from, half }) {
    w.push(from);
    if (to.type === 'i64') {
      w.emit(`i64x2.extend_${half}_i32x4_s`);
      return w.pop(to);
    }
    if (half === 'high') {
      w.push(from);
      w.emit(
        'i8x16.shuffle',
        Uint8Array.from({ length: 16 }, (_, i) => 8 + (i % 8)),
      );
    }
    w.emit(from.type === 'f32' ? 'f64x2.promote_low_f32x4' : 'f64x2.convert_low_i32x4_s');
    w.pop(to);
  },
  narrow(w, { to, low, high }) {
    const trunc = `i32x4.${w.features.relaxedSimd ? 'relaxed_trunc' : 'trunc_sat'}_f64x2_s_zero` as const;
    for (const half of [low, high]) {
      w.push(half);
      w.emit(to.type === 'f32' ? 'f32x4.demote_f64x2_zero' : trunc);
    }
    w.emit(
      'i8x16.shuffle',
      Uint8Array.from({ length: 16 }, (_, i) => (i < 8 ? i : 8 + i)),
    );
    w.pop(to);
  },
  compare(w, { comparison, to, a, b }) {
    w.push(a, b);
    w.emit(comparisonInstruction(a.type, comparison));
    w.pop(to);
  },
  mask(w, { operator, to, a, b }) {
    w.push(a, b);
    w.emit(bitwise[operator]);
    w.pop(to);
  },
  not(w, { to, a }) {
    w.push(a);
    w.emit('v128.not');
    w.pop(to);
  },
  widenMask(w, { to, from, half }) {
    w.push(from);
    w.emit(`i64x2.extend_${half}_i32x4_s`);
    w.pop(to);
  },
  narrowMask(w, { to, low, high }) {
    w.push(low, high);
    w.emit(
      'i8x16.shuffle',
      Uint8Array.from({ length: 16 }, (_, i) => 8 * (i >> 2) + (i & 3)),
    );
    w.pop(to);
  },
  any(w, { to, a }) {
    w.push(a);
    w.emit('v128.any_true');
    w.pop(to);
  },
  select(w, { to, mask, a, b }) {
    w.push(a, b, mask);
    if (!w.features.relaxedSimd) w.emit('v128.bitselect');
    else w.emit(mask.bits === 64 ? 'i64x2.relaxed_laneselect' : 'i32x4.relaxed_laneselect');
    w.pop(to);
  },
  shuffle(w, { pattern, distance, to, a, b }) {
    const width = elementBytes[to.type];
    const lanes = shuffleLanes(pattern, distance, 16 / width);
    const bytes = lanes.flatMap((lane) => Array.from({ length: width }, (_, i) => lane * width + i));
    w.push(a, b);
    w.emit('i8x16.shuffle', Uint8Array.from(bytes));
    w.pop(to);
  },
};

function binaryInstruction(operator: BinaryOperator, type: LaneType) {
  switch (operator) {
    case 'and':
    case 'or':
    case 'xor':
    case 'andNot':
      return bitwise[operator];
    case 'pmin':
      return type === 'i32' ? 'i32x4.min_s' : (`${shape[type as FloatType]}.pmin` as const);
    case 'pmax':
      return type === 'i32' ? 'i32x4.max_s' : (`${shape[type as FloatType]}.pmax` as const);
    case 'div':
      return `${shape[type as FloatType]}.div` as const;
    case 'scale':
      throw new CodegenError('internal: WebAssembly', 'operator', 'one that it has', operator);
    default:
      return `${shape[type]}.${operator}` as const;
  }
}

function comparisonInstruction(type: LaneType, comparison: Comparison) {
  const name = comparisonName[comparison];
  if (!isIntegerType(type)) return `${shape[type]}.${name}` as const;
  return name === 'eq' || name === 'ne'
    ? (`${shape[type]}.${name}` as const)
    : (`${shape[type]}.${name}_s` as const);
}
