/** Normalizations whose outputs or parameters changed. */
import { tensor } from '@sconce/tensor';
import { helperNode, takeAttribute, type Upgrade } from './upgrade.ts';

export const normalization: readonly Upgrade[] = [
  {
    opType: 'BatchNormalization',
    since: 14,
    convert(node, context) {
      // The older form trains when its statistics are asked for.
      if (node.outputs.slice(1).some((name) => name !== ''))
        context.fail('the training form of versions below 14 (outputs mean, var, ...) is not supported');
      node.outputs.length = 1;
    },
  },
  {
    opType: 'GroupNormalization',
    since: 21,
    convert(node, context) {
      // Scale and bias are per group here, per channel from version 21 on: groups become the channels of an
      // instance normalization.
      const groups = Number(
        takeAttribute(node, 'num_groups', 'int', context) ??
          context.fail("attribute 'num_groups': expected an integer, got nothing"),
      );
      const [x, y] = [node.inputs[0]!, node.outputs[0]!];
      const [sizes, grouped, result] = ['shape', 'groups', 'result'].map((hint) =>
        context.fresh(`${node.name}_${hint}`),
      );
      const target = context.constant(
        `${node.name}_target`,
        tensor(BigInt64Array.of(0n, BigInt(groups), -1n)),
      );
      node.opType = 'InstanceNormalization';
      node.inputs[0] = grouped!;
      node.outputs[0] = result!;
      return [
        helperNode(node, 'Shape', [x], [sizes!]),
        { ...helperNode(node, 'Reshape', [x, target], [grouped!]), name: `${node.name}/Group` },
        node,
        helperNode(node, 'Reshape', [result!, sizes!], [y]),
      ];
    },
  },
];
