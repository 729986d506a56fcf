/** A recurrent layer made of operators that have gradients themselves: for the gradients of its gradients. */
import type { Tensor } from '../tensor.ts';
import { cat, stack } from './joining.ts';
import {
  type DirectionWeights,
  directionsOf,
  type LayerArguments,
  type LayerSpec,
} from './recurrent-layer.ts';

/** The states of some sequences. */
interface States {
  readonly h: Tensor;
  readonly c: Tensor | null;
}

/** The result of the layer's operator, without what is kept for its gradient. */
export function composedLayer(...[x, h, c, weights, spec]: LayerArguments): {
  output: Tensor;
  h: Tensor;
  c: Tensor | null;
} {
  const directions = directionsOf(weights, spec).map((own, d) =>
    direction(x, { h: h.select(0, d), c: c?.select(0, d) ?? null }, own, spec, d === 1),
  );
  const cells = directions.flatMap(({ last }) => (last.c === null ? [] : [last.c]));
  return {
    output: cat(
      directions.map(({ output }) => output),
      1,
    ),
    h: stack(directions.map(({ last }) => last.h)),
    c: cells.length === 0 ? null : stack(cells),
  };
}

function direction(
  x: Tensor,
  first: States,
  weights: DirectionWeights,
  spec: LayerSpec,
  reverse: boolean,
): { output: Tensor; last: States } {
  const { ofInput, inputBias } = weights;
  const product = x.matmul(ofInput.t());
  const sums = inputBias === undefined ? product : product.add(inputBias);
  let row = 0;
  const steps = spec.batchSizes.map((rows) => {
    row += rows;
    return { at: row - rows, rows };
  });
  const outputs: Tensor[] = [];
  let states = first;
  for (const { at, rows } of reverse ? steps.toReversed() : steps) {
    const of = (state: Tensor): Tensor => state.narrow(0, 0, rows);
    const before = { h: of(states.h), c: states.c === null ? null : of(states.c) };
    const after = step(sums.narrow(0, at, rows), before, weights, spec.kind);
    const rest = (now: Tensor, all: Tensor): Tensor =>
      rows === all.shape[0] ? now : cat([now, all.narrow(0, rows, all.shape[0]! - rows)]);
    states = { h: rest(after.h, states.h), c: after.c === null ? null : rest(after.c, states.c!) };
    outputs.push(after.h);
  }
  return { output: cat(reverse ? outputs.reverse() : outputs), last: states };
}

function step(
  sums: Tensor,
  { h, c }: States,
  { ofState, stateBias, projection }: DirectionWeights,
  kind: LayerSpec['kind'],
): States {
  const product = h.matmul(ofState.t());
  const own = stateBias === undefined ? product : product.add(stateBias);
  if (kind === 'gru') {
    const [resetX, updateX, newX] = sums.chunk(3, 1) as [Tensor, Tensor, Tensor];
    const [resetH, updateH, newH] = own.chunk(3, 1) as [Tensor, Tensor, Tensor];
    const fresh = newX.add(resetX.add(resetH).sigmoid().mul(newH)).tanh();
    return { h: h.sub(fresh).mul(updateX.add(updateH).sigmoid()).add(fresh), c: null };
  }
  const all = sums.add(own);
  if (kind !== 'lstm') return { h: kind === 'tanh' ? all.tanh() : all.relu(), c: null };
  const [input, forget, cell, output] = all.chunk(4, 1) as [Tensor, Tensor, Tensor, Tensor];
  const next = forget.sigmoid().mul(c!).add(input.sigmoid().mul(cell.tanh()));
  const raw = output.sigmoid().mul(next.tanh());
  return { h: projection === undefined ? raw : raw.matmul(projection.t()), c: next };
}
