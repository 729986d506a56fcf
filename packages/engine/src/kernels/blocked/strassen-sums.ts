// The kernels ahead of Strassen's products: sums of quarters of the weights, once, and of the inputs, each time.

import {
  type Integer,
  input,
  integer,
  type KernelBuilder,
  output,
  type Pointer,
  type Vector,
} from '@sconce/codegen';
import { type Family, family, type Region } from '../../runtime/family.ts';
import { step, type Walk } from './pixel-walk.ts';
import { PLAIN_PRODUCTS, sumInputs, sumWeights } from './strassen-forms.ts';

type V = Vector<'f32'>;

/** Stores one value for each product, a matrix apart, from `at` on. */
function storeApart(k: KernelBuilder, values: readonly V[], at: Pointer<'f32'>, matrix: Integer): void {
  const to = k.variable(at);
  for (const value of values) {
    k.store(value, to);
    k.advanceBytes(to, matrix);
  }
}

/** Arguments of {@link strassenWeights}; distances in elements. */
export interface StrassenWeightsArguments {
  /** `[outputs][inputs]`, taps counted as inputs; each half of the inputs is a multiple of the lanes. */
  readonly w: Region;
  /** `[products][outputs / 2][inputs / 2]`. */
  readonly to: Region;
  readonly outputs: number;
  readonly inputs: number;
}

/** Sums of quarters of the weights. */
export const strassenWeights: Family<object, StrassenWeightsArguments> = family(
  'blocked-strassen-weights',
  { w: input('f32'), to: output('f32'), outputs: integer(), inputs: integer() },
  (k) => {
    const lanes = k.lanes('f32');
    const [w, to] = [k.pointer('w'), k.pointer('to')];
    const outputs = k.shr(k.integer('outputs'), 1);
    const inputs = k.shr(k.integer('inputs'), 1);
    const matrix = k.shl(k.mul(outputs, inputs), 2);
    const second = k.mul(outputs, k.integer('inputs'));
    k.loop(outputs, () => {
      const at = quarters(k, w, inputs, second);
      k.loop(k.shr(inputs, Math.log2(lanes)), () => {
        const [b11, b21, b12, b22] = at.map((quarter) => k.load(quarter)) as [V, V, V, V];
        storeApart(k, sumWeights(k, b11, b12, b21, b22), to, matrix);
        for (const quarter of at) k.advance(quarter, lanes);
        k.advance(to, lanes);
      });
      k.advance(w, k.integer('inputs'));
    });
  },
);

/** A place, the same in the second half along one axis, along the other, along both. */
function quarters(
  k: KernelBuilder,
  first: Pointer<'f32'>,
  along: Integer,
  across: Integer,
): [Pointer<'f32'>, Pointer<'f32'>, Pointer<'f32'>, Pointer<'f32'>] {
  const at = [0, 1, 2, 3].map(() => k.variable(first)) as ReturnType<typeof quarters>;
  for (const i of [1, 3]) k.advance(at[i]!, along);
  for (const i of [2, 3]) k.advance(at[i]!, across);
  return at;
}

/** Arguments of {@link strassenInputs}; distances in elements. */
export interface StrassenInputsArguments {
  /** The first of the first pixels, and of the second ones. */
  readonly x: Region;
  readonly second: Region;
  readonly v: Region;
  /** Half the blocks of inputs. */
  readonly blocks: number;
  readonly xBlock: number;
  /** From a block to the one that it is paired with. */
  readonly xHalf: number;
  readonly kernelRows: number;
  readonly kernelColumns: number;
  readonly tapRow: number;
  readonly tapColumn: number;
  /** Pixels of either half. */
  readonly pixels: number;
  readonly pixel: number;
  /** Columns left in the row of the first pixel, and of the second. */
  readonly firstLeft: number;
  readonly secondLeft: number;
  readonly columns: number;
  /** From behind the last pixel of a row to the first of the next. */
  readonly rowGap: number;
  /** From one matrix to the next. */
  readonly matrix: number;
}

/** What {@link strassenInputs} is recorded for: whether quarters of the image itself are left out. */
export interface StrassenInputsSpec {
  readonly inPlace: boolean;
}

/** Sums of quarters of the inputs, `v[matrices][blocks][taps][pixels][lanes]`. */
export const strassenInputs: Family<StrassenInputsSpec, StrassenInputsArguments> = family(
  'blocked-strassen-inputs',
  {
    x: input('f32'),
    second: input('f32'),
    v: output('f32'),
    blocks: integer(),
    xBlock: integer(),
    xHalf: integer(),
    kernelRows: integer(),
    kernelColumns: integer(),
    tapRow: integer(),
    tapColumn: integer(),
    pixels: integer(),
    pixel: integer(),
    firstLeft: integer(),
    secondLeft: integer(),
    columns: integer(),
    rowGap: integer(),
    matrix: integer(),
  },
  (k, { inPlace }: StrassenInputsSpec) => {
    const lanes = k.lanes('f32');
    const [x, second, v] = [k.pointer('x'), k.pointer('second'), k.pointer('v')];
    const matrix = k.shl(k.integer('matrix'), 2);
    const halves = (at: Pointer<'f32'>): [Pointer<'f32'>, Pointer<'f32'>] => {
      const other = k.variable(at);
      k.advance(other, k.integer('xHalf'));
      return [k.variable(at), other];
    };
    k.loop(k.integer('blocks'), () => {
      const [rows, secondRows] = [k.variable(x), k.variable(second)];
      k.loop(k.integer('kernelRows'), () => {
        const [tap, secondTap] = [k.variable(rows), k.variable(secondRows)];
        k.loop(k.integer('kernelColumns'), () => {
          const first: Walk = { pointers: halves(tap), left: k.variable(k.integer('firstLeft')) };
          const other: Walk = { pointers: halves(secondTap), left: k.variable(k.integer('secondLeft')) };
          const [pixel, columns, gap] = [k.integer('pixel'), k.integer('columns'), k.integer('rowGap')];
          const load = ({ pointers }: Walk): V[] => pointers.map((pointer) => k.load(pointer));
          k.loop(k.integer('pixels'), () => {
            const [a11, a12, a21, a22] = [...load(first), ...load(other)] as [V, V, V, V];
            const sums = sumInputs(k, a11, a12, a21, a22).slice(inPlace ? PLAIN_PRODUCTS : 0);
            storeApart(k, sums, v, matrix);
            k.advance(v, lanes);
            for (const walk of [first, other]) step(k, walk, pixel, columns, gap);
          });
          k.advance(tap, k.integer('tapColumn'));
          k.advance(secondTap, k.integer('tapColumn'));
        });
        k.advance(rows, k.integer('tapRow'));
        k.advance(secondRows, k.integer('tapRow'));
      });
      k.advance(x, k.integer('xBlock'));
      k.advance(second, k.integer('xBlock'));
    });
  },
);
