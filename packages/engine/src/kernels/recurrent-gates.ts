// What recurrent layers do between their matrix products: gates, states, and the gradients of both, row by row of a batch.

import {
  type Contract,
  inout,
  input,
  integer,
  type KernelBuilder,
  output,
  overVectors,
  type Pointer,
  sigmoid,
  tanh,
  type Vector,
  type VectorAccess,
} from '@sconce/codegen';
import type { Region } from '../runtime/family.ts';
import { type FloatFamily, floatFamily } from './float-family.ts';

type F32 = Vector<'f32'>;
type Lanes = Pointer<'f32'>;

/** A buffer of `parts` times `size` elements a row, or of rows that lie `step` elements apart. */
interface Rows {
  readonly pointer: Lanes;
  readonly parts?: number;
  readonly step?: ReturnType<KernelBuilder['integer']>;
}

/**
 * Goes over `rows` rows, each a vector at a time. The body gets, for each buffer in turn, a pointer to each of its parts.
 * Buffers that are left out give no pointers.
 */
function overRows<C extends Contract, const B extends readonly (Rows | undefined)[]>(
  k: KernelBuilder<C>,
  type: 'f32',
  { rows, size }: Readonly<Record<'rows' | 'size', ReturnType<KernelBuilder['integer']>>>,
  buffers: B,
  body: (at: VectorAccess, parts: { readonly [I in keyof B]: readonly Lanes[] }) => void,
): void {
  const tail = k.and(size, k.lanes(type) - 1);
  const places = buffers.map((buffer) => {
    if (buffer === undefined) return { parts: [], skip: tail };
    const { pointer, parts = 1, step } = buffer;
    const pointers = Array.from({ length: parts }, (_, part) => {
      if (part === 0) return pointer;
      const own = k.variable(pointer);
      k.advance(own, k.mul(size, part));
      return own;
    });
    // From where whole vectors end to the next row.
    const width = step ?? (parts === 1 ? undefined : k.mul(size, parts));
    const skip = width === undefined ? tail : k.add(k.sub(width, size), tail);
    return { parts: pointers, skip };
  });
  const pointers = places.flatMap(({ parts }) => parts);
  // One list for each buffer.
  const parts = places.map((place) => place.parts) as unknown as {
    readonly [I in keyof B]: readonly Lanes[];
  };
  k.loop(rows, () => {
    overVectors(k, type, size, pointers, (at) => body(at, parts));
    for (const { parts, skip } of places) for (const pointer of parts) k.advance(pointer, skip);
  });
}

/** Regions and numbers of a gate kernel; what a spec leaves out is `nothing`. */
export type GateArguments<Names extends string> = Readonly<Record<Names, Region>> &
  Readonly<Record<'rows' | 'size' | 'yStep', number>>;

const sizes = { rows: integer(), size: integer(), yStep: integer() } as const;

/** What the forward step of a layer is recorded for. */
export interface GatesSpec {
  /** Whether what the gradients need is kept. */
  readonly save: boolean;
}

/** For an LSTM besides: whether the new state is the result as well. */
interface ResultSpec {
  readonly y: boolean;
}

/** What the gradient of a step is recorded for. */
export interface GateGradientSpec {
  /** Whether the result has a gradient of its own, besides that of the state. */
  readonly dy: boolean;
}

/**
 * A step of an LSTM: `gates[rows, 4 size]` (input, forget, cell, output) become what their functions make of them, `c` and `h` the
 * new states; `cells` keeps the former `c`.
 */
export const lstmGates: FloatFamily<
  GatesSpec & ResultSpec,
  GateArguments<'gates' | 'c' | 'cells' | 'h' | 'y'>
