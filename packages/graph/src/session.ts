/** Runs a graph over tensors, node by node, and frees every value after its last use. */
import type { Tensor } from '@sconce/tensor';
import { type AttributeSpecs, type AttributesOf, readAttributes } from './attributes.ts';
import { GraphError } from './errors.ts';
import { checkFeeds } from './feeds.ts';
import { type Graph, type Node, operatorName, type ValueInfo } from './graph.ts';
import { Lifetimes } from './lifetimes.ts';
import type { Call, OperatorDefinition, OperatorTable } from './operator.ts';
import { operators as builtIn } from './operators/index.ts';
import { neededNodes, topologicalOrder } from './topology.ts';
import { verify } from './verify.ts';
import { yieldToEventLoop } from './yield.ts';

/** How long one node took in a run. */
export interface NodeProfile {
  readonly node: string;
  readonly operator: string;
  readonly milliseconds: number;
  /** Shapes of the outputs that are used. */
  readonly shapes: readonly (readonly number[])[];
}

/** Options of a {@link GraphSession}. */
export interface GraphSessionOptions {
  /** Called after every node with the time it took. */
  profile?: (profile: NodeProfile) => void;
  /** Operators to run with instead of this package's table. */
  operators?: OperatorTable;
}

/** Options of one run. */
export interface RunOptions {
  /** Stops the run between two nodes; the promise is rejected with the signal's reason. */
  signal?: AbortSignal;
}

/** One node, ready to run. */
interface Step {
  readonly node: Node;
  readonly definition: OperatorDefinition;
  readonly call: Call<unknown>;
  /** Values that nothing reads after this step. */
  readonly release: readonly string[];
}

interface Plan {
  readonly fetches: readonly string[];
  readonly steps: readonly Step[];
}

/** How long a run may hold the event loop before it gives it a turn. */
const SLICE_MILLISECONDS = 10;

/**
 * A graph that can be run, any number of times and concurrently.
 *
 * @example
 * const session = new GraphSession(graph);
 * const { y } = await session.run({ x });
 */
export class GraphSession {
  readonly graph: Graph;
  readonly #options: GraphSessionOptions;
  readonly #sorted: readonly Node[];
  readonly #plans = new Map<string, Plan>();
  #disposed = false;

  /** Throws a {@link GraphError} with everything that is wrong with the graph. */
  constructor(graph: Graph, options: GraphSessionOptions = {}) {
    const problems = verify(graph, { operators: options.operators });
    if (problems.length > 0) throw new GraphError(problems);
    this.graph = graph;
    this.#options = options;
    this.#sorted = topologicalOrder(graph).sorted;
  }

  /** The values to feed. */
  get inputs(): readonly ValueInfo[] {
    return this.graph.inputs;
  }

  /** The values that a run gives. */
  get outputs(): readonly ValueInfo[] {
    return this.graph.outputs;
  }

  /**
   * Runs the graph, giving the event loop a turn every few milliseconds.
   *
   * @param feeds a tensor for every input
   * @param fetches values to return: names of outputs, or of any value inside the graph; all outputs when left out
   * @throws GraphError for feeds that do not fit, and for a node that fails (named)
   */
  async run(
    feeds: Readonly<Record<string, Tensor>>,
    fetches?: readonly string[],
    options: RunOptions = {},
  ): Promise<Record<string, Tensor>> {
    options.signal?.throwIfAborted();
    const steps = this.#start(feeds, fetches);
    let sliceEnd = performance.now() + SLICE_MILLISECONDS;
    for (;;) {
      const { done, value } = steps.next();
      if (done) return value;
      if (performance.now() < sliceEnd) continue;
      await yieldToEventLoop();
      if (options.signal?.aborted) steps.return({});
      options.signal?.throwIfAborted();
      sliceEnd = performance.now() + SLICE_MILLISECONDS;
    }
  }

  /** Runs the graph in one go, for scripts; blocks until it is done. Arguments and errors as {@link run}. */
  runSync(feeds: Readonly<Record<string, Tensor>>, fetches?: readonly string[]): Record<string, Tensor> {
    const steps = this.#start(feeds, fetches);
    for (;;) {
      const { done, value } = steps.next();
      if (done) return value;
    }
  }

