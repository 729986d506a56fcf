import { tensor } from '@sconce/tensor';
import { expect, test } from 'vitest';
import { GraphBuilder } from './builder.ts';
import { formatProblem, GraphError } from './errors.ts';
import type { Graph, Node } from './graph.ts';
import { GraphSession } from './session.ts';
import { verify } from './verify.ts';

const problems = (graph: Graph): string[] => verify(graph).map(formatProblem);

function node(name: string, opType: string, inputs: string[], outputs: string[]): Node {
  return { name, opType, domain: '', inputs, outputs, attributes: new Map(), metadata: new Map() };
}

function withNodes(...nodes: Node[]): Graph {
  const builder = new GraphBuilder('test');
  builder.input('x', 'float32', [2]);
  builder.graph.nodes.push(...nodes);
  builder.output('y', 'float32');
  return builder.graph;
}

test('a valid graph has no problems', () => {
  expect(problems(withNodes(node('a', 'Relu', ['x'], ['y'])))).toEqual([]);
});

test('every problem is reported, with node and operator', () => {
  const graph = withNodes(
    node('a', 'Relu', ['x'], ['h']),
    node('a', 'Add', ['h', 'gone'], ['h']),
    node('c', 'Gelu', [], ['g', 'k']),
    node('d', 'Add', ['', 'h'], ['i']),
    node('e', 'Unknown', ['x'], ['j']),
    node('f', 'Unknown', ['x'], ['l']),
  );
  graph.initializers.set('x', tensor([1]));
  graph.opset = 17;
  expect(problems(graph)).toEqual([
    "graph 'test': expected opset 28, got 17",
    "value 'x' is defined twice",
    'Node a (Add): another node has this name',
    "Node a (Add): value 'h' is defined twice",
    "Node a (Add): input 1 'gone' is not defined anywhere",
    "graph output 'y' is not defined anywhere",
    'Node c (Gelu): expected 1 inputs, got 0',
    'Node c (Gelu): expected 1 outputs, got 2',
    'Node d (Add): input 0 must not be absent',
    'operator Unknown is not supported (nodes: e, f)',
  ]);
});

test('a cycle is named by its own nodes, not by those behind it', () => {
  const graph = withNodes(
    node('one', 'Add', ['x', 'b'], ['a']),
    node('two', 'Relu', ['a'], ['b']),
    node('three', 'Relu', ['b'], ['y']),
  );
  expect(problems(graph)).toEqual(['the graph has a cycle (nodes: one, two)']);
});

test('attributes of the wrong kind, value or number are named', () => {
  const conv = node('X', 'Conv', ['x', 'w'], ['y']);
  conv.attributes.set('pads', { type: 'ints', value: [1, 1, 1] });
  conv.attributes.set('strides', { type: 'ints', value: [0, 1] });
  const other = node('Z', 'Conv', ['x', 'w'], ['z']);
  other.attributes.set('auto_pad', { type: 'string', value: 'SAME' });
  other.attributes.set('group', { type: 'float', value: 1 });
  other.attributes.set('size', { type: 'int', value: 1 });
  const flat = node('F', 'Concat', ['x'], ['f']);
  const graph = withNodes(conv, other, flat);
  graph.initializers.set('w', tensor([[[[1]]]]));
  expect(problems(graph)).toEqual([
    "Node X (Conv): attribute 'pads': expected 4 integers, got 3",
    "Node X (Conv): attribute 'strides': expected integers of at least 1, got [0, 1]",
    "Node Z (Conv): attribute 'size': the operator has no such attribute",
    "Node Z (Conv): attribute 'auto_pad': expected one of NOTSET, SAME_UPPER, SAME_LOWER, VALID, got 'SAME'",
    "Node Z (Conv): attribute 'group': expected an integer, got a float",
    "Node F (Concat): attribute 'axis': expected an integer, got nothing",
  ]);
});

test('a session refuses an invalid graph with everything that is wrong', () => {
  const graph = withNodes(node('a', 'Relu', ['x'], ['h']), node('b', 'Nope', ['h'], ['i']));
  expect(() => new GraphSession(graph)).toThrow(GraphError);
  expect(() => new GraphSession(graph)).toThrow(
    "2 problems:\n- graph output 'y' is not defined anywhere\n- operator Nope is not supported (node: b)",
  );
});
