import { expect, test } from 'vitest';
import { GraphBuilder } from './builder.ts';
import { neededNodes, topologicalOrder } from './topology.ts';

function chain(): GraphBuilder {
  const builder = new GraphBuilder();
  builder.input('x', 'float32');
  builder.node('Neg', ['b'], { outputs: ['c'] });
  builder.node('Relu', ['x'], { outputs: ['a'] });
  builder.node('Exp', ['a'], { outputs: ['b'] });
  builder.node('Log', ['a'], { outputs: ['d'] });
  return builder;
}

test('nodes are sorted after those they read from', () => {
  const { sorted, cyclic } = topologicalOrder(chain().graph);
  expect(sorted.map((node) => node.opType)).toEqual(['Relu', 'Exp', 'Log', 'Neg']);
  expect(cyclic).toEqual([]);
});

test('an order that can run already is kept', () => {
  const { graph } = chain();
  graph.nodes = [graph.nodes[1]!, graph.nodes[3]!, graph.nodes[2]!, graph.nodes[0]!];
  expect(topologicalOrder(graph).sorted).toEqual(graph.nodes);
});

test('only the nodes that the wanted values need are kept', () => {
  const { sorted } = topologicalOrder(chain().graph);
  expect(neededNodes(sorted, ['d']).map((node) => node.opType)).toEqual(['Relu', 'Log']);
});
