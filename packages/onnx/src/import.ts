/** Turns the bytes of an ONNX file into a graph at the newest opset, reporting everything that is wrong at once. */
import {
  emptyGraph,
  type Graph,
  listNodes,
  NEWEST_OPSET,
  type Node,
  type OperatorTable,
  type Problem,
  verify,
} from '@sconce/graph';
import { decodeModel, type GraphProto, IR_VERSION, type ModelProto } from '@sconce/onnx-proto';
import type { Tensor } from '@sconce/tensor';
import { OnnxError } from './errors.ts';
import { importNode } from './import-node.ts';
import { importValue } from './import-value.ts';
import { type ModelInfo, modelInfo, normalDomain, toMap } from './model-info.ts';
import { type ExternalData, tensorFromProto } from './tensor-proto.ts';
import { upgradeNode } from './upgrade/index.ts';
import { OLDEST_IMPORTED_OPSET } from './versions.ts';

/** Options of {@link importOnnx}. */
export interface ImportOptions {
  /** Name of the file, for messages. */
  file?: string;
  /** Gives external data files by the location that the model states. */
  externalData?: ExternalData;
  /** Operators to check against instead of `@sconce/graph`'s table. */
  operators?: OperatorTable;
}

/** A model: its graph, and what the file says about itself. */
export interface ImportedModel {
  readonly graph: Graph;
  readonly info: ModelInfo;
}

/**
 * Reads an ONNX model: checks all of it, brings every node to the newest opset, copies the weights into tensors.
 * Inputs that have an initializer of the same name (IR 3 lists all of them) become constants.
 *
 * @throws OnnxError with everything that is wrong: a file that is no ONNX model, opsets outside 9 to the newest,
 * unknown operators (all of them, with their nodes), wrong attributes, undefined values, cycles, ...
 */
export function importOnnx(bytes: Uint8Array, options: ImportOptions = {}): Graph {
  return importModel(bytes, options).graph;
}

/** As {@link importOnnx}, with the facts about the file. */
export function importModel(bytes: Uint8Array, options: ImportOptions = {}): ImportedModel {
  return modelFromProto(decode(bytes, options.file), options);
}

/** Decodes the bytes; throws an {@link OnnxError} that names the file. */
export function decode(bytes: Uint8Array, file: string | undefined): ModelProto {
  try {
    return decodeModel(bytes);
  } catch (error) {
    throw new OnnxError(`not a readable ONNX model: ${(error as Error).message}`, { file, cause: error });
  }
}

/** As {@link importModel}, for a model that is decoded already. */
export function modelFromProto(model: ModelProto, options: ImportOptions = {}): ImportedModel {
  const { file } = options;
  const info = modelInfo(model);
  const versionProblems = checkVersions(model, info);
  if (versionProblems.length > 0) throw new OnnxError(versionProblems, { file });
  const problems: Problem[] = [];
  const unreadable = new Set<string>();
  const graph = importGraph(model.graph!, info, options.externalData, problems, unreadable);
  graph.metadata = toMap(model.metadataProps);
  const describeUnknown = (nodes: readonly Node[]): string => describeOperator(nodes, model, info);
  // A value that could not be read is one problem, not one more wherever it is used.
  const known = [...unreadable].map((name) => `'${name}' is not defined anywhere`);
  problems.push(
    ...verify(graph, { operators: options.operators, describeUnknown }).filter(
      ({ message }) => !known.some((end) => message.endsWith(end)),
    ),
  );
  if (problems.length > 0) throw new OnnxError(problems, { file });
  return { graph, info };
}

function checkVersions(model: ModelProto, info: ModelInfo): string[] {
  const problems: string[] = [];
  if (model.graph === undefined) problems.push('the model has no graph');
  if (model.irVersion === undefined) problems.push('the model states no IR version');
  else if (info.irVersion < 1 || info.irVersion > IR_VERSION)
    problems.push(`IR version: expected 1 to ${IR_VERSION}, got ${info.irVersion}`);
  const opset = info.opsets.get('');
  if (opset === undefined) problems.push('the model states no version of the default operator set');
  else if (opset < OLDEST_IMPORTED_OPSET || opset > NEWEST_OPSET)
    problems.push(`opset: expected ${OLDEST_IMPORTED_OPSET} to ${NEWEST_OPSET}, got ${opset}`);
  return problems;
}

