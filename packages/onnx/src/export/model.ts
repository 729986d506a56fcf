/** `exportOnnx`: runs a module once, and writes what it computed as an ONNX model. */
import { type Graph, GraphBuilder, GraphError, NEWEST_OPSET, verify } from '@sconce/graph';
import type { Module } from '@sconce/nn';
import type { Tensor } from '@sconce/tensor';
import { OnnxError } from '../errors.ts';
import { exportGraph } from '../export-graph.ts';
import { DEFAULT_EXPORTED_OPSET, isExportable, OLDEST_EXPORTED_OPSET } from '../versions.ts';
import { type DynamicAxes, dynamicDimensions, enlarge, Sizes } from './dimensions.ts';
import { ExportCall, type ExportState } from './export-call.ts';
import { exporters } from './exporters.ts';
import { sizeAware } from './shape.ts';
import { namedTensors, type Trace, tensorsIn, traceModel } from './trace.ts';

/** Options of {@link exportOnnx}. */
export interface ExportOptions {
  /** Version of the default operator set, 18 to the newest; 20 when left out. */
  opset?: number;
  /** Names of the inputs; `input`, or `input_0`, `input_1`, ... when left out. */
  inputNames?: readonly string[];
  /** Names of the outputs; keys of an object that `forward` returns, else `output`, `output_0`, ... */
  outputNames?: readonly string[];
  /**
   * Dimensions of inputs that may have any size: `{ input: { 0: 'batch' } }`. The model is run a second time with
   * larger ones to see what depends on them.
   */
  dynamicAxes?: DynamicAxes;
  /** Key-value pairs for the model. */
  metadata?: Readonly<Record<string, string>>;
}

/**
 * Writes a module as an ONNX model.
 *
 * The module runs on the example in evaluation mode; the operators it calls are written, with weights under their
 * state-dict names and every node's place in the module tree. Whatever `forward` decides in JavaScript (branches,
 * loops, numbers read out of tensors) is written as it was for the example.
 *
 * @returns the bytes of the `.onnx` file
 * @throws OnnxError for an operator that cannot be written, named with its module, before anything is written
 * @example
 * const bytes = exportOnnx(model, rand([1, 3, 32, 32]), { dynamicAxes: { input: { 0: 'batch' } } });
 */
export function exportOnnx(
  model: Module,
  exampleInput: Tensor | readonly Tensor[],
  options: ExportOptions = {},
): Uint8Array {
  const { opset = DEFAULT_EXPORTED_OPSET } = options;
  return exportGraph(moduleToGraph(model, exampleInput, options), { opset });
}

/** As {@link exportOnnx}, but gives the graph. */
export function moduleToGraph(
  model: Module,
  exampleInput: Tensor | readonly Tensor[],
  options: ExportOptions = {},
): Graph {
  const { opset = DEFAULT_EXPORTED_OPSET } = options;
  if (!isExportable(opset))
    throw new OnnxError(`export: opset: expected ${OLDEST_EXPORTED_OPSET} to ${NEWEST_OPSET}, got ${opset}`);
  const inputs = tensorsIn(exampleInput);
  const names =
    options.inputNames ?? (inputs.length === 1 ? ['input'] : inputs.map((_x, index) => `input_${index}`));
  if (names.length !== inputs.length)
    throw new OnnxError(`export: inputNames: expected ${inputs.length} names, got ${names.length}`);
  const dimensions = dynamicDimensions(names, inputs, options.dynamicAxes ?? {});
  const first = traceModel(model, inputs, isKnown);
  const larger = enlarge(names, inputs, dimensions);
  const second = dimensions.length > 0 ? traceLarger(model, larger) : undefined;
  const sizes = new Sizes(
    first,
    second,
    inputs.map((x, index) => [x, larger[index]!] as const),
  );
  const state: ExportState = {
    builder: new GraphBuilder(),
    opset,
    sizes,
    dimensions,
    values: new Map(),
    stateNames: stateNames(model, names),
    constants: new Map(),
  };
  refuseUnknown(first);
  const outputs = namedOutputs(first, options.outputNames, [...names, ...state.stateNames.values()]);
  for (const name of [...state.stateNames.values(), ...outputs.map(([output]) => output)])
    state.builder.reserve(name);
  declareInputs(state, names, inputs);
  writeCalls(state, first, second);
  declareOutputs(state, outputs);
  const { graph } = state.builder;
  orderInitializers(graph, state.stateNames.values());
  for (const [key, value] of Object.entries(options.metadata ?? {})) graph.metadata.set(key, value);
  const problems = verify(graph);
  if (problems.length > 0)
    throw new GraphError(problems, { prefix: 'internal: the exported graph is not valid: ' });
  return graph;
}

function traceLarger(model: Module, inputs: readonly Tensor[]): Trace {
  try {
    return traceModel(model, inputs, isKnown);
  } catch (error) {
    const shapes = inputs.map((x) => `[${x.shape.join(', ')}]`).join(', ');
    throw new OnnxError(
      `export: dynamicAxes: the model does not run on ${shapes}: ${(error as Error).message}`,
      { cause: error },
    );
  }
}

