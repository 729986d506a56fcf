/** Builds graphs in code, naming nodes and values that were not named. */
import type { Tensor } from '@sconce/tensor';
import {
  type AttributeValue,
  type Dimension,
  type Graph,
  NEWEST_OPSET,
  type Node,
  type OnnxElementType,
} from './graph.ts';

/** What may be given besides an operator's inputs. */
export interface NodeOptions {
  attributes?: Record<string, AttributeValue>;
  domain?: string;
  name?: string;
  /** Names of the outputs, or how many unnamed ones; one when left out. */
  outputs?: readonly string[] | number;
  /** What unnamed outputs are called after, the operator when left out. */
  hint?: string;
  metadata?: ReadonlyMap<string, string>;
}

/** An empty graph. */
export function emptyGraph(name = 'main_graph'): Graph {
  return {
    name,
    inputs: [],
    outputs: [],
    nodes: [],
    initializers: new Map(),
    valueInfo: new Map(),
    metadata: new Map(),
    graphMetadata: new Map(),
    opset: NEWEST_OPSET,
  };
}

/**
 * Writes a graph node by node.
 *
 * @example
 * const builder = new GraphBuilder();
 * const x = builder.input('x', 'float32', ['N', 3]);
 * builder.output(builder.node('Relu', [x]), 'float32', ['N', 3]);
 * const session = new GraphSession(builder.graph);
 */
export class GraphBuilder {
  readonly graph: Graph;
  readonly #names = new Set<string>();
  readonly #reserved = new Set<string>();

  constructor(name?: string) {
    this.graph = emptyGraph(name);
  }

  /** A name that no value or node has yet: `base`, `base_1`, ... It is taken from then on. */
  unique(base: string): string {
    let name = base;
    for (let count = 1; this.#names.has(name); count++) name = `${base}_${count}`;
    this.#names.add(name);
    return name;
  }

  /** Keeps a name for a value that is added later, or not at all; see {@link take}. */
  reserve(name: string): void {
    this.#names.add(name);
    this.#reserved.add(name);
  }

  /** The name itself if it was reserved and nobody took it yet, else a free one like it. */
  take(name: string): string {
    return this.#reserved.delete(name) ? name : this.unique(name);
  }

  /** Declares an input and returns its name. */
  input(name: string, dtype: OnnxElementType, shape?: readonly Dimension[]): string {
    this.#names.add(name);
    this.graph.inputs.push({ name, dtype, ...(shape && { shape }) });
    return name;
  }

  /** Adds a constant and returns its name. */
  initializer(name: string, value: Tensor): string {
    const unique = this.take(name);
    this.graph.initializers.set(unique, value);
    return unique;
  }

  /** Adds a node and returns the name of its first output. */
  node(opType: string, inputs: readonly string[], options: NodeOptions = {}): string {
    return this.nodes(opType, inputs, options)[0]!;
  }

  /** Adds a node and returns the names of its outputs. */
  nodes(opType: string, inputs: readonly string[], options: NodeOptions = {}): string[] {
    const wanted = options.outputs ?? 1;
    const outputs =
      typeof wanted === 'number'
        ? Array.from({ length: wanted }, () => this.unique(options.hint ?? opType.toLowerCase()))
        : wanted.map((name) => (name === '' ? '' : this.take(name)));
    const node: Node = {
      name: options.name ?? this.unique(`node_${outputs[0]}`),
      opType,
      domain: options.domain ?? '',
      inputs: [...inputs],
      outputs,
      attributes: new Map(Object.entries(options.attributes ?? {})),
      metadata: new Map(options.metadata),
    };
    this.graph.nodes.push(node);
    return outputs;
  }

  /** Declares a value as an output. */
  output(name: string, dtype: OnnxElementType, shape?: readonly Dimension[]): void {
    this.graph.outputs.push({ name, dtype, ...(shape && { shape }) });
  }
}
