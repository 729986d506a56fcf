/** The backward pass: walks the graph from its roots and brings gradients to where they end. */
import { hasLayers } from '../dispatcher.ts';
import { dtypeInfo } from '../dtype.ts';
import { fail } from '../errors.ts';
import type { Tensor } from '../tensor.ts';
import { AccumulateGrad } from './accumulate.ts';
import { anomaly } from './anomaly.ts';
import { withGradMode } from './mode.ts';
import type { Edge, Grad, GradNode } from './node.ts';
import { OperatorNode } from './operator-node.ts';
import { PassMemory } from './pass-memory.ts';

/** What a backward pass does besides. */
export interface BackwardPass {
  /** Where gradients are wanted; without it they are added to the leaves. */
  readonly captures?: readonly Edge[];
  readonly retainGraph: boolean;
  readonly createGraph: boolean;
}

/**
 * Runs the graph backwards.
 * @returns the gradients at the captures
 */
export function runBackward(
  roots: readonly Edge[],
  seeds: readonly Tensor[],
  { captures, retainGraph, createGraph }: BackwardPass,
): Grad[] {
  const reached = nodesBelow(roots.map((edge) => edge.node));
  const above = captures === undefined ? undefined : nodesAbove(reached, captures);
  const wanted = above?.wanted;
  const needs = wanted && ((edge: Edge) => wanted.has(edge.node));
  const captured: Grad[] = captures?.map(() => undefined) ?? [];
  /** Memory of gradients that someone else holds. */
  const lent = new Set<unknown>(seeds.map((seed) => seed.storage));
  /** Sums that nobody has seen yet, so that they can be added to in place. */
  const sums = new Set<Tensor>();
  // What is recorded, or seen by layers, may be held for ever.
  const memory = createGraph || hasLayers() ? undefined : new PassMemory();
  const pending = new Map<GradNode, Grad[]>();
  const send = (edge: Edge, grad: Tensor): void => {
    let slots = pending.get(edge.node);
    if (slots === undefined) {
      slots = new Array<Grad>(edge.node.outputs.length).fill(undefined);
      pending.set(edge.node, slots);
    }
    const before = slots[edge.output];
    if (before === undefined) {
      slots[edge.output] = grad;
      memory?.hold(grad);
    } else if (!createGraph && sums.has(before)) before.add_(grad);
    else {
      const sum = before.add(grad);
      sums.add(sum);
      slots[edge.output] = sum;
      memory?.adopt(sum);
      memory?.hold(sum);
      memory?.drop(before);
    }
  };
  const dropAll = (grads: readonly Grad[]): void => {
    for (const grad of grads) if (grad !== undefined) memory?.drop(grad);
  };
  const finish = (node: GradNode): void => {
    const arrived = pending.get(node);
    pending.delete(node);
    if (arrived === undefined) return;
    for (const grad of arrived) if (grad !== undefined) sums.delete(grad);
    if (node.watched || !(node instanceof AccumulateGrad || runsAlone(node))) memory?.release(arrived);
    const grads = node.hooked(arrived);
    if (node.hasOutputHooks) for (const grad of grads) if (grad !== undefined) lent.add(grad.storage);
    captures?.forEach((edge, i) => {
      // As in PyTorch, hooks come after where the pass goes on from here.
      if (edge.node !== node) return;
      captured[i] = (above?.running.has(node) ? arrived : grads)[edge.output];
      memory?.release([captured[i]]);
    });
    if (node instanceof AccumulateGrad) {
      const [grad] = grads;
      if (wanted === undefined && grad !== undefined) {
        const taken = createGraph ? grad : owned(grad, node.variable, lent);
        if (taken === grad && node.variable.autograd!.grad === null) memory?.release([grad]);
        node.run([taken]);
      }
      dropAll(arrived);
      return;
    }
    if (above?.running.has(node) === false || grads.every((grad) => grad === undefined)) {
      dropAll(arrived);
      return;
    }
    const run = (): readonly Grad[] => runNode(node, grads, needs);
    const results = memory !== undefined && runsAlone(node) ? memory.run(run) : run();
    if (!retainGraph) node.release();
    results.forEach((grad, i) => {
      const edge = node.edges[i];
      if (grad === undefined || edge === undefined || needs?.(edge) === false) return;
      if (node.lends) lent.add(grad.storage);
      send(edge, grad);
    });
    memory?.sweep(results);
    dropAll(arrived);
  };

  withGradMode(createGraph, () => {
    roots.forEach((edge, i) => {
      send(edge, seeds[i]!);
    });
    const incoming = new Map<GradNode, number>();
    for (const node of reached) {
      for (const edge of node.edges) {
        if (edge?.node instanceof AccumulateGrad) incoming.set(edge.node, (incoming.get(edge.node) ?? 0) + 1);
      }
    }
    for (const { node } of roots) if (node instanceof AccumulateGrad && !incoming.has(node)) finish(node);
    // A node that was made later never lies below one made earlier, but for those of leaves: they run as soon as all
    // that leads to them has run.
    const order = reached.filter((node) => !(node instanceof AccumulateGrad));
    for (const node of order.sort((a, b) => b.sequence - a.sequence)) {
      finish(node);
      for (const edge of node.edges) {
        if (!(edge?.node instanceof AccumulateGrad)) continue;
        const left = incoming.get(edge.node)! - 1;
        incoming.set(edge.node, left);
        if (left === 0) finish(edge.node);
      }
    }
  });
  return captured;
}

