/** Writes a graph as an ONNX model, at any opset that has the form its nodes are in. */
import {
  type AttributeValue,
  type Graph,
  NEWEST_OPSET,
  type Node,
  onnxElementTypes,
  type Problem,
  topologicalOrder,
  type ValueInfo,
  verify,
} from '@sconce/graph';
import {
  type AttributeProto,
  AttributeType,
  type Encodable,
  encodeModel,
  type NodeProto,
  type StringStringEntryProto,
  type ValueInfoProto,
} from '@sconce/onnx-proto';
import { OnnxError } from './errors.ts';
import { lowerNode } from './lower.ts';
import { tensorToProto } from './tensor-proto.ts';
import { DEFAULT_EXPORTED_OPSET, irVersionFor, isExportable, OLDEST_EXPORTED_OPSET } from './versions.ts';

/** Options of {@link exportGraph}. */
export interface ExportGraphOptions {
  /** Version of the default operator set, 18 to the newest; 20 when left out. */
  opset?: number;
  producerName?: string;
  producerVersion?: string;
}

/** Metadata that hold paths of the machine a model was made on; they are not written. */
const PRIVATE_METADATA = new Set(['pkg.torch.onnx.stack_trace']);

/**
 * Writes a graph as an ONNX model.
 *
 * @returns the bytes of the `.onnx` file
 * @throws OnnxError for a graph that is not valid, or an operator that the opset does not have (all of them, named)
 */
export function exportGraph(graph: Graph, options: ExportGraphOptions = {}): Uint8Array {
  const { opset = DEFAULT_EXPORTED_OPSET, producerName = 'sconce', producerVersion = '' } = options;
  if (!isExportable(opset))
    throw new OnnxError(`export: opset: expected ${OLDEST_EXPORTED_OPSET} to ${NEWEST_OPSET}, got ${opset}`);
  const problems: Problem[] = verify(graph);
  const nodes = topologicalOrder(graph).sorted.map((node) =>
    lowerNode(node, opset, (problem) => problems.push(problem)),
  );
  if (problems.length > 0) throw new OnnxError(problems);
  const domains = [...new Set(nodes.map((node) => node.domain))].filter((domain) => domain !== '').sort();
  return encodeModel({
    irVersion: irVersionFor(opset),
    producerName,
    ...(producerVersion && { producerVersion }),
    opsetImport: [{ domain: '', version: opset }, ...domains.map((domain) => ({ domain, version: 1 }))],
    metadataProps: entries(graph.metadata),
    graph: {
      name: graph.name,
      node: nodes.map(nodeToProto),
      initializer: [...graph.initializers].map(([name, value]) => tensorToProto(value, name)),
      input: graph.inputs.map(valueToProto),
      output: graph.outputs.map(valueToProto),
      valueInfo: [...graph.valueInfo.values()].map(valueToProto),
      metadataProps: entries(graph.graphMetadata),
    },
  });
}

function entries(map: ReadonlyMap<string, string> | undefined): Encodable<StringStringEntryProto>[] {
  return [...(map ?? [])]
    .filter(([key]) => !PRIVATE_METADATA.has(key))
    .map(([key, value]) => ({ key, value }));
}

function nodeToProto(node: Node): Encodable<NodeProto> {
  return {
    name: node.name,
    opType: node.opType,
    domain: node.domain,
    input: node.inputs,
    output: node.outputs,
    attribute: [...node.attributes].map(([name, value]) => attributeToProto(name, value)),
    metadataProps: entries(node.metadata),
  };
}

const text = new TextEncoder();

function attributeToProto(name: string, attribute: AttributeValue): Encodable<AttributeProto> {
  switch (attribute.type) {
    case 'int':
      return { name, type: AttributeType.INT, i: attribute.value };
    case 'float':
      return { name, type: AttributeType.FLOAT, f: attribute.value };
    case 'string':
      return { name, type: AttributeType.STRING, s: text.encode(attribute.value) };
    case 'tensor':
      return { name, type: AttributeType.TENSOR, t: tensorToProto(attribute.value) };
    case 'ints':
      return { name, type: AttributeType.INTS, ints: attribute.value };
    case 'floats':
      return { name, type: AttributeType.FLOATS, floats: attribute.value };
    case 'strings':
      return {
        name,
        type: AttributeType.STRINGS,
        strings: attribute.value.map((value) => text.encode(value)),
      };
    default:
      return attribute satisfies never;
  }
}

function valueToProto(value: ValueInfo): Encodable<ValueInfoProto> {
  const dim = value.shape?.map((size) =>
    typeof size === 'number' ? { dimValue: size } : size === null ? {} : { dimParam: size },
  );
  return {
    name: value.name,
    ...(value.dtype !== 'undefined' && {
      type: {
        tensorType: { elemType: onnxElementTypes.indexOf(value.dtype), ...(dim && { shape: { dim } }) },
      },
    }),
    metadataProps: entries(value.metadata),
  };
}
