/** Upsample and the first Resize, which both map places without the half-pixel shift of later versions. */
import type { Node } from '@sconce/graph';
import { tensor } from '@sconce/tensor';
import { helperNode, type Upgrade, type UpgradeContext } from './upgrade.ts';

/** Rewrites `(x, scales)` as Resize-11's `(x, roi, scales)` with the older operators' coordinates. */
function toResize(node: Node): void {
  node.opType = 'Resize';
  node.inputs = [node.inputs[0] ?? '', '', node.inputs[1] ?? ''];
  node.attributes.set('coordinate_transformation_mode', { type: 'string', value: 'asymmetric' });
  node.attributes.set('nearest_mode', { type: 'string', value: 'floor' });
}

/**
 * Resize-10 takes the nearest element below when it enlarges and above when it shrinks (as onnxruntime and ONNX's
 * tests for it do): one node for each, the scales of the other axes being 1.
 */
function toTwoResizes(node: Node, context: UpgradeContext): Node[] | undefined {
  const scales = node.inputs[1] ?? '';
  const mode = node.attributes.get('mode')?.value ?? 'nearest';
  toResize(node);
  if (mode !== 'nearest') return undefined;
  const one = context.constant(`${node.name}_one`, tensor([1]));
  const [larger, smaller, middle] = ['larger', 'smaller', 'middle'].map((hint) =>
    context.fresh(`${node.name}_${hint}`),
  );
  const shrink: Node = {
    ...node,
    name: `${node.name}/Shrink`,
    inputs: [middle!, '', smaller!],
    attributes: new Map(node.attributes).set('nearest_mode', { type: 'string', value: 'ceil' }),
  };
  node.inputs[2] = larger!;
  node.outputs = [middle!];
  return [
    helperNode(node, 'Max', [scales, one], [larger!]),
    helperNode(node, 'Min', [scales, one], [smaller!]),
    node,
    shrink,
  ];
}

export const resize: readonly Upgrade[] = [
  {
    opType: 'Upsample',
    since: 10,
    convert(node) {
      toResize(node);
    },
  },
  { opType: 'Resize', since: 11, convert: toTwoResizes },
];
