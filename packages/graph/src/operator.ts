/** What an operator of the graph is, how one is defined, and the table that holds them all. */
import type { Tensor } from '@sconce/tensor';
import type { AttributeSpecs, AttributesOf } from './attributes.ts';
import { GraphError } from './errors.ts';
import { type Dimension, type Node, operatorName } from './graph.ts';

/** What an implementation gets besides its input tensors. */
export interface Call<A> {
  readonly node: Node;
  /** The attributes, typed, with defaults filled in. */
  readonly attributes: A;
  /** Whether output `index` is used. */
  wants(index: number): boolean;
  /** Throws a {@link GraphError} that names this node. */
  fail(message: string): never;
  /** Throws unless the attribute's list has the expected length. */
  expectCount(name: string, values: readonly unknown[], count: number, what?: string): void;
}

/** What is known at load time of a node's inputs, for checks that need more than attributes. */
export interface LoadContext {
  /** Shape of input `index` as far as the graph states it (constants exactly). */
  inputShape(index: number): readonly Dimension[] | undefined;
  /** Adds a problem of this node. */
  report(message: string): void;
}

/** One operator at the newest opset. */
export interface OperatorDefinition {
  readonly opType: string;
  readonly domain: string;
  /** Least and most inputs; the first `inputs[0]` of them must not be absent. */
  readonly inputs: readonly [least: number, most: number];
  /** Least and most outputs. */
  readonly outputs: readonly [least: number, most: number];
  readonly attributes: AttributeSpecs;
  /** Further checks at load time. */
  readonly check?: (attributes: never, context: LoadContext) => void;
  /** Computes the outputs; `undefined` stands for an absent optional input. */
  readonly run: (call: Call<never>, ...inputs: never[]) => Tensor | readonly Tensor[];
  /**
   * Whether every output is a new storage or a view of an input, so that the executor may free it after its
   * last use. True for the operators of this package; users' own operators state it.
   */
  readonly ownsOutputs: boolean;
}

/** A definition as it is written down; what is left out has the usual value. */
export interface OperatorOptions<S extends AttributeSpecs> {
  domain?: string;
  inputs: number | readonly [least: number, most: number];
  outputs?: number | readonly [least: number, most: number];
  attributes?: S;
  check?: (attributes: AttributesOf<S>, context: LoadContext) => void;
  run: (call: Call<AttributesOf<S>>, ...inputs: never[]) => Tensor | readonly Tensor[];
  ownsOutputs?: boolean;
}

const range = (value: number | readonly [number, number]): readonly [number, number] =>
  typeof value === 'number' ? [value, value] : value;

/**
 * Completes a definition.
 *
 * @example
 * defineOperator('Relu', { inputs: 1, run: (_call, x: Tensor) => relu(x) })
 */
export function defineOperator<const S extends AttributeSpecs = Record<never, never>>(
  opType: string,
  options: OperatorOptions<S>,
): OperatorDefinition {
  return {
    opType,
    domain: options.domain ?? '',
    inputs: range(options.inputs),
    outputs: range(options.outputs ?? 1),
    attributes: options.attributes ?? {},
    ...(options.check && { check: options.check }),
    run: options.run,
    ownsOutputs: options.ownsOutputs ?? false,
  };
}

/** Operators by domain and name. Registering one twice throws. */
export class OperatorTable {
  readonly #entries = new Map<string, OperatorDefinition>();

  constructor(definitions: Iterable<OperatorDefinition> = []) {
    for (const definition of definitions) this.add(definition);
  }

  /** Adds an operator. Throws a {@link GraphError} when there is one of this domain and name. */
  add(definition: OperatorDefinition): void {
    const key = `${definition.domain}::${definition.opType}`;
    if (this.#entries.has(key))
      throw new GraphError({
        message: `registerOperator: ${operatorName(definition)} is already registered`,
      });
    this.#entries.set(key, definition);
  }

  /** Removes an operator; returns whether there was one. */
  delete(domain: string, opType: string): boolean {
    return this.#entries.delete(`${domain}::${opType}`);
  }

  /** The definition for a node, `undefined` when there is none. */
  get(node: { readonly domain: string; readonly opType: string }): OperatorDefinition | undefined {
    return this.#entries.get(`${node.domain}::${node.opType}`);
  }

  /** All definitions, in order of registration. */
  [Symbol.iterator](): IterableIterator<OperatorDefinition> {
    return this.#entries.values();
  }
}