> = floatFamily(
  'lstm-gates',
  (type) => ({
    gates: inout(type),
    c: inout(type),
    cells: output(type),
    h: output(type),
    y: output(type),
    ...sizes,
  }),
  (k, spec: GatesSpec & ResultSpec, type) => {
    const buffers = [
      { pointer: k.pointer('gates'), parts: 4 },
      { pointer: k.pointer('c') },
      { pointer: k.pointer('h') },
      spec.save ? { pointer: k.pointer('cells') } : undefined,
      spec.y ? { pointer: k.pointer('y'), step: k.integer('yStep') } : undefined,
    ] as const;
    const extent = { rows: k.integer('rows'), size: k.integer('size') };
    overRows(k, type, extent, buffers, (at, [gates, [c], [h], [cells], [y]]) => {
      const [inputGate, forgetGate, cellGate, outputGate] = gates!.map((gate, i) => {
        const value = at.load(gate);
        const active = i === 2 ? tanh(k, value) : sigmoid(k, value);
        if (spec.save) at.store(active, gate);
        return active;
      }) as [F32, F32, F32, F32];
      const before = at.load(c!);
      if (cells !== undefined) at.store(before, cells);
      const cell = k.fma(forgetGate, before, k.mul(inputGate, cellGate));
      at.store(cell, c!);
      const state = k.mul(outputGate, tanh(k, cell));
      at.store(state, h!);
      if (y !== undefined) at.store(state, y);
    });
  },
);

/** Sum of the gradients that come from the next step and from the result. */
function incoming(k: KernelBuilder, at: VectorAccess, dh: Lanes, dy: Lanes | undefined): F32 {
  return dy === undefined ? at.load(dh) : k.add(at.load(dh), at.load(dy));
}

/** The gradient of a sigmoid's argument from that of its value. */
function throughSigmoid(k: KernelBuilder, grad: F32, value: F32): F32 {
  return k.mul(grad, k.fnma(value, value, value));
}

/** The gradient of a hyperbolic tangent's argument from that of its value. */
function throughTanh(k: KernelBuilder, grad: F32, value: F32): F32 {
  return k.mul(grad, k.fnma(value, value, 1));
}

/**
 * The gradient of {@link lstmGates}, from what it kept and `dh`, `dy`, `dc` of the states after it: `dgates`, and in `dc` that of
 * the `c` before. With `raw`, what `h` was is computed anew.
 */
export const lstmGateGradients: FloatFamily<
  GateGradientSpec & { readonly raw: boolean },
  GateArguments<'gates' | 'cells' | 'dy' | 'dh' | 'dc' | 'dgates' | 'raw'>
> = floatFamily(
  'lstm-gate-gradients',
  (type) => ({
    gates: input(type),
    cells: input(type),
    dy: input(type),
    dh: input(type),
    dc: inout(type),
    dgates: output(type),
    raw: output(type),
    ...sizes,
  }),
  (k, spec: GateGradientSpec & { readonly raw: boolean }, type) => {
    const buffers = [
      { pointer: k.pointer('gates'), parts: 4 },
      { pointer: k.pointer('cells') },
      spec.dy ? { pointer: k.pointer('dy'), step: k.integer('yStep') } : undefined,
      { pointer: k.pointer('dh') },
      { pointer: k.pointer('dc') },
      { pointer: k.pointer('dgates'), parts: 4 },
      spec.raw ? { pointer: k.pointer('raw') } : undefined,
    ] as const;
    const extent = { rows: k.integer('rows'), size: k.integer('size') };
    overRows(k, type, extent, buffers, (at, [gates, [cells], [dy], [dh], [dc], dgates, [raw]]) => {
      const [i, f, g, o] = gates!.map((gate) => at.load(gate)) as [F32, F32, F32, F32];
      const before = at.load(cells!);
      const cell = tanh(k, k.fma(f, before, k.mul(i, g)));
      if (raw !== undefined) at.store(k.mul(o, cell), raw);
      const grad = incoming(k, at, dh!, dy);
      const [di, df, dg, dO] = dgates! as [Lanes, Lanes, Lanes, Lanes];
      at.store(throughSigmoid(k, k.mul(grad, cell), o), dO);
      const ofCell = k.add(throughTanh(k, k.mul(grad, o), cell), at.load(dc!));
      at.store(throughSigmoid(k, k.mul(ofCell, g), i), di);
      at.store(throughSigmoid(k, k.mul(ofCell, before), f), df);
      at.store(throughTanh(k, k.mul(ofCell, i), g), dg);
      at.store(k.mul(ofCell, f), dc!);
    });
  },
);

