// Recurrent layers, one direction at a time: the products with the state and what is done between them, step after step. The
// products with the whole input, and those that give the gradients of the weights, are the caller's: they are one `gemm` each.

import type { FloatType } from '@sconce/codegen';
import { EngineError } from '../errors.ts';
import { type FloatDType, floatLanes } from '../float-type.ts';
import { checkSizes, regionOf } from '../operands.ts';
import { executor } from '../runtime/executor.ts';
import { nothing, part, type Region, wholeOf } from '../runtime/region.ts';
import { forkRanges, passTime, productTime } from '../threads/split.ts';
import type { Slice } from '../types.ts';
import { divide, PANELS_IN_PLACE } from './gemm.ts';
import type { RightOperand } from './gemm-blocked.ts';
import { tileOf } from './gemm-micro.ts';
import { packedRightElements, packRight } from './gemm-operand.ts';
import {
  copyRows,
  elmanGateGradients,
  elmanGates,
  gruGateGradients,
  gruGates,
  lstmGateGradients,
  lstmGates,
  stateGradients,
} from './recurrent-gates.ts';

/** Rows of a batch for each thread from which on threads take rows for all steps, instead of columns of each product. */
const ROWS_PER_THREAD = 8;

/** Up to this many rows of states are read where they lie: each element is used too seldom for packing to pay. */
const FEW_ROWS = 4;

/** So are rows of up to this many elements, which do not push each other out of the first-level cache. */
const SHORT_ROW = 512;

/** What a recurrent layer computes, in one direction. */
export interface RecurrentShape {
  /** LSTM, GRU, or an Elman network with this function. */
  readonly kind: 'lstm' | 'gru' | 'tanh' | 'relu';
  readonly dtype?: FloatDType;
  /** How many sequences have each step; none has more than the one before. Rows of all steps follow each other. */
  readonly batchSizes: readonly number[];
  /** Elements of a gate. */
  readonly hidden: number;
  /** Elements of the state, where an LSTM's is projected. */
  readonly projected?: number;
  /** Whether it goes from the last step to the first. */
  readonly reverse?: boolean;
}

/** Parameters of {@link recurrentForward}. N is the number of rows of all steps, B of the first, S the size of the state. */
export interface RecurrentForwardParameters extends RecurrentShape {
  /** [N, gates * hidden]: in, the gates' sums of input and biases; out, with `save`, the gates themselves. */
  readonly gates: Slice;
  /** [gates * hidden, S]: weights of the state. */
  readonly weight: Slice;
  /** [3 * hidden]: a GRU's bias of the state. */
  readonly bias?: Slice;
  /** [S, hidden]: a projection. */
  readonly projection?: Slice;
  /** [B, S]: the state, which goes on to be that after the last step of each sequence. */
  readonly h: Slice;
  /** [B, hidden]: an LSTM's cell state, likewise. */
  readonly c?: Slice;
  /** Results, rows of S elements that lie `yStep` apart. */
  readonly y: Slice;
  readonly yStep: number;
  /** Whether what {@link recurrentBackward} needs is kept, in `gates` and the operands that follow. */
  readonly save: boolean;
  /** [N, hidden]: the former cell states of an LSTM, or states of a GRU. */
  readonly former?: Slice;
  /** [N, hidden]: a GRU's products of state and weights of the new gate. */
  readonly news?: Slice;
}

/** Parameters of {@link recurrentBackward}. */
export interface RecurrentBackwardParameters extends RecurrentShape {
  /** As {@link recurrentForward} left them. */
  readonly gates: Slice;
  readonly former?: Slice;
  readonly news?: Slice;
  readonly weight: Slice;
  readonly projection?: Slice;
  /** Gradient of the results, rows of S elements that lie `dyStep` apart; zero if left out. */
  readonly dy?: Slice;
  readonly dyStep?: number;
  /** [B, S]: in, the gradient of the last states; out, that of the first ones. */
  readonly dh: Slice;
  /** [B, hidden]: likewise of an LSTM's cell states. */
  readonly dc?: Slice;
  /** [N, gates * hidden]: gets the gradient of the gates' sums. */
  readonly dgates: Slice;
  /** [N, 3 * hidden]: for a GRU, gets that of the state's share of these sums. */
  readonly dhidden?: Slice;
  /** [N, S]: with a projection, gets the gradient of the states. */
  readonly dstates?: Slice;
  /** [N, hidden]: with a projection, gets the states before it. */
  readonly raw?: Slice;
}

const gateCounts = { lstm: 4, gru: 3, tanh: 1, relu: 1 } as const;

