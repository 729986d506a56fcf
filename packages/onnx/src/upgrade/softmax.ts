/** Softmax and LogSoftmax before version 13: the input counts as a matrix cut at `axis`. */
import { helperNode, takeAttribute, type Upgrade } from './upgrade.ts';

function coerced(opType: string): Upgrade {
  return {
    opType,
    since: 13,
    convert(node, context) {
      const axis = Number(takeAttribute(node, 'axis', 'int', context) ?? 1);
      node.attributes.set('axis', { type: 'int', value: -1 });
      const [x, y] = [node.inputs[0]!, node.outputs[0]!];
      const rank = context.shapeOf(x)?.length;
      if (axis === -1 || (rank !== undefined && axis === rank - 1)) return undefined;
      const [sizes, matrix, result] = ['shape', 'matrix', 'result'].map((hint) =>
        context.fresh(`${node.name}_${hint}`),
      );
      node.inputs[0] = matrix!;
      node.outputs[0] = result!;
      return [
        helperNode(node, 'Shape', [x], [sizes!]),
        helperNode(node, 'Flatten', [x], [matrix!], { axis: { type: 'int', value: axis } }),
        node,
        helperNode(node, 'Reshape', [result!, sizes!], [y]),
      ];
    },
  };
}

export const softmax: readonly Upgrade[] = [coerced('Softmax'), coerced('LogSoftmax')];