/**
 * A step of a GRU: `gates[rows, 3 size]` (reset, update, new) of the input and `hidden` of the state, likewise, give the new `h`.
 * The gates become what their functions make of them; `states` keeps the former `h`, `news` the state's share of the new gate.
 */
export const gruGates: FloatFamily<
  GatesSpec,
  GateArguments<'gates' | 'hidden' | 'h' | 'states' | 'news' | 'y'>
> = floatFamily(
  'gru-gates',
  (type) => ({
    gates: inout(type),
    hidden: input(type),
    h: inout(type),
    states: output(type),
    news: output(type),
    y: output(type),
    ...sizes,
  }),
  (k, spec: GatesSpec, type) => {
    const buffers = [
      { pointer: k.pointer('gates'), parts: 3 },
      { pointer: k.pointer('hidden'), parts: 3 },
      { pointer: k.pointer('h') },
      spec.save ? { pointer: k.pointer('states') } : undefined,
      spec.save ? { pointer: k.pointer('news') } : undefined,
      { pointer: k.pointer('y'), step: k.integer('yStep') },
    ] as const;
    const extent = { rows: k.integer('rows'), size: k.integer('size') };
    overRows(k, type, extent, buffers, (at, [gates, hidden, [h], [states], [news], [y]]) => {
      const [ofReset, ofUpdate, ofNew] = gates! as [Lanes, Lanes, Lanes];
      const [r, z, n] = hidden!.map((part) => at.load(part)) as [F32, F32, F32];
      const reset = sigmoid(k, k.add(at.load(ofReset), r));
      const update = sigmoid(k, k.add(at.load(ofUpdate), z));
      const fresh = tanh(k, k.fma(reset, n, at.load(ofNew)));
      const before = at.load(h!);
      if (states !== undefined) {
        at.store(reset, ofReset);
        at.store(update, ofUpdate);
        at.store(fresh, ofNew);
        at.store(before, states);
        at.store(n, news!);
      }
      const state = k.fma(k.sub(before, fresh), update, fresh);
      at.store(state, h!);
      at.store(state, y!);
    });
  },
);

/**
 * The gradient of {@link gruGates} from what it kept: `dgates` of the input's gates, `dhidden` of the state's, and in `dh` the
 * part of the former state's that does not come through `hidden`.
 */
export const gruGateGradients: FloatFamily<
  GateGradientSpec,
  GateArguments<'gates' | 'states' | 'news' | 'dy' | 'dh' | 'dgates' | 'dhidden'>
> = floatFamily(
  'gru-gate-gradients',
  (type) => ({
    gates: input(type),
    states: input(type),
    news: input(type),
    dy: input(type),
    dh: inout(type),
    dgates: output(type),
    dhidden: output(type),
    ...sizes,
  }),
  (k, spec: GateGradientSpec, type) => {
    const buffers = [
      { pointer: k.pointer('gates'), parts: 3 },
      { pointer: k.pointer('states') },
      { pointer: k.pointer('news') },
      spec.dy ? { pointer: k.pointer('dy'), step: k.integer('yStep') } : undefined,
      { pointer: k.pointer('dh') },
      { pointer: k.pointer('dgates'), parts: 3 },
      { pointer: k.pointer('dhidden'), parts: 3 },
    ] as const;
    const extent = { rows: k.integer('rows'), size: k.integer('size') };
    overRows(k, type, extent, buffers, (at, [gates, [states], [news], [dy], [dh], dgates, dhidden]) => {
      const [reset, update, fresh] = gates!.map((gate) => at.load(gate)) as [F32, F32, F32];
      const grad = incoming(k, at, dh!, dy);
      const ofUpdate = throughSigmoid(k, k.mul(grad, k.sub(at.load(states!), fresh)), update);
      const ofNew = throughTanh(k, k.fnma(grad, update, grad), fresh);
      const ofReset = throughSigmoid(k, k.mul(ofNew, at.load(news!)), reset);
      at.store(k.mul(grad, update), dh!);
      for (const [reset, update] of [dgates!, dhidden!]) {
        at.store(ofReset, reset!);
        at.store(ofUpdate, update!);
      }
      at.store(ofNew, dgates![2]!);
      at.store(k.mul(ofNew, reset), dhidden![2]!);
    });
  },
);