/** A step: its number of rows, and where in all rows it begins. */
interface Step {
  readonly rows: number;
  readonly at: number;
}

/** What both directions of time need to know. */
interface Layer {
  readonly type: FloatType;
  readonly bytes: 4 | 8;
  readonly steps: readonly Step[];
  readonly all: number;
  readonly batch: number;
  readonly hidden: number;
  /** Elements of the gates of a row, and of a state. */
  readonly width: number;
  readonly state: number;
  readonly operand: (name: string, slice: Slice | undefined, elements: number) => Region;
}

function layerOf(kernel: string, p: RecurrentShape): Layer {
  const { kind, batchSizes, hidden, projected } = p;
  const { type, bytes } = floatLanes(kernel, p.dtype);
  checkSizes(kernel, { hidden }, 1);
  if (projected !== undefined) {
    checkSizes(kernel, { projected }, 1);
    if (kind !== 'lstm') throw new EngineError(kernel, 'only the states of an LSTM are projected');
  }
  let all = 0;
  const steps = batchSizes.map((rows, i): Step => {
    checkSizes(kernel, { [`batchSizes[${i}]`]: rows });
    if (i > 0 && rows > batchSizes[i - 1]!) {
      throw new EngineError(kernel, 'batch sizes grow', `at most ${batchSizes[i - 1]} at step ${i}`, rows);
    }
    const at = all;
    all += rows;
    return { rows, at };
  });
  return {
    type,
    bytes,
    steps: p.reverse ? steps.reverse() : steps,
    all,
    batch: batchSizes[0] ?? 0,
    hidden,
    width: gateCounts[kind] * hidden,
    state: projected ?? hidden,
    operand: (name, slice, elements) => {
      if (slice === undefined) throw new EngineError(kernel, `${name} is missing`, 'a slice');
      return regionOf(kernel, name, slice, elements, bytes);
    },
  };
}

/** Weights packed for the products of all steps: `k` to `n` elements a row. */
interface Weights {
  readonly operand: RightOperand;
  readonly n: number;
  readonly k: number;
}

/** Calls `body` with weights of [n, k], as they are or transposed, packed. */
function withWeights(
  { type, bytes }: Layer,
  matrices: readonly (
    | {
        readonly region: Region;
        readonly rows: number;
        readonly columns: number;
        readonly transposed: boolean;
      }
    | undefined
  )[],
  body: (weights: readonly (Weights | undefined)[]) => void,
): void {
  const current = executor();
  const borrowed: ReturnType<typeof current.borrow>[] = [];
  try {
    body(
      matrices.map((matrix) => {
        if (matrix === undefined) return undefined;
        const { region, rows, columns, transposed } = matrix;
        const [n, k] = transposed ? [rows, columns] : [columns, rows];
        const storage = current.borrow(packedRightElements(n, k, type) * bytes);
        borrowed.push(storage);
        const to = wholeOf(storage);
        packRight({ region, stride: columns, transposed, n, k, type }, to);
        return { n, k, operand: { region: to, mode: 'panels', packed: true, stride: 0, batch: 0 } };
      }),
    );
  } finally {
    for (const storage of borrowed) current.release(storage);
  }
}

/** `c = a weights + bias`, or with `onto` added to what `c` holds: `m` rows, those of `a` and `c` their own width apart. */
function multiply(
  { type }: Layer,
  { operand, n, k }: Weights,
  m: number,
  a: Region,
  c: Region,
  onto: boolean,
  bias?: Region,
): void {
  const fewPanels = n <= PANELS_IN_PLACE * tileOf(executor().target, type).columns;
  const inPlace = m <= FEW_ROWS || k <= SHORT_ROW || fewPanels;
  divide({
    type,
    m,
    n,
    k,
    a: { region: a, mode: inPlace ? 'rows' : 'packRows', packed: false, stride: k, batch: 0 },
    b: operand,
    c,
    ldc: n,
    cBatch: 0,
    batch: 1,
    alpha: 1,
    beta: onto ? 1 : 0,
    bias,
    rowBias: undefined,
    activation: undefined,
  });
}

/** Calls `body` for ranges of the batch's rows, which have nothing to do with each other. */
function overBatch({ batch, all, width, state }: Layer, body: (first: number, count: number) => void): void {
  const time = productTime(all * width * state) + 8 * passTime(all * width);
  if (batch >= ROWS_PER_THREAD * executor().threads) forkRanges(batch, time, body);
  else body(0, batch);
}

/** Rows of a step that lie in a range of the batch's. */
function rowsIn(step: Step, first: number, count: number): number {
  return Math.max(0, Math.min(step.rows - first, count));
}

