// The kernel of Strassen's products: a group of outputs at a time, so that its products are summed up while they are warm.

import {
  type Integer,
  inout,
  input,
  integer,
  type KernelBuilder,
  output,
  type Pointer,
  scalar,
} from '@sconce/codegen';
import { type Family, family, type Region } from '../../runtime/family.ts';
import { multiplyUnit, zeroSums } from './direct-kernel.ts';
import { type EpilogueSpec, finishSum } from './epilogue.ts';
import { step, type Walk } from './pixel-walk.ts';
import { PLAIN_PRODUCTS, STRASSEN_PRODUCTS, sumProducts } from './strassen-forms.ts';

/** Inputs that the innermost loop unrolls; blocks are multiples of it. */
const UNIT = 4;

/** Arguments of {@link strassenProducts}; distances in elements. */
export interface StrassenProductsArguments {
  /** What {@link strassenInputs} made. */
  readonly v: Region;
  /** The first pixel, where quarters of the image are read in place: its blocks, and the way to the paired one. */
  readonly x: Region;
  readonly xBlock: number;
  readonly xHalf: number;
  /** `[groups][products][inputs / 2][vectors * lanes]`. */
  readonly w: Region;
  /** Room for the products of a group, `[products][vectors][pixels][lanes]`. */
  readonly products: Region;
  /** Of the first half of the outputs, and of the second. */
  readonly bias: Region;
  readonly otherBias: Region;
  /** The first of the first pixels, and of the second ones. */
  readonly residual: Region;
  readonly secondResidual: Region;
  readonly y: Region;
  readonly second: Region;
  readonly groups: number;
  /** Blocks of a matrix of inputs, and pixels. */
  readonly blocks: number;
  readonly pixels: number;
  readonly columnTiles: number;
  readonly lastColumnTiles: number;
  readonly inputMatrix: number;
  readonly productMatrix: number;
  readonly yBlock: number;
  /** From a block to the one that it is paired with. */
  readonly yHalf: number;
  /** From behind the last pixel of a row to the first of the next. */
  readonly yGap: number;
  readonly rBlock: number;
  readonly rHalf: number;
  readonly rGap: number;
  /** Pixels that are stored in pairs, and whether one second pixel follows whose partner is the first of the second ones. */
  readonly pairs: number;
  readonly single: number;
  readonly firstLeft: number;
  readonly secondLeft: number;
  readonly columns: number;
  readonly min: number;
  readonly max: number;
}

/** What {@link strassenProducts} is recorded for; there is no padding to mask. */
export interface StrassenProductsSpec extends Omit<EpilogueSpec, 'masked'> {
  readonly vectors: number;
  readonly inPlace: boolean;
  /** Pixels of a tile: the usual ones, then a smaller one if pixels do not divide evenly. */
  readonly tiles: readonly number[];
}

const productsContract = {
  v: input('f32'),
  x: input('f32'),
  xBlock: integer(),
  xHalf: integer(),
  w: input('f32'),
  products: inout('f32'),
  bias: input('f32'),
  otherBias: input('f32'),
  residual: input('f32'),
  secondResidual: input('f32'),
  y: output('f32'),
  second: output('f32'),
  groups: integer(),
  blocks: integer(),
  pixels: integer(),
  columnTiles: integer(),
  lastColumnTiles: integer(),
  inputMatrix: integer(),
  productMatrix: integer(),
  yBlock: integer(),
  yHalf: integer(),
  yGap: integer(),
  rBlock: integer(),
  rHalf: integer(),
  rGap: integer(),
  pairs: integer(),
  single: integer(),
  firstLeft: integer(),
  secondLeft: integer(),
  columns: integer(),
  min: scalar('f32'),
  max: scalar('f32'),
} as const;

type ProductsBuilder = KernelBuilder<typeof productsContract>;

/** Groups of outputs, one after the other: the seven products of each, then their sums with bias, residual and activation. */
export const strassenProducts: Family<StrassenProductsSpec, StrassenProductsArguments> = family(
  'blocked-strassen-products',
  productsContract,
  (k, spec: StrassenProductsSpec) => {
    const lanes = k.lanes('f32');
    const w = k.pointer('w');
    const biases = [k.pointer('bias'), k.pointer('otherBias')];
    const firsts = [k.pointer('y'), k.pointer('second')];
    const residuals = spec.residual ? [k.pointer('residual'), k.pointer('secondResidual')] : [];
    k.loop(k.integer('groups'), () => {
      multiplyMatrices(k, spec, w);
      const products = k.pointer('products');
      k.loop(k.variable(spec.vectors), () => {
        sumBlock(k, spec, products, biases, firsts, residuals);
        for (const bias of biases) k.advance(bias, lanes);
        for (const at of firsts) k.advance(at, k.integer('yBlock'));
        for (const at of residuals) k.advance(at, k.integer('rBlock'));
      });
    });
  },
);

