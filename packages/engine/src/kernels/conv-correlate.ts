// The kernel behind gradients with respect to weights: sums of products over pixels, for each channel and tap of the input
// and each vector of channels of the output's gradient.

import { inout, input, integer, type Pointer, type Target } from '@sconce/codegen';
import { type Family, family, type Region } from '../runtime/family.ts';

/** What {@link correlate} is recorded for. */
export interface CorrelateSpec {
  /** Elements of the input that share a tile, and the distance from one to the next. */
  readonly rows: number;
  readonly rowStep: number;
  /** Vectors of the gradient that share a tile. */
  readonly vectors: number;
  /** Elements from the input of one pixel to that of the next. */
  readonly pixel: number;
  /** Whether sums are added to what is there. */
  readonly add: boolean;
}

/** Arguments of {@link correlate}; distances in elements. */
export interface CorrelateArguments {
  /** Broadcast element by element. */
  readonly x: Region;
  /** Read in vectors. */
  readonly dy: Region;
  readonly dw: Region;
  /** Sums apart from each other, with the steps between their operands. */
  readonly matrices: number;
  readonly xMatrix: number;
  readonly dyMatrix: number;
  readonly dwMatrix: number;
  /** Tiles of the gradient, and three nested loops over tiles of the input for each. */
  readonly groups: number;
  readonly outer: number;
  readonly middle: number;
  readonly inner: number;
  readonly xOuter: number;
  readonly xMiddle: number;
  readonly xInner: number;
  readonly dwOuter: number;
  readonly dwMiddle: number;
  readonly dwInner: number;
  /** From one row of a tile to the next. */
  readonly dwRow: number;
  /** From one vector of the gradient to the next, and of the result. */
  readonly dyVector: number;
  readonly dwVector: number;
  /** What is summed up. */
  readonly images: number;
  readonly height: number;
  readonly width: number;
  readonly xImage: number;
  readonly dyImage: number;
  readonly xRow: number;
  readonly dyRow: number;
}

/** `dw[vectors][rows] (+)= sum over images, rows and pixels of x * dy`. */
export const correlate: Family<CorrelateSpec, CorrelateArguments> = family(
  'conv-correlate',
  {
    x: input('f32'),
    dy: input('f32'),
    dw: inout('f32'),
    matrices: integer(),
    xMatrix: integer(),
    dyMatrix: integer(),
    dwMatrix: integer(),
    groups: integer(),
    outer: integer(),
    middle: integer(),
    inner: integer(),
    xOuter: integer(),
    xMiddle: integer(),
    xInner: integer(),
    dwOuter: integer(),
    dwMiddle: integer(),
    dwInner: integer(),
    dwRow: integer(),
    dyVector: integer(),
    dwVector: integer(),
    images: integer(),
    height: integer(),
    width: integer(),
    xImage: integer(),
    dyImage: integer(),
    xRow: integer(),
    dyRow: integer(),
  },
  (k, spec: CorrelateSpec) => {
    const lanes = k.lanes('f32');
    const rows = [...Array(spec.rows).keys()];
    const vectors = [...Array(spec.vectors).keys()];
    const [xMatrix, dyMatrix, dwMatrix] = [k.pointer('x'), k.pointer('dy'), k.pointer('dw')];
    k.loop(k.integer('matrices'), () => {
      const [dy, dw] = [k.variable(dyMatrix), k.variable(dwMatrix)];
      k.loop(k.integer('groups'), () => {
        const [x0, to0] = [k.variable(xMatrix), k.variable(dw)];
        k.loop(k.integer('outer'), () => {
          const [x1, to1] = [k.variable(x0), k.variable(to0)];
          k.loop(k.integer('middle'), () => {
            const [x2, to2] = [k.variable(x1), k.variable(to1)];
            k.loop(k.integer('inner'), () => {
              tile(x2, dy, to2);
              k.advance(x2, k.integer('xInner'));
              k.advance(to2, k.integer('dwInner'));
            });
            k.advance(x1, k.integer('xMiddle'));
            k.advance(to1, k.integer('dwMiddle'));
          });
          k.advance(x0, k.integer('xOuter'));
          k.advance(to0, k.integer('dwOuter'));
        });
        for (let v = 0; v < spec.vectors; v++) {
          k.advance(dy, k.integer('dyVector'));
          k.advance(dw, k.integer('dwVector'));
        }
      });
      k.advance(xMatrix, k.integer('xMatrix'));
      k.advance(dyMatrix, k.integer('dyMatrix'));
      k.advance(dwMatrix, k.integer('dwMatrix'));
    });

    function tile(x: Pointer<'f32'>, dy: Pointer<'f32'>, to: Pointer<'f32'>): void {
      const sums = rows.map(() => vectors.map(() => k.zero('f32')));
      const [xImage, dyImage] = [k.variable(x), k.variable(dy)];
      k.loop(k.integer('images'), () => {
        const [xRow, dyRow] = [k.variable(xImage), k.variable(dyImage)];
        k.loop(k.integer('height'), () => {
          const at = k.variable(xRow);
          const from = [k.variable(dyRow)];
          for (const v of vectors.slice(1)) {
            from.push(k.variable(from[v - 1]!));
            k.advance(from[v]!, k.integer('dyVector'));
          }
          k.loop(k.integer('width'), () => {
            const gradient = vectors.map((v) => k.load(from[v]!));
            for (const r of rows) {
              const element = k.broadcast(at, r * spec.rowStep);
              for (const v of vectors) k.accumulate(sums[r]![v]!, element, gradient[v]!);
            }
            k.advance(at, spec.pixel);
            for (const v of vectors) k.advance(from[v]!, lanes);
          });
          k.advance(xRow, k.integer('xRow'));
          k.advance(dyRow, k.integer('dyRow'));
        });
        k.advance(xImage, k.integer('xImage'));
        k.advance(dyImage, k.integer('dyImage'));
      });
      const vector = k.variable(to);
      for (const v of vectors) {
        const place = k.variable(vector);
        for (const r of rows) {
          const sum = sums[r]![v]!;
          k.store(spec.add ? k.add(k.load(place), sum) : sum, place);
          k.advance(place, k.integer('dwRow'));
        }
        k.advance(vector, k.integer('dwVector'));
      }
    }
  },
);

/** Tiles of the sums: rows of inputs that divide a block of channels, by vectors of the gradient that registers allow. */
export function correlateTile(target: Target, blocks: number): { rows: number; vectors: number } {
  const lanes = target.lanes('f32');
  if (blocks === 1) return { rows: lanes, vectors: 1 };
  const rows = Math.min(lanes, target.vectorRegisters / 4);
  const others = target.fusedMultiplyAdd ? 1 : 2;
  return { rows, vectors: Math.floor((target.vectorRegisters - others) / (rows + 1)) };
}