/** All nodes that gradients can reach from here. */
function nodesBelow(roots: readonly GradNode[]): GradNode[] {
  const seen = new Set<GradNode>(roots);
  // A set lists what is added while it is walked.
  for (const node of seen) for (const edge of node.edges) if (edge !== undefined) seen.add(edge.node);
  return [...seen];
}

/** Those of the nodes through which gradients reach a capture, and these with those where one is. */
function nodesAbove(
  nodes: readonly GradNode[],
  captures: readonly Edge[],
): { readonly wanted: ReadonlySet<GradNode>; readonly running: ReadonlySet<GradNode> } {
  const targets = new Set(captures.map((edge) => edge.node));
  const wanted = new Set(nodes.filter((node) => node instanceof AccumulateGrad && targets.has(node)));
  const running = new Set<GradNode>();
  const inner = nodes.filter((node) => !(node instanceof AccumulateGrad));
  for (const node of inner.sort((a, b) => a.sequence - b.sequence)) {
    const leads = node.edges.some((edge) => edge !== undefined && wanted.has(edge.node));
    if (leads) running.add(node);
    if (leads || targets.has(node)) wanted.add(node);
  }
  return { wanted, running };
}

/** Whether no code but the library's own sees what a node is given, makes and gives. */
function runsAlone(node: GradNode): boolean {
  return node instanceof OperatorNode && node.trusted && !node.watched;
}

function runNode(
  node: GradNode,
  grads: readonly Grad[],
  needs: ((edge: Edge) => boolean) | undefined,
): readonly Grad[] {
  let results: readonly Grad[];
  try {
    results = node.run(grads, needs);
  } catch (error) {
    if (node.trace !== undefined && error instanceof Error) {
      error.message += `\nIts forward call:\n${node.trace}`;
    }
    throw error;
  }
  if (anomaly.enabled && anomaly.checkNan) {
    results.forEach((grad, i) => {
      if (grad === undefined || dtypeInfo(grad.dtype).kind !== 'float') return;
      if (grad.isnan().any().item() !== true) return;
      const forward = node.trace === undefined ? '' : ` Its forward call:\n${node.trace}`;
      fail('backward', `Function '${node.name}' returned nan values in its ${i}th output.${forward}`);
    });
  }
  return results;
}

/**
 * A gradient that a leaf may keep and write to: the tensor itself where nobody else has its memory, else a copy. What
 * is only added to a gradient that is there needs no copy.
 */
function owned(grad: Tensor, leaf: Tensor, lent: Set<unknown>): Tensor {
  if (leaf.autograd!.grad !== null) return grad;
  const whole =
    grad.base === undefined &&
    grad.isContiguous() &&
    grad.storage.byteLength === grad.numel() * dtypeInfo(grad.dtype).bytes;
  // As in PyTorch the gradient lies in memory as the leaf does.
  if (leaf.isContiguous() && !grad.isContiguous()) return grad.contiguous();
  if (!whole || lent.has(grad.storage)) return grad.clone();
  lent.add(grad.storage);
  return grad;
}