/** Borrows memory of the layer's type. */
function withBuffer({ bytes }: Layer, elements: number, body: (buffer: Region) => void): void {
  if (elements === 0) {
    body(nothing);
    return;
  }
  const current = executor();
  const storage = current.borrow(elements * bytes);
  try {
    body(wholeOf(storage));
  } finally {
    current.release(storage);
  }
}

/**
 * Runs a recurrent layer in one direction, as PyTorch's `lstm`, `gru`, `rnn_tanh` and `rnn_relu` (gates in their order).
 *
 * @throws EngineError when a size is invalid, or a slice missing or too small.
 */
export function recurrentForward(p: RecurrentForwardParameters): void {
  const { kind, save, yStep } = p;
  const layer = layerOf('recurrentForward', p);
  const { type, bytes, steps, all, batch, hidden, width, state, operand } = layer;
  checkSizes('recurrentForward', { yStep }, state);
  const projects = p.projected !== undefined;
  const gates = operand('gates', p.gates, all * width);
  const weight = operand('weight', p.weight, width * state);
  const h = operand('h', p.h, batch * state);
  const c = kind === 'lstm' ? operand('c', p.c, batch * hidden) : nothing;
  const y = operand('y', p.y, all === 0 ? 0 : (all - 1) * yStep + state);
  const keeps = save && (kind === 'lstm' || kind === 'gru');
  const former = keeps ? operand('former', p.former, all * hidden) : nothing;
  const news = keeps && kind === 'gru' ? operand('news', p.news, all * hidden) : nothing;
  const bias = p.bias && operand('bias', p.bias, width);
  const projection = projects ? operand('projection', p.projection, state * hidden) : undefined;
  if (all === 0) return;
  const rowsOf = (region: Region, at: number, rows: number, size: number): Region =>
    region === nothing ? nothing : part(region, at * size, rows * size, bytes);
  const current = executor();
  const matrices = [
    { region: weight, rows: width, columns: state, transposed: true },
    projection && { region: projection, rows: state, columns: hidden, transposed: true },
  ];
  const scratch = kind === 'gru' ? width : projects ? hidden : 0;

  // Kernels and arguments are found and written once for each step: looking specs up and spreading objects would count there.
  const ofGru = gruGates[type]({ save });
  const ofLstm = lstmGates[type]({ save, y: !projects });
  const ofElman = elmanGates[type]({ save, of: kind === 'relu' ? 'relu' : 'tanh' });
  const copy = copyRows[type]({});

  withWeights(layer, matrices, ([ofState, ofProjection]) => {
    overBatch(layer, (first, count) => {
      withBuffer(layer, count * scratch, (buffer) => {
        for (const step of steps) {
          const rows = rowsIn(step, first, count);
          if (rows === 0) continue;
          const at = step.at + first;
          const ownGates = rowsOf(gates, at, rows, width);
          const ownH = rowsOf(h, first, rows, state);
          const ownY = part(y, at * yStep, (rows - 1) * yStep + state, bytes);
          const ownFormer = rowsOf(former, at, rows, hidden);
          if (kind === 'gru') {
            multiply(layer, ofState!, rows, ownH, buffer, false, bias);
            current.launch(ofGru, {
              gates: ownGates,
              hidden: part(buffer, 0, rows * width, bytes),
              h: ownH,
              states: ownFormer,
              news: rowsOf(news, at, rows, hidden),
              y: ownY,
              rows,
              size: hidden,
              yStep,
            });
            continue;
          }
          multiply(layer, ofState!, rows, ownH, ownGates, true);
          if (kind !== 'lstm') {
            current.launch(ofElman, { gates: ownGates, h: ownH, y: ownY, rows, size: hidden, yStep });
            continue;
          }
          const raw = projects ? part(buffer, 0, rows * hidden, bytes) : ownH;
          current.launch(ofLstm, {
            gates: ownGates,
            c: rowsOf(c, first, rows, hidden),
            cells: ownFormer,
            h: raw,
            y: projects ? nothing : ownY,
            rows,
            size: hidden,
            yStep,
          });
          if (ofProjection !== undefined) {
            multiply(layer, ofProjection, rows, raw, ownH, false);
            current.launch(copy, { h: ownH, y: ownY, rows, size: state, yStep });
          }
        }
      });
    });
  });
}

/**
 * The gradients of {@link recurrentForward}, from the last step back to the first. Those of weights, input and biases are products
 * and sums of what it gives.
 *
 * @throws EngineError when a size is invalid, or a slice missing or too small.
 */
