/** What an upgrade of an operator is, and the tools that converters get. */
import type { AttributeValue, Dimension, Node } from '@sconce/graph';
import type { Tensor } from '@sconce/tensor';

/** What a converter may ask and do besides changing its node. */
export interface UpgradeContext {
  /** Adds a constant and returns its value's name. */
  constant(hint: string, value: Tensor): string;
  /** A value name that is not in use. */
  fresh(hint: string): string;
  /** Shape of a value as far as the file states it. */
  shapeOf(value: string): readonly Dimension[] | undefined;
  /** Refuses the node. */
  fail(message: string): never;
}

/** One change of an operator between two versions. */
export interface Upgrade {
  readonly opType: string;
  /** First version that has the new form; models of older versions are converted. */
  readonly since: number;
  /** Changes the node in place, or returns the nodes that take its place. */
  convert(node: Node, context: UpgradeContext): Node[] | undefined;
}

/** Values of the kinds of attributes that conversions read. */
interface AttributeTypes {
  readonly int: number | bigint;
  readonly float: number;
  readonly ints: readonly (number | bigint)[];
}

/** Takes an attribute of a certain kind off a node; `undefined` when it has none. */
export function takeAttribute<K extends keyof AttributeTypes>(
  node: Node,
  name: string,
  kind: K,
  context: UpgradeContext,
): AttributeTypes[K] | undefined {
  const given = node.attributes.get(name);
  if (given === undefined) return undefined;
  if (given.type !== kind) context.fail(`attribute '${name}': expected ${kind}, got ${given.type}`);
  node.attributes.delete(name);
  return given.value as AttributeTypes[K];
}

/** Sets an input, filling places before it with absent ones. */
export function setInput(node: Node, index: number, value: string): void {
  while (node.inputs.length < index) node.inputs.push('');
  node.inputs[index] = value;
}

/** A helper node that stands in the scope of the one it belongs to. */
export function helperNode(
  like: Node,
  opType: string,
  inputs: string[],
  outputs: string[],
  attributes: Record<string, AttributeValue> = {},
): Node {
  return {
    name: `${like.name}/${opType}`,
    opType,
    domain: '',
    inputs,
    outputs,
    attributes: new Map(Object.entries(attributes)),
    metadata: new Map(like.metadata),
  };
}
