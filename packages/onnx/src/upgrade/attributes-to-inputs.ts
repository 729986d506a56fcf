/** Operators whose attributes became inputs in a later version. */

import type { Node } from '@sconce/graph';
import { tensor } from '@sconce/tensor';
import { setInput, takeAttribute, type Upgrade, type UpgradeContext } from './upgrade.ts';

/** Moves a list of integers from an attribute to an input; nothing happens when it is absent. */
function integersToInput(node: Node, name: string, index: number, context: UpgradeContext): boolean {
  const values = takeAttribute(node, name, 'ints', context);
  if (values === undefined) return false;
  setInput(node, index, context.constant(`${node.name}_${name}`, tensor(BigInt64Array.from(values, BigInt))));
  return true;
}

/** Moves a float from an attribute to a scalar input. */
function floatToInput(node: Node, name: string, index: number, context: UpgradeContext): void {
  const value = takeAttribute(node, name, 'float', context);
  if (value !== undefined) setInput(node, index, context.constant(`${node.name}_${name}`, tensor(value)));
}

const axesOf = (opType: string, since: number): Upgrade => ({
  opType,
  since,
  convert(node, context) {
    integersToInput(node, 'axes', 1, context);
  },
});

const reductions = ['L1', 'L2', 'LogSum', 'LogSumExp', 'Max', 'Mean', 'Min', 'Prod', 'SumSquare'];

export const attributesToInputs: readonly Upgrade[] = [
  {
    opType: 'Slice',
    since: 10,
    convert(node, context) {
      for (const [index, name] of ['starts', 'ends'].entries())
        if (!integersToInput(node, name, index + 1, context))
          context.fail(`attribute '${name}': expected integers, got nothing`);
      integersToInput(node, 'axes', 3, context);
    },
  },
  {
    opType: 'Clip',
    since: 11,
    convert(node, context) {
      floatToInput(node, 'min', 1, context);
      floatToInput(node, 'max', 2, context);
    },
  },
  {
    opType: 'Pad',
    since: 11,
    convert(node, context) {
      if (!integersToInput(node, 'pads', 1, context))
        context.fail("attribute 'pads': expected integers, got nothing");
      floatToInput(node, 'value', 2, context);
    },
  },
  {
    opType: 'Dropout',
    since: 12,
    convert(node, context) {
      floatToInput(node, 'ratio', 1, context);
    },
  },
  axesOf('Squeeze', 13),
  axesOf('Unsqueeze', 13),
  axesOf('ReduceSum', 13),
  ...reductions.map((name) => axesOf(`Reduce${name}`, 18)),
  {
    opType: 'Split',
    since: 13,
    convert(node, context) {
      integersToInput(node, 'split', 1, context);
    },
  },
  {
    opType: 'Split',
    since: 18,
    convert(node) {
      // Without stated sizes the older form divides evenly among its outputs; the newer one wants their number.
      if ((node.inputs[1] ?? '') === '')
        node.attributes.set('num_outputs', { type: 'int', value: node.outputs.length });
    },
  },
];
