/** Takes nodes from the newest opset to an older one: most have the same form there, some need a newer one. */
import { type AttributeValue, type Node, operatorName, type Problem } from '@sconce/graph';

/** First opset of operators that are newer than the oldest one written. */
const firstOpset: Readonly<Record<string, number>> = {
  Gelu: 20,
  GroupNormalization: 21,
  RMSNormalization: 23,
  Swish: 24,
};

interface NewAttribute {
  readonly since: number;
  /** The only value (as text; all of a list) that means what older opsets do without the attribute. */
  readonly usual: string;
}

/** Attributes that came later than the operator's form at the oldest opset written. */
const newAttributes: Readonly<Record<string, Readonly<Record<string, NewAttribute>>>> = {
  AveragePool: { dilations: { since: 19, usual: '1' } },
  Cast: { saturate: { since: 19, usual: '1' }, round_mode: { since: 24, usual: 'up' } },
  CastLike: { saturate: { since: 19, usual: '1' }, round_mode: { since: 24, usual: 'up' } },
  Range: { stash_type: { since: 27, usual: '1' } },
  SpaceToDepth: { mode: { since: 28, usual: 'DCR' } },
};

/** Values of attributes that came later. */
const newValues: readonly { opType: string; attribute: string; value: string; since: number }[] = [
  { opType: 'Resize', attribute: 'coordinate_transformation_mode', value: 'half_pixel_symmetric', since: 19 },
  { opType: 'Pad', attribute: 'mode', value: 'wrap', since: 19 },
];

/** The node as the opset has it, a copy where something changes; what it does not have goes to `report`. */
export function lowerNode(node: Node, opset: number, report: (problem: Problem) => void): Node {
  if (node.domain !== '') return node;
  const refuse = (message: string): void =>
    report({ node: node.name, operator: operatorName(node), message });
  const first = firstOpset[node.opType];
  if (first !== undefined && opset < first) refuse(`expected opset ${first} or newer, got ${opset}`);
  for (const { opType, attribute, value, since } of newValues)
    if (node.opType === opType && node.attributes.get(attribute)?.value === value && opset < since)
      refuse(`attribute '${attribute}' with '${value}': expected opset ${since} or newer, got ${opset}`);
  const attributes = new Map(node.attributes);
  for (const [name, { since, usual }] of Object.entries(newAttributes[node.opType] ?? {})) {
    const given = attributes.get(name);
    if (given === undefined || opset >= since) continue;
    if (asText(given) !== usual)
      refuse(`attribute '${name}': expected opset ${since} or newer, got ${opset}`);
    attributes.delete(name);
  }
  return attributes.size === node.attributes.size ? node : { ...node, attributes };
}

function asText(attribute: AttributeValue): string {
  return Array.isArray(attribute.value) ? [...new Set(attribute.value)].join() : String(attribute.value);
}
