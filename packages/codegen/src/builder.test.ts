import { describe, expect, it } from 'vitest';
import {
  CodegenError,
  input,
  integer,
  type KernelBuilder,
  kernel,
  type Mask,
  output,
  type Vector,
} from './index.ts';
import { record } from './kernel.ts';
import { wasmTarget } from './wasm/target.ts';

const contract = { x: input('f32'), d: input('f64'), y: output('f32'), n: integer() } as const;
type Builder = KernelBuilder<typeof contract>;

const recorded = (body: (k: Builder) => void) => record(kernel('subject', contract, body), wasmTarget);

describe('a wrongly written kernel', () => {
  const mistakes: Record<string, [(k: Builder) => unknown, string]> = {
    'mixes lane types': [
      (k) => k.add<'f32' | 'f64'>(k.load(k.pointer('x')), k.load(k.pointer('d'))),
      'subject: add: operand, expected a vector of f32, got vector<f64> v3',
    ],
    'has no vector among its operands': [
      (k) => k.mul(2, 3),
      'mul: operands, expected a vector among them, got 2 and 3',
    ],
    'changes a constant': [
      (k) => k.accumulate(k.constant('f32', 1), 2, 3),
      'accumulate: a constant cannot change, expected a variable, got vector<f32> v0',
    ],
    'assigns another kind': [
      (k) => k.assign<Vector>(k.zero('f32'), k.zero('f64')),
      'assign: kinds differ, expected vector<f32> v1, got vector<f64> v3',
    ],
    'names an argument that is not there': [
      (k) => k.pointer('z' as 'x'),
      "pointer: no such argument 'z', expected an argument of kind pointer, got nothing",
    ],
    'names an argument of another kind': [
      (k) => k.integer('x' as 'n'),
      "no such argument 'x', expected an argument of kind integer, got pointer",
    ],
    'divides integers': [
      (k) => k.div(k.zero('i32') as Vector as Vector<'f32'>, 2),
      'div: lane type, expected f32 or f64, got i32',
    ],
    'shifts too far': [
      (k) => k.shl(k.zero('i32'), 32),
      'shl: count, expected a constant from 0 to 31, got 32',
    ],
    'counts in fractions': [(k) => k.variable(1.5), 'not a whole number, expected a 32-bit integer, got 1.5'],
    'selects by a mask of another width': [
      (k) => k.select(k.compare(k.zero('f64'), '<', 1), k.zero('f32'), 0),
      'select: mask of another lane width, expected vector<f32>',
    ],
    'combines masks of two widths': [
      (k) => k.and(k.compare(k.zero('f64'), '<', 1), k.compare(k.zero('f32'), '<', 1)),
      'and: operand, expected mask<64>',
    ],
    'combines a mask with a number': [
      (k) => k.or(k.compare(k.zero('f64'), '<', 1), 1 as never as Mask),
      'or: operand, expected mask<64> v3, got 1',
    ],
    'shuffles at an impossible distance': [
      (k) => k.shuffle('swap', k.zero('f32'), k.zero('f32'), 4),
      'shuffle: distance, expected a power of two below 4, got 4',
    ],
    'transposes what is not a square': [
      (k) => k.transpose([k.zero('f32')]),
      'transpose: rows, expected 4, got 1',
    ],
    'converts to the type it has': [(k) => k.convert('i32', k.zero('i32')), 'convert: already of that type'],
    'copies between sizes': [
      (k) => k.copyElement<'f32' | 'f64'>(k.pointer('x'), 0, k.pointer('d'), 0),
      'copyElement: element sizes differ, expected f32, got f64',
    ],
  };
  it.each(Object.entries(mistakes))('that %s is refused', (_, [body, message]) => {
    expect(() => recorded((k) => void body(k))).toThrow(CodegenError);
    expect(() => recorded((k) => void body(k))).toThrow(message);
  });

  it('whose argument names are no identifiers is refused', () => {
    expect(() => kernel('subject', { '1': integer() }, () => {})).toThrow(
      "argument name, expected an identifier, got '1'",
    );
  });
});

describe('a recording', () => {
  it('writes a result straight into the variable it is assigned to', () => {
    const { operations } = recorded((k) => {
      const best = k.load(k.pointer('x'));
      k.loop(k.integer('n'), () => k.assign(best, k.add(best, 1)));
      k.store(best, k.pointer('y'));
    });
    const codes = operations.map(({ code }) => code);
    expect(codes).toEqual(['argument', 'load', 'argument', 'loop', 'binary', 'end', 'argument', 'store']);
  });

  it('keeps a result that is used again', () => {
    const { operations } = recorded((k) => {
      const [a, b] = [k.zero('f32'), k.zero('f32')];
      const sum = k.add(a, b);
      k.assign(a, sum);
      k.store(sum, k.pointer('y'));
      k.store(a, k.pointer('y'));
    });
    expect(operations.filter(({ code }) => code === 'move')).toHaveLength(3);
  });

  it('holds a constant once, however often and wherever it is asked for, and zeros by their sign', () => {
    const { constants } = recorded((k) => {
      const y = k.pointer('y');
      k.loop(k.integer('n'), () => {
        k.store(k.add(k.constant('f32', 2), 2), y);
        k.store(0, y);
        k.store(-0, y);
        k.constant('f32', 99);
      });
    });
    expect(constants.map(({ lanes }) => lanes[0])).toEqual([2, 0, -0]);
  });

  it('makes constants that differ by lane', () => {
    const { constants } = recorded((k) => {
      k.storeFirst(
        k.convert(
          'f32',
          k.constant('i32', (lane) => lane),
        ),
        k.pointer('y'),
      );
    });
    expect(constants[0]?.lanes).toEqual([0, 1, 2, 3]);
  });
});
