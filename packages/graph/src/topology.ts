/** Order of execution: every node after those whose outputs it reads. */
import type { Graph, Node } from './graph.ts';

/** Nodes in an order that can run, and those that stand in a cycle or between two. */
export interface Order {
  readonly sorted: Node[];
  readonly cyclic: Node[];
}

/** Which node makes each value; the first one where several do. */
export function producers(graph: Graph): Map<string, Node> {
  const made = new Map<string, Node>();
  for (const node of graph.nodes)
    for (const output of node.outputs) if (output !== '' && !made.has(output)) made.set(output, node);
  return made;
}

/**
 * Sorts the nodes topologically (Kahn's algorithm), keeping the given order where it is free. Inputs that no
 * node makes count as available.
 */
export function topologicalOrder(graph: Graph): Order {
  const made = producers(graph);
  const waiting = new Map<Node, number>();
  const readers = new Map<Node, Node[]>();
  const ready: Node[] = [];
  for (const node of graph.nodes) {
    const sources = new Set<Node>();
    for (const input of node.inputs) {
      const source = made.get(input);
      if (source) sources.add(source);
    }
    waiting.set(node, sources.size);
    if (sources.size === 0) ready.push(node);
    for (const source of sources) {
      const list = readers.get(source);
      if (list) list.push(node);
      else readers.set(source, [node]);
    }
  }
  const place = new Map(graph.nodes.map((node, index) => [node, index]));
  const sorted: Node[] = [];
  for (let next = 0; next < ready.length; next++) {
    const node = ready[next]!;
    sorted.push(node);
    for (const reader of readers.get(node) ?? []) {
      const left = waiting.get(reader)! - 1;
      waiting.set(reader, left);
      if (left === 0) ready.push(reader);
    }
  }
  const done = new Set(sorted);
  if (sorted.length === graph.nodes.length && isOrdered(graph.nodes, made, place))
    return { sorted: [...graph.nodes], cyclic: [] };
  return { sorted, cyclic: withoutReaders(graph.nodes.filter((node) => !done.has(node))) };
}

/** Drops the nodes that only wait for a cycle: those whose outputs none of the others reads. */
function withoutReaders(nodes: readonly Node[]): Node[] {
  let left = [...nodes];
  for (;;) {
    const read = new Set(left.flatMap((node) => node.inputs));
    const kept = left.filter((node) => node.outputs.some((output) => output !== '' && read.has(output)));
    if (kept.length === left.length) return kept;
    left = kept;
  }
}

function isOrdered(nodes: readonly Node[], made: Map<string, Node>, place: Map<Node, number>): boolean {
  return nodes.every((node, index) =>
    node.inputs.every((input) => {
      const source = made.get(input);
      return source === undefined || place.get(source)! < index;
    }),
  );
}

/** The nodes out of a sorted list that the wanted values depend on, in the same order. */
export function neededNodes(sorted: readonly Node[], wanted: Iterable<string>): Node[] {
  const needed = new Set(wanted);
  const kept: Node[] = [];
  for (let index = sorted.length - 1; index >= 0; index--) {
    const node = sorted[index]!;
    if (!node.outputs.some((output) => output !== '' && needed.has(output))) continue;
    kept.push(node);
    for (const input of node.inputs) if (input !== '') needed.add(input);
  }
  return kept.reverse();
}