  /** Frees the constants' memory. The graph cannot be run afterwards, by this or any other session. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#plans.clear();
    for (const tensor of constants(this.graph)) tensor.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #start(
    feeds: Readonly<Record<string, Tensor>>,
    fetches: readonly string[] | undefined,
  ): Generator<void, Record<string, Tensor>, void> {
    if (this.#disposed) throw new GraphError({ message: 'run: the session has been disposed' });
    const plan = this.#plan(fetches ?? this.graph.outputs.map((output) => output.name));
    checkFeeds(this.graph.inputs, feeds);
    return execute(this.graph, plan, feeds, this.#options.profile);
  }

  #plan(fetches: readonly string[]): Plan {
    const key = JSON.stringify(fetches);
    let plan = this.#plans.get(key);
    if (plan === undefined) {
      plan = makePlan(this.graph, this.#sorted, fetches, this.#options.operators ?? builtIn);
      this.#plans.set(key, plan);
    }
    return plan;
  }
}

function* constants(graph: Graph): Generator<Tensor> {
  yield* graph.initializers.values();
  for (const node of graph.nodes)
    for (const attribute of node.attributes.values()) if (attribute.type === 'tensor') yield attribute.value;
}

function makePlan(
  graph: Graph,
  sorted: readonly Node[],
  fetches: readonly string[],
  operators: OperatorTable,
): Plan {
  const known = new Set([
    ...graph.inputs.map((input) => input.name),
    ...graph.initializers.keys(),
    ...sorted.flatMap((node) => node.outputs),
  ]);
  const missing = fetches.filter((name) => name === '' || !known.has(name));
  if (missing.length > 0)
    throw new GraphError(
      missing.map((name) => ({ message: `run: the graph has no value '${name}' to fetch` })),
    );
  const nodes = neededNodes(sorted, fetches);
  const lastUse = new Map<string, number>();
  for (const [index, node] of nodes.entries())
    for (const name of [...node.outputs, ...node.inputs]) if (name !== '') lastUse.set(name, index);
  for (const name of fetches) lastUse.delete(name);
  const release: string[][] = nodes.map(() => []);
  for (const [name, index] of lastUse) release[index]!.push(name);
  const steps = nodes.map((node, index) => {
    const definition = operators.get(node)!;
    const attributes = readAttributes(definition.attributes, node, (message) => fail(node, message));
    return { node, definition, call: makeCall(node, attributes), release: release[index]! };
  });
  return { fetches, steps };
}

function fail(node: Node, message: string, cause?: unknown): never {
  throw new GraphError({ node: node.name, operator: operatorName(node), message }, { cause });
}

function makeCall(node: Node, attributes: AttributesOf<AttributeSpecs>): Call<unknown> {
  return {
    node,
    attributes,
    wants: (index) => (node.outputs[index] ?? '') !== '',
    fail: (message) => fail(node, message),
    expectCount(name, values, count, what = 'integers') {
      if (values.length !== count)
        fail(node, `attribute '${name}': expected ${count} ${what}, got ${values.length}`);
    },
  };
}

function* execute(
  graph: Graph,
  plan: Plan,
  feeds: Readonly<Record<string, Tensor>>,
  profile: ((profile: NodeProfile) => void) | undefined,
): Generator<void, Record<string, Tensor>, void> {
  const values = new Map<string, Tensor>(graph.initializers);
  for (const { name } of graph.inputs) values.set(name, feeds[name]!);
  const lifetimes = new Lifetimes([...values.values(), ...constants(graph)]);
  let finished = false;
  try {
    for (const step of plan.steps) {
      const start = profile ? performance.now() : 0;
      const outputs = runStep(step, values);
      for (const [index, name] of step.node.outputs.entries()) {
        if (name === '') continue;
        const output = outputs[index];
        if (output === undefined) fail(step.node, `internal: output ${index} '${name}' was not computed`);
        values.set(name, output);
        lifetimes.add(output, step.definition.ownsOutputs);
      }
      profile?.({
        node: step.node.name,
        operator: operatorName(step.node),
        milliseconds: performance.now() - start,
        shapes: outputs.map((output) => output.shape),
      });
      for (const name of step.release) {
        const value = values.get(name)!;
        values.delete(name);
        lifetimes.release(value);
      }
      yield;
    }
    const results: Record<string, Tensor> = {};
    for (const name of plan.fetches) results[name] = lifetimes.take(values.get(name)!);
    finished = true;
    return results;
  } finally {
    if (!finished) lifetimes.releaseAll();
  }
}

function runStep(step: Step, values: ReadonlyMap<string, Tensor>): readonly Tensor[] {
  const inputs = step.node.inputs.map((name) => (name === '' ? undefined : values.get(name)));
  try {
    const run = step.definition.run as (
      call: unknown,
      ...inputs: (Tensor | undefined)[]
    ) => Tensor | readonly Tensor[];
    const result = run(step.call, ...inputs);
    return Array.isArray(result) ? result : [result as Tensor];
  } catch (error) {
    if (error instanceof GraphError) throw error;
    fail(step.node, error instanceof Error ? error.message : String(error), error);
  }
}
