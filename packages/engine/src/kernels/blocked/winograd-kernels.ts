// The two kernels around the products of Winograd's algorithm: tiles of the image into matrices, and products into outputs.

import { input, integer, output, scalar, type Vector } from '@sconce/codegen';
import { type Family, family, type Region } from '../../runtime/family.ts';
import { type EpilogueSpec, finishSum } from './epilogue.ts';
import { type WinogradMethod, winogradForms } from './winograd-transforms.ts';

/** Arguments of {@link scatterTiles}; distances in elements. */
export interface ScatterTilesArguments {
  /** First pixel of the first tile. */
  readonly x: Region;
  readonly v: Region;
  readonly blocks: number;
  readonly xBlock: number;
  readonly xRow: number;
  readonly tileRows: number;
  readonly tileColumns: number;
  /** From one matrix to the next. */
  readonly matrix: number;
}

/** Transforms tiles of overlapping pixels to `v[matrices][blocks][tiles][lanes]`. */
export const scatterTiles: Family<{ readonly method: WinogradMethod }, ScatterTilesArguments> = family(
  'blocked-winograd-input',
  {
    x: input('f32'),
    v: output('f32'),
    blocks: integer(),
    xBlock: integer(),
    xRow: integer(),
    tileRows: integer(),
    tileColumns: integer(),
    matrix: integer(),
  },
  (k, { method }: { readonly method: WinogradMethod }) => {
    const lanes = k.lanes('f32');
    const { size, outputs, stride, input: transform } = winogradForms[method];
    const step = outputs * stride;
    const indices = [...Array(size).keys()];
    const [x, v] = [k.pointer('x'), k.pointer('v')];
    const [matrix, xRow] = [k.shl(k.integer('matrix'), 2), k.shl(k.integer('xRow'), 2)];
    k.loop(k.integer('blocks'), () => {
      const row = k.variable(x);
      k.loop(k.integer('tileRows'), () => {
        const rows = indices.map((i) => {
          const at = k.variable(row);
          if (i < step) k.advanceBytes(row, xRow);
          if (i > step) k.advanceBytes(at, xRow);
          return at;
        });
        k.loop(k.integer('tileColumns'), () => {
          const columns = indices.map((j) =>
            transform(
              k,
              rows.map((at) => k.load(at, j * lanes)),
            ),
          );
          const to = k.variable(v);
          for (const i of indices) {
            for (const value of transform(
              k,
              columns.map((column) => column[i]!),
            )) {
              k.store(value, to);
              k.advanceBytes(to, matrix);
            }
          }
          k.advance(v, lanes);
          for (const at of rows) k.advance(at, step * lanes);
        });
      });
      k.advance(x, k.integer('xBlock'));
    });
  },
);

/** What {@link gatherTiles} is recorded for. */
export interface GatherTilesSpec extends EpilogueSpec {
  readonly method: WinogradMethod;
}

/** Arguments of {@link gatherTiles}; distances in elements. */
export interface GatherTilesArguments {
  readonly products: Region;
  readonly bias: Region;
  readonly mask: Region;
  readonly residual: Region;
  readonly y: Region;
  readonly blocks: number;
  readonly yBlock: number;
  readonly yRow: number;
  readonly rBlock: number;
  readonly rRow: number;
  /** Outputs there are; the last tiles may reach beyond. */
  readonly height: number;
  readonly width: number;
  readonly tileRows: number;
  readonly tileColumns: number;
  readonly matrix: number;
  readonly min: number;
  readonly max: number;
}

/** Transforms `products[matrices][blocks][tiles][lanes]` to tiles of outputs, with bias, residual and activation. */
export const gatherTiles: Family<GatherTilesSpec, GatherTilesArguments> = family(
  'blocked-winograd-output',
  {
    products: input('f32'),
    bias: input('f32'),
    mask: input('f32'),
    residual: input('f32'),
    y: output('f32'),
    blocks: integer(),
    yBlock: integer(),
    yRow: integer(),
    rBlock: integer(),
    rRow: integer(),
    height: integer(),
    width: integer(),
    tileRows: integer(),
    tileColumns: integer(),
    matrix: integer(),
    min: scalar('f32'),
    max: scalar('f32'),
  },
  (k, spec: GatherTilesSpec) => {
    const { size, outputs: tile, output: transformProducts } = winogradForms[spec.method];
    const lanes = k.lanes('f32');
    const indices = [...Array(tile).keys()];
    const [products, bias] = [k.pointer('products'), k.pointer('bias')];
    const [y, residual] = [k.pointer('y'), spec.residual ? k.pointer('residual') : undefined];
    const matrix = k.shl(k.integer('matrix'), 2);
    const bounds = { min: k.scalar('min'), max: k.scalar('max') };
    k.loop(k.integer('blocks'), () => {
      const [yRow, rRow] = [k.variable(y), residual && k.variable(residual)];
      const rowsLeft = k.integer('height');
      k.loop(k.integer('tileRows'), () => {
        const rowsOf = (first: typeof yRow, step: 'yRow' | 'rRow'): (typeof yRow)[] =>
          indices.map(() => {
            const at = k.variable(first);
            k.advance(first, k.integer(step));
            return at;
          });
        const to = rowsOf(yRow, 'yRow');
        const other = rRow ? rowsOf(rRow, 'rRow') : [];
        const columnsLeft = k.integer('width');

        /** Transforms one tile and gives each output to `put`, column by column. */
        const transform = (
          put: (column: number, values: Vector<'f32'>[], put: (i: number) => void) => void,
        ) => {
          const at = k.variable(products);
          const rows = Array.from({ length: size }, () => {
            const row = Array.from({ length: size }, () => {
              const value = k.load(at);
              k.advanceBytes(at, matrix);
              return value;
            });
            return transformProducts(k, row);
          });
          for (const j of indices) {
            const values = transformProducts(
              k,
              rows.map((row) => row[j]!),
            );
            put(j, values, (i) => {
              const value = finishSum(k, spec.activation, values[i]!, {
                bias: k.load(bias),
                residual: spec.residual ? k.load(other[i]!, j * lanes) : undefined,
                bounds,
                mask: spec.masked ? k.load(k.pointer('mask')) : undefined,
              });
              k.store(value, to[i]!, j * lanes);
            });
          }
          k.advance(products, lanes);
          for (const pointer of [...to, ...other]) k.advance(pointer, tile * lanes);
        };

        const whole = k.variable(0);
        k.when(rowsLeft, '>=', tile, () => k.assign(whole, k.shr(k.integer('width'), Math.log2(tile))));
        k.loop(whole, () => transform((_, __, put) => indices.forEach(put)));
        k.assign(columnsLeft, k.sub(columnsLeft, k.shl(whole, Math.log2(tile))));
        k.loop(k.sub(k.integer('tileColumns'), whole), () => {
          transform((j, _, put) =>
            k.when(columnsLeft, '>', j, () => {
              for (const i of indices) k.when(rowsLeft, '>', i, () => put(i));
            }),
          );
          k.increment(columnsLeft, -tile);
        });
        k.increment(rowsLeft, -tile);
      });
      k.advance(bias, lanes);
      k.advance(y, k.integer('yBlock'));
      if (residual) k.advance(residual, k.integer('rBlock'));
    });
  },
);