/** The products of one group of outputs; moves `w` behind its weights. */
function multiplyMatrices(
  k: ProductsBuilder,
  { vectors, tiles, inPlace }: StrassenProductsSpec,
  w: Pointer<'f32'>,
): void {
  const lanes = k.lanes('f32');
  const products = k.pointer('products');
  const matrix = k.pointer(inPlace ? 'x' : 'v');
  const block = k.mul(k.integer('pixels'), lanes);
  const inputBlock = inPlace ? k.integer('xBlock') : k.variable(block);
  k.loop(k.variable(STRASSEN_PRODUCTS), (product) => {
    const weights = k.variable(w);
    const [from, to] = [k.variable(matrix), k.variable(products)];
    for (const [i, columns] of tiles.entries()) {
      k.loop(k.integer(i === 0 ? 'columnTiles' : 'lastColumnTiles'), () => {
        k.assign(w, weights);
        const sums = zeroSums(k, vectors, { rows: 1, columns });
        const row = k.variable(from);
        k.loop(k.integer('blocks'), () => {
          const at = k.variable(row);
          k.loop(k.variable(lanes / UNIT), () =>
            multiplyUnit(k, { vectors, pixel: lanes, unit: { count: UNIT, step: 1 } }, [sums], [at], w),
          );
          k.advance(row, inputBlock);
        });
        const place = k.variable(to);
        for (const [line] of sums) {
          for (const [c, sum] of line!.entries()) k.store(sum, place, c * lanes);
          k.advance(place, block);
        }
        k.advance(from, columns * lanes);
        k.advance(to, columns * lanes);
      });
    }
    if (inPlace) nextMatrix(k, product, matrix, inputBlock, block);
    else k.advance(matrix, k.integer('inputMatrix'));
    k.advance(products, k.integer('productMatrix'));
  });
}

/** Goes from quarter to quarter of the image, then to the matrices of sums. */
function nextMatrix(
  k: ProductsBuilder,
  product: Integer,
  matrix: Pointer<'f32'>,
  inputBlock: Integer,
  block: Integer,
): void {
  k.when(
    product,
    '>=',
    PLAIN_PRODUCTS,
    () => k.advance(matrix, k.integer('inputMatrix')),
    () => {
      k.when(product, '==', 0, () => k.advance(matrix, k.integer('xHalf')));
      k.when(product, '==', 1, () => k.advance(matrix, k.mul(k.integer('pairs'), k.lanes('f32'))));
      k.when(product, '==', 2, () => {
        k.assign(matrix, k.pointer('v'));
        k.assign(inputBlock, block);
      });
    },
  );
}

/** One block of outputs and the one that it is paired with; moves `products` to the next. */
function sumBlock(
  k: ProductsBuilder,
  spec: StrassenProductsSpec,
  products: Pointer<'f32'>,
  biases: readonly Pointer<'f32'>[],
  firsts: readonly Pointer<'f32'>[],
  residuals: readonly Pointer<'f32'>[],
): void {
  const lanes = k.lanes('f32');
  const matrix = k.shl(k.integer('productMatrix'), 2);
  const bounds = { min: k.scalar('min'), max: k.scalar('max') };
  const shifts = biases.map((bias) => k.load(bias));
  const walk = (at: Pointer<'f32'>, half: 'yHalf' | 'rHalf', i: number): Walk => {
    const other = k.variable(at);
    k.advance(other, k.integer(half));
    return { pointers: [k.variable(at), other], left: k.integer(i === 0 ? 'firstLeft' : 'secondLeft') };
  };
  const to = firsts.map((at, i) => walk(at, 'yHalf', i));
  const added = residuals.map((at, i) => walk(at, 'rHalf', i));
  /** A first pixel, a second one, or both. */
  const pixel = (...which: readonly number[]): void => {
    const at = k.variable(products);
    const loaded = Array.from({ length: STRASSEN_PRODUCTS }, () => {
      const value = k.load(at);
      k.advanceBytes(at, matrix);
      return value;
    });
    const sums = sumProducts(k, loaded);
    for (const i of which) {
      for (const half of [0, 1]) {
        const other = added[i]?.pointers[half];
        const value = finishSum(k, spec.activation, sums[2 * i + half]!, {
          bias: shifts[half],
          residual: other && k.load(other),
          bounds,
        });
        k.store(value, to[i]!.pointers[half]!);
      }
    }
    k.advance(products, lanes);
  };
  k.loop(k.integer('pairs'), () => {
    pixel(0, 1);
    for (const each of to) step(k, each, lanes, k.integer('columns'), k.integer('yGap'));
    for (const each of added) step(k, each, lanes, k.integer('columns'), k.integer('rGap'));
  });
  k.loop(k.integer('single'), () => pixel(1));
}