/** Words the problem that nothing implements the operator of these nodes. */
function describeOperator(nodes: readonly Node[], model: ModelProto, info: ModelInfo): string {
  const { opType, domain } = nodes[0]!;
  const isFunction = model.functions.some(
    (entry) => entry.name === opType && normalDomain(entry.domain) === domain,
  );
  const kind = isFunction ? 'model-local function' : 'operator';
  const version = info.opsets.get(domain) ?? 'not stated';
  return `${kind} ${opType} (domain ${domain || 'ai.onnx'}, opset ${version}) is not supported (${listNodes(nodes)})`;
}

function importGraph(
  proto: GraphProto,
  info: ModelInfo,
  externalData: ExternalData | undefined,
  problems: Problem[],
  unreadable: Set<string>,
): Graph {
  const graph = emptyGraph(proto.name || 'main_graph');
  graph.graphMetadata = toMap(proto.metadataProps);
  const report = (message: string): void => {
    problems.push({ message });
  };
  for (const tensor of proto.initializer) {
    const name = tensor.name ?? '';
    if (name === '') report('an initializer has no name');
    else if (graph.initializers.has(name)) report(`initializer '${name}' is defined twice`);
    else {
      const value = tensorFromProto(tensor, `initializer '${name}'`, report, externalData);
      if (value) graph.initializers.set(name, value);
      else unreadable.add(name);
    }
  }
  for (const { values } of proto.sparseInitializer) {
    report(`initializer '${values?.name ?? ''}': sparse tensors are not supported`);
    unreadable.add(values?.name ?? '');
  }
  const initialized = new Set(proto.initializer.map(({ name }) => name));
  for (const input of proto.input) {
    const value = importValue(input, 'input', report);
    if (value === undefined) {
      unreadable.add(input.name ?? '');
      continue;
    }
    if (initialized.has(value.name)) graph.valueInfo.set(value.name, value);
    else graph.inputs.push(value);
  }
  for (const output of proto.output) {
    const value = importValue(output, 'output', report);
    if (value) graph.outputs.push(value);
  }
  for (const stated of proto.valueInfo) {
    const value = importValue(stated, 'value', report);
    if (value) graph.valueInfo.set(value.name, value);
  }
  importNodes(proto, graph, info, externalData, problems);
  dropRepeatedValues(proto, graph);
  return graph;
}

function importNodes(
  proto: GraphProto,
  graph: Graph,
  info: ModelInfo,
  externalData: ExternalData | undefined,
  problems: Problem[],
): void {
  const names = new Set<string>([...graph.initializers.keys(), ...graph.inputs.map(({ name }) => name)]);
  for (const node of proto.node) for (const output of node.output) names.add(output);
  const fresh = (hint: string): string => {
    let name = hint;
    for (let count = 1; names.has(name); count++) name = `${hint}_${count}`;
    names.add(name);
    return name;
  };
  const shapes = new Map(
    [...graph.inputs, ...graph.valueInfo.values()].map((value) => [value.name, value.shape]),
  );
  const tools = {
    fresh,
    constant(hint: string, value: Tensor): string {
      const name = fresh(hint);
      graph.initializers.set(name, value);
      return name;
    },
    shapeOf: (value: string) => graph.initializers.get(value)?.shape ?? shapes.get(value),
  };
  const push = (problem: Problem): void => {
    problems.push(problem);
  };
  const opset = info.opsets.get('')!;
  for (const [index, nodeProto] of proto.node.entries()) {
    const node = importNode(nodeProto, index, info, push, externalData);
    if (node) graph.nodes.push(...upgradeNode(node, opset, tools, push));
  }
}

/** Outputs that are also listed among the values need no second statement. */
function dropRepeatedValues(proto: GraphProto, graph: Graph): void {
  for (const { name } of [...proto.output, ...graph.inputs]) graph.valueInfo.delete(name ?? '');
}