/** Names of parameters and buffers by identity; a tied one has the first. */
function stateNames(model: Module, inputNames: readonly string[]): Map<Tensor, string> {
  const names = new Map<Tensor, string>();
  for (const [name, tensor] of [...model.namedParameters(), ...model.namedBuffers()])
    if (!names.has(tensor)) names.set(tensor, name);
  const taken = inputNames.filter((name) => [...names.values()].includes(name));
  if (taken.length > 0)
    throw new OnnxError(
      `export: inputNames: '${taken.join("', '")}' is the name of a parameter; choose another`,
    );
  return names;
}

/** Whether an operator has an exporter. */
function isKnown(operator: string): boolean {
  return Object.hasOwn(exporters, operator);
}

/** Refuses everything that has no exporter, all of it at once. */
function refuseUnknown(trace: Trace): void {
  const places = new Map<string, Set<string>>();
  for (const call of trace.calls) {
    if (isKnown(call.operator)) continue;
    const scope = call.scopes.at(-1);
    const place = scope
      ? `${scope.path === '' ? 'the model itself' : `'${scope.path ?? '?'}'`} (${scope.className})`
      : 'the model';
    places.set(call.operator, (places.get(call.operator) ?? new Set()).add(place));
  }
  if (places.size === 0) return;
  throw new OnnxError(
    [...places].map(
      ([operator, where]) =>
        `export: operator ${operator} cannot be written to ONNX (in ${[...where].join(', ')})`,
    ),
  );
}

/** What does not belong to one operator call is looked up through this. */
function outside(state: ExportState): ExportCall {
  return new ExportCall(state, { operator: 'output', args: [], result: [], scopes: [] }, undefined);
}

function declareInputs(state: ExportState, names: readonly string[], inputs: readonly Tensor[]): void {
  for (const [index, x] of inputs.entries())
    state.values.set(x, state.builder.input(names[index]!, x.dtype, outside(state).dimensions(x)));
}

/** The tensors that `forward` returned with their names, which must be free. */
function namedOutputs(
  trace: Trace,
  given: readonly string[] | undefined,
  taken: readonly string[],
): [name: string, tensor: Tensor][] {
  const found = namedTensors(trace.output);
  if (found.length === 0) throw new OnnxError('export: forward returns no tensor');
  if (given && given.length !== found.length)
    throw new OnnxError(`export: outputNames: expected ${found.length} names, got ${given.length}`);
  const isList = Array.isArray(trace.output);
  const outputs = found.map(([key, tensor], index): [string, Tensor] => [
    given?.[index] ?? (key === '' ? 'output' : isList ? `output_${key}` : key),
    tensor,
  ]);
  for (const [index, [name]] of outputs.entries())
    if (taken.includes(name) || outputs.findIndex(([other]) => other === name) !== index)
      throw new OnnxError(`export: outputNames: '${name}' is the name of another value; choose another`);
  return outputs;
}

function writeCalls(state: ExportState, first: Trace, second: Trace | undefined): void {
  const { graph } = state.builder;
  for (const [index, traced] of first.calls.entries()) {
    const call = new ExportCall(state, traced, second?.calls[index]);
    // What the operator gave back unchanged has its value already.
    if (call.results.every((result) => state.values.has(result) || state.stateNames.has(result))) continue;
    if (!call.hasFixedArguments && !sizeAware.has(traced.operator))
      call.fail('a number given to it depends on a dynamic dimension; that cannot be written');
    const outputs = [exporters[traced.operator]!(call as never, ...(traced.args as never[]))].flat();
    for (const [place, result] of call.results.entries()) {
      const name = outputs[place];
      if (name === undefined) continue;
      state.values.set(result, name);
      graph.valueInfo.set(name, { name, dtype: result.dtype, shape: call.dimensions(result) });
    }
    call.finish(outputs);
  }
}

function declareOutputs(state: ExportState, outputs: readonly (readonly [string, Tensor])[]): void {
  const call = outside(state);
  for (const [name, tensor] of outputs) {
    state.values.set(tensor, giveName(state, call.value(tensor), name));
    state.builder.output(name, tensor.dtype, call.dimensions(tensor));
  }
}

/** Renames a value that is an output; what is an input, a constant or an output already passes an Identity. */
function giveName({ builder }: ExportState, value: string, name: string): string {
  const { graph } = builder;
  const isInner = graph.nodes.some((node) => node.outputs.includes(value));
  if (!isInner || graph.outputs.some((output) => output.name === value))
    return builder.node('Identity', [value], { outputs: [name] });
  builder.take(name);
  for (const node of graph.nodes) {
    node.inputs = node.inputs.map((input) => (input === value ? name : input));
    node.outputs = node.outputs.map((output) => (output === value ? name : output));
  }
  graph.valueInfo.delete(value);
  return name;
}

/** Puts the weights in the state dict's order, constants after them. */
function orderInitializers(graph: Graph, names: Iterable<string>): void {
  const all = new Map(graph.initializers);
  graph.initializers.clear();
  for (const name of [...names, ...all.keys()]) {
    const value = all.get(name);
    if (value) graph.initializers.set(name, value);
  }
}
