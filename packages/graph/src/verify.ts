/** Finds everything that is wrong with a graph before anything runs. */
import { readAttributes } from './attributes.ts';
import type { Problem } from './errors.ts';
import { type Dimension, type Graph, NEWEST_OPSET, type Node, operatorName } from './graph.ts';
import type { OperatorDefinition, OperatorTable } from './operator.ts';
import { operators as builtIn } from './operators/index.ts';
import { topologicalOrder } from './topology.ts';

/** Options of {@link verify}. */
export interface VerifyOptions {
  /** Operators to check against instead of this package's table. */
  operators?: OperatorTable | undefined;
  /** Words a problem about nodes of an unknown operator; by default it names operator and nodes. */
  describeUnknown?: (nodes: readonly Node[]) => string;
}

/**
 * Checks a graph: every value is made once and before it is read, no cycles, outputs exist, operators are
 * known and called with attributes and numbers of inputs and outputs they have. Unknown operators are one
 * problem each, naming their nodes.
 *
 * @returns everything that is wrong, empty for a valid graph
 */
export function verify(graph: Graph, options: VerifyOptions = {}): Problem[] {
  const operators = options.operators ?? builtIn;
  const problems: Problem[] = [];
  if (graph.opset !== NEWEST_OPSET)
    problems.push({ message: `graph '${graph.name}': expected opset ${NEWEST_OPSET}, got ${graph.opset}` });
  checkNames(graph, problems);
  const unknown = new Map<string, Node[]>();
  for (const node of graph.nodes) {
    const definition = operators.get(node);
    if (definition) checkNode(graph, node, definition, problems);
    else {
      const nodes = unknown.get(operatorName(node)) ?? [];
      nodes.push(node);
      unknown.set(operatorName(node), nodes);
    }
  }
  const describe =
    options.describeUnknown ??
    ((nodes) => `operator ${operatorName(nodes[0]!)} is not supported (${listNodes(nodes)})`);
  for (const nodes of unknown.values()) problems.push({ message: describe(nodes) });
  const { cyclic } = topologicalOrder(graph);
  if (cyclic.length > 0) problems.push({ message: `the graph has a cycle (${listNodes(cyclic)})` });
  return problems;
}

/** Names of nodes for a message, the first few of many. */
export function listNodes(nodes: readonly Node[]): string {
  const shown = nodes.slice(0, 8).map((node) => node.name || '(unnamed)');
  const more = nodes.length > 8 ? ` and ${nodes.length - 8} more` : '';
  return `${nodes.length === 1 ? 'node' : 'nodes'}: ${shown.join(', ')}${more}`;
}

function checkNames(graph: Graph, problems: Problem[]): void {
  const made = new Set<string>();
  const make = (name: string, where: Omit<Problem, 'message'>): void => {
    if (made.has(name)) problems.push({ ...where, message: `value '${name}' is defined twice` });
    made.add(name);
  };
  for (const input of graph.inputs) {
    if (input.name === '') problems.push({ message: `graph '${graph.name}': an input has no name` });
    else make(input.name, {});
  }
  for (const name of graph.initializers.keys()) make(name, {});
  const nodeNames = new Set<string>();
  for (const node of graph.nodes) {
    const where = { node: node.name, operator: operatorName(node) };
    if (node.name !== '' && nodeNames.has(node.name))
      problems.push({ ...where, message: 'another node has this name' });
    nodeNames.add(node.name);
    for (const output of node.outputs) if (output !== '') make(output, where);
  }
  for (const node of graph.nodes)
    for (const [index, input] of node.inputs.entries())
      if (input !== '' && !made.has(input))
        problems.push({
          node: node.name,
          operator: operatorName(node),
          message: `input ${index} '${input}' is not defined anywhere`,
        });
  if (graph.outputs.length === 0) problems.push({ message: `graph '${graph.name}' has no outputs` });
  const outputs = new Set<string>();
  for (const { name } of graph.outputs) {
    if (!made.has(name)) problems.push({ message: `graph output '${name}' is not defined anywhere` });
    if (outputs.has(name)) problems.push({ message: `graph output '${name}' is listed twice` });
    outputs.add(name);
  }
}

function checkNode(graph: Graph, node: Node, definition: OperatorDefinition, problems: Problem[]): void {
  const report = (message: string): void => {
    problems.push({ node: node.name, operator: operatorName(node), message });
  };
  const before = problems.length;
  checkCount('inputs', node.inputs, definition.inputs, report);
  checkCount('outputs', node.outputs, definition.outputs, report);
  for (let index = 0; index < Math.min(definition.inputs[0], node.inputs.length); index++)
    if (node.inputs[index] === '') report(`input ${index} must not be absent`);
  const attributes = readAttributes(definition.attributes, node, report);
  if (problems.length === before)
    definition.check?.(attributes as never, {
      report,
      inputShape: (index) => statedShape(graph, node.inputs[index]),
    });
}

function checkCount(
  what: string,
  names: readonly string[],
  [least, most]: readonly [number, number],
  report: (message: string) => void,
): void {
  if (names.length >= least && names.length <= most) return;
  const expected =
    least === most ? `${least}` : most === Infinity ? `at least ${least}` : `${least} to ${most}`;
  report(`expected ${expected} ${what}, got ${names.length}`);
}

function statedShape(graph: Graph, name: string | undefined): readonly Dimension[] | undefined {
  if (name === undefined || name === '') return undefined;
  const known = graph.valueInfo.get(name) ?? graph.inputs.find((input) => input.name === name);
  return graph.initializers.get(name)?.shape ?? known?.shape;
}
