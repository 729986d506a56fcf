/** One node: names, domain and attributes out of a NodeProto. */
import { type AttributeValue, type Node, operatorName, type Problem } from '@sconce/graph';
import { type AttributeProto, AttributeType, type NodeProto } from '@sconce/onnx-proto';
import { tensor } from '@sconce/tensor';
import { type ModelInfo, normalDomain, toMap } from './model-info.ts';
import { type ExternalData, tensorFromProto } from './tensor-proto.ts';

/**
 * Reads a node. A node without a name gets one from its first output. What is wrong goes to `report`;
 * `undefined` when there is nothing to go on with.
 */
export function importNode(
  proto: NodeProto,
  index: number,
  info: ModelInfo,
  report: (problem: Problem) => void,
  externalData?: ExternalData,
): Node | undefined {
  const opType = proto.opType ?? '';
  const node: Node = {
    name: proto.name || `node_${proto.output[0] || index}`,
    opType,
    domain: normalDomain(proto.domain),
    inputs: [...proto.input],
    outputs: [...proto.output],
    attributes: new Map(),
    metadata: toMap(proto.metadataProps),
  };
  if (opType === '') {
    report({ message: `node ${node.name}: it has no operator` });
    return undefined;
  }
  const where = { node: node.name, operator: operatorName(node) };
  const refuse = (message: string): void => report({ ...where, message });
  if (!info.opsets.has(node.domain)) refuse(`the model states no version of domain '${node.domain}'`);
  for (const attribute of proto.attribute) {
    const name = attribute.name ?? '';
    if (node.attributes.has(name)) refuse(`attribute '${name}': it is given twice`);
    const value = importAttribute(attribute, refuse, externalData);
    if (value !== undefined) node.attributes.set(name, value);
  }
  // Trailing absent outputs and inputs say nothing.
  while (node.inputs.at(-1) === '') node.inputs.pop();
  while (node.outputs.length > 1 && node.outputs.at(-1) === '') node.outputs.pop();
  if (opType === 'Constant' && node.domain === '') normalizeConstant(node);
  return node;
}

const kindNames: Readonly<Record<number, string>> = Object.fromEntries(
  Object.entries(AttributeType).map(([name, code]) => [code, name.toLowerCase()]),
);

const text = new TextDecoder();

function importAttribute(
  proto: AttributeProto,
  refuse: (message: string) => void,
  externalData: ExternalData | undefined,
): AttributeValue | undefined {
  const name = proto.name ?? '';
  const type = proto.type || impliedType(proto);
  switch (type) {
    case AttributeType.INT:
      return { type: 'int', value: toInteger(proto.i ?? 0n) };
    case AttributeType.FLOAT:
      return { type: 'float', value: proto.f ?? 0 };
    case AttributeType.STRING:
      return { type: 'string', value: text.decode(proto.s) };
    case AttributeType.INTS:
      return { type: 'ints', value: Array.from(proto.ints, toInteger) };
    case AttributeType.FLOATS:
      return { type: 'floats', value: [...proto.floats] };
    case AttributeType.STRINGS:
      return { type: 'strings', value: proto.strings.map((bytes) => text.decode(bytes)) };
    case AttributeType.TENSOR: {
      if (proto.t === undefined) break;
      const value = tensorFromProto(proto.t, `attribute '${name}'`, refuse, externalData);
      return value && { type: 'tensor', value };
    }
  }
  refuse(`attribute '${name}': attributes of kind ${kindNames[type] ?? type} are not supported`);
  return undefined;
}

/** The kind of an attribute that does not state it, as IR versions below 2 allowed. */
function impliedType(proto: AttributeProto): number {
  if (proto.f !== undefined) return AttributeType.FLOAT;
  if (proto.i !== undefined) return AttributeType.INT;
  if (proto.s !== undefined) return AttributeType.STRING;
  if (proto.t !== undefined) return AttributeType.TENSOR;
  if (proto.floats.length > 0) return AttributeType.FLOATS;
  if (proto.ints.length > 0) return AttributeType.INTS;
  if (proto.strings.length > 0) return AttributeType.STRINGS;
  return AttributeType.UNDEFINED;
}

function toInteger(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/** Brings a constant given as plain numbers to the form with a tensor, the only one graphs know. */
function normalizeConstant(node: Node): void {
  for (const [name, attribute] of node.attributes) {
    const value = constantTensor(name, attribute);
    if (value === undefined) continue;
    node.attributes.delete(name);
    node.attributes.set('value', { type: 'tensor', value });
  }
}

function constantTensor(name: string, attribute: AttributeValue): ReturnType<typeof tensor> | undefined {
  if (name === 'value_int' && attribute.type === 'int') return tensor(BigInt(attribute.value));
  if (name === 'value_float' && attribute.type === 'float') return tensor(attribute.value);
  if (name === 'value_ints' && attribute.type === 'ints')
    return tensor(BigInt64Array.from(attribute.value, BigInt));
  if (name === 'value_floats' && attribute.type === 'floats')
    return tensor(Float32Array.from(attribute.value));
  return undefined;
}