/** The function of an Elman network. */
export interface ElmanFunction {
  readonly of: 'tanh' | 'relu';
}

/** A step of an Elman network: `gates[rows, size]` become the new `h`. */
export const elmanGates: FloatFamily<
  GatesSpec & ElmanFunction,
  GateArguments<'gates' | 'h' | 'y'>
> = floatFamily(
  'elman-gates',
  (type) => ({ gates: inout(type), h: output(type), y: output(type), ...sizes }),
  (k, spec: GatesSpec & ElmanFunction, type) => {
    const buffers = [
      { pointer: k.pointer('gates') },
      { pointer: k.pointer('h') },
      { pointer: k.pointer('y'), step: k.integer('yStep') },
    ] as const;
    const extent = { rows: k.integer('rows'), size: k.integer('size') };
    overRows(k, type, extent, buffers, (at, [[gates], [h], [y]]) => {
      const sum = at.load(gates!);
      const state = spec.of === 'tanh' ? tanh(k, sum) : k.pmax(sum, 0);
      if (spec.save) at.store(state, gates!);
      at.store(state, h!);
      at.store(state, y!);
    });
  },
);

/** The gradient of {@link elmanGates}. */
export const elmanGateGradients: FloatFamily<
  GateGradientSpec & ElmanFunction,
  GateArguments<'gates' | 'dy' | 'dh' | 'dgates'>
> = floatFamily(
  'elman-gate-gradients',
  (type) => ({ gates: input(type), dy: input(type), dh: input(type), dgates: output(type), ...sizes }),
  (k, spec: GateGradientSpec & ElmanFunction, type) => {
    const buffers = [
      { pointer: k.pointer('gates') },
      spec.dy ? { pointer: k.pointer('dy'), step: k.integer('yStep') } : undefined,
      { pointer: k.pointer('dh') },
      { pointer: k.pointer('dgates') },
    ] as const;
    const extent = { rows: k.integer('rows'), size: k.integer('size') };
    overRows(k, type, extent, buffers, (at, [[gates], [dy], [dh], [dgates]]) => {
      const state = at.load(gates!);
      const grad = incoming(k, at, dh!, dy);
      const through =
        spec.of === 'tanh' ? throughTanh(k, grad, state) : k.select(k.compare(state, '<=', 0), 0, grad);
      at.store(through, dgates!);
    });
  },
);

/** `sum[rows, size] = dh`, with `dy` added where there is one. */
export const stateGradients: FloatFamily<GateGradientSpec, GateArguments<'dy' | 'dh' | 'sum'>> = floatFamily(
  'state-gradients',
  (type) => ({ dy: input(type), dh: input(type), sum: output(type), ...sizes }),
  (k, spec: GateGradientSpec, type) => {
    const buffers = [
      spec.dy ? { pointer: k.pointer('dy'), step: k.integer('yStep') } : undefined,
      { pointer: k.pointer('dh') },
      { pointer: k.pointer('sum') },
    ] as const;
    const extent = { rows: k.integer('rows'), size: k.integer('size') };
    overRows(k, type, extent, buffers, (at, [[dy], [dh], [sum]]) => {
      at.store(incoming(k, at, dh!, dy), sum!);
    });
  },
);

/** Rows of a projected state, `size` elements each, written under the result's step as well. */
export const copyRows: FloatFamily<Record<never, never>, GateArguments<'h' | 'y'>> = floatFamily(
  'copy-rows',
  (type) => ({ h: input(type), y: output(type), ...sizes }),
  (k, _spec: Record<never, never>, type) => {
    const buffers = [
      { pointer: k.pointer('h') },
      { pointer: k.pointer('y'), step: k.integer('yStep') },
    ] as const;
    const extent = { rows: k.integer('rows'), size: k.integer('size') };
    overRows(k, type, extent, buffers, (at, [[h], [y]]) => at.store(at.load(h!), y!));
  },
);