export function recurrentBackward(p: RecurrentBackwardParameters): void {
  const { kind } = p;
  const layer = layerOf('recurrentBackward', p);
  const { type, bytes, steps, all, batch, hidden, width, state, operand } = layer;
  const projects = p.projected !== undefined;
  const yStep = p.dyStep ?? state;
  checkSizes('recurrentBackward', { dyStep: yStep }, state);
  const keeps = kind === 'lstm' || kind === 'gru';
  const gates = operand('gates', p.gates, all * width);
  const former = keeps ? operand('former', p.former, all * hidden) : nothing;
  const news = kind === 'gru' ? operand('news', p.news, all * hidden) : nothing;
  const weight = operand('weight', p.weight, width * state);
  const projection = projects ? operand('projection', p.projection, state * hidden) : undefined;
  const given = p.dy && operand('dy', p.dy, all === 0 ? 0 : (all - 1) * yStep + state);
  const dh = operand('dh', p.dh, batch * state);
  const dc = kind === 'lstm' ? operand('dc', p.dc, batch * hidden) : nothing;
  const dgates = operand('dgates', p.dgates, all * width);
  const dhidden = kind === 'gru' ? operand('dhidden', p.dhidden, all * width) : nothing;
  const dstates = projects ? operand('dstates', p.dstates, all * state) : nothing;
  const raw = projects ? operand('raw', p.raw, all * hidden) : nothing;
  if (all === 0) return;
  const rowsOf = (region: Region, at: number, rows: number, size: number): Region =>
    region === nothing ? nothing : part(region, at * size, rows * size, bytes);
  const current = executor();
  const matrices = [
    { region: weight, rows: width, columns: state, transposed: false },
    projection && { region: projection, rows: state, columns: hidden, transposed: false },
  ];
  const hasDy = given !== undefined;

  const ofGru = gruGateGradients[type]({ dy: hasDy });
  const ofLstm = lstmGateGradients[type]({ dy: hasDy && !projects, raw: projects });
  const ofElman = elmanGateGradients[type]({ dy: hasDy, of: kind === 'relu' ? 'relu' : 'tanh' });
  const ofStates = stateGradients[type]({ dy: hasDy });
  const backwards = steps.toReversed();

  withWeights(layer, matrices, ([ofState, ofProjection]) => {
    overBatch(layer, (first, count) => {
      withBuffer(layer, projects ? count * hidden : 0, (buffer) => {
        for (const step of backwards) {
          const rows = rowsIn(step, first, count);
          if (rows === 0) continue;
          const at = step.at + first;
          const ownGates = rowsOf(gates, at, rows, width);
          const ownDy = hasDy ? part(given, at * yStep, (rows - 1) * yStep + state, bytes) : nothing;
          const ownDh = rowsOf(dh, first, rows, state);
          const ownDgates = rowsOf(dgates, at, rows, width);
          const ownFormer = rowsOf(former, at, rows, hidden);
          if (kind === 'gru') {
            const ownDhidden = rowsOf(dhidden, at, rows, width);
            current.launch(ofGru, {
              gates: ownGates,
              states: ownFormer,
              news: rowsOf(news, at, rows, hidden),
              dy: ownDy,
              dh: ownDh,
              dgates: ownDgates,
              dhidden: ownDhidden,
              rows,
              size: hidden,
              yStep,
            });
            multiply(layer, ofState!, rows, ownDhidden, ownDh, true);
            continue;
          }
          if (kind !== 'lstm') {
            const own = { gates: ownGates, dy: ownDy, dh: ownDh, dgates: ownDgates };
            current.launch(ofElman, { ...own, rows, size: hidden, yStep });
          } else {
            let [dy, ofRaw] = [ownDy, ownDh];
            if (ofProjection !== undefined) {
              const sum = rowsOf(dstates, at, rows, state);
              current.launch(ofStates, { dy, dh: ownDh, sum, rows, size: state, yStep });
              [dy, ofRaw] = [nothing, part(buffer, 0, rows * hidden, bytes)];
              multiply(layer, ofProjection, rows, sum, ofRaw, false);
            }
            current.launch(ofLstm, {
              gates: ownGates,
              cells: ownFormer,
              dy,
              dh: ofRaw,
              dc: rowsOf(dc, first, rows, hidden),
              dgates: ownDgates,
              raw: rowsOf(raw, at, rows, hidden),
              rows,
              size: hidden,
              yStep,
            });
          }
          multiply(layer, ofState!, rows, ownDgates, ownDh, false);
        }
      });
    });
  });
}
