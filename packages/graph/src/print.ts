/** Writes a graph as text that people can read. */
import type { Tensor } from '@sconce/tensor';
import { formatType } from './feeds.ts';
import { type AttributeValue, type Graph, type Node, operatorName } from './graph.ts';

/**
 * The graph as text: inputs, constants, one line a node, outputs.
 *
 * @example
 * graph main (opset 28)
 *   input x: float32[N, 3]
 *   constant w: float32[3, 2]
 *   y = MatMul(x, w)
 *   output y: float32[N, 2]
 */
export function printGraph(graph: Graph): string {
  const lines = [`graph ${graph.name} (opset ${graph.opset})`];
  for (const input of graph.inputs) lines.push(`  input ${input.name}: ${formatType(input)}`);
  for (const [name, value] of graph.initializers) lines.push(`  constant ${name}: ${formatTensor(value)}`);
  for (const node of graph.nodes) lines.push(`  ${printNode(node)}`);
  for (const output of graph.outputs) lines.push(`  output ${output.name}: ${formatType(output)}`);
  return `${lines.join('\n')}\n`;
}

/** One node as text: `y = Conv(x, w; group=1, strides=[2, 2])`. */
export function printNode(node: Node): string {
  const outputs = node.outputs.map((name) => name || '_').join(', ');
  const inputs = node.inputs.map((name) => name || '_').join(', ');
  const attributes = [...node.attributes]
    .map(([name, value]) => `${name}=${formatAttribute(value)}`)
    .join(', ');
  return `${outputs} = ${operatorName(node)}(${inputs}${attributes && `${inputs && '; '}${attributes}`})`;
}

function formatTensor(tensor: Tensor): string {
  const type = `${tensor.dtype}[${tensor.shape.join(', ')}]`;
  return tensor.numel() <= 4 ? `${type} = ${JSON.stringify(plain(tensor.tolist()))}` : type;
}

function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  return typeof value === 'bigint' || (typeof value === 'number' && !Number.isFinite(value))
    ? String(value)
    : value;
}

function formatAttribute(attribute: AttributeValue): string {
  switch (attribute.type) {
    case 'int':
    case 'float':
      return String(attribute.value);
    case 'string':
      return JSON.stringify(attribute.value);
    case 'ints':
    case 'floats':
      return `[${attribute.value.join(', ')}]`;
    case 'strings':
      return `[${attribute.value.map((text) => JSON.stringify(text)).join(', ')}]`;
    case 'tensor':
      return formatTensor(attribute.value);
    default:
      return attribute satisfies never;
  }
}
