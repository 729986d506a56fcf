/** Brings nodes of older opsets to the newest form, change by change, out of the tables beside this file. */
import { GraphError, type Node, operatorName, type Problem } from '@sconce/graph';
import { attributesToInputs } from './attributes-to-inputs.ts';
import { normalization } from './normalization.ts';
import { resize } from './resize.ts';
import { softmax } from './softmax.ts';
import type { Upgrade, UpgradeContext } from './upgrade.ts';

/** Every change that needs a conversion. Versions that only admit more types need none. */
const changes: readonly Upgrade[] = [...attributesToInputs, ...normalization, ...resize, ...softmax].sort(
  (a, b) => a.since - b.since,
);

const byOperator = new Map<string, Upgrade[]>();
for (const change of changes)
  byOperator.set(change.opType, [...(byOperator.get(change.opType) ?? []), change]);

/**
 * Converts a node of the default domain from `opset` to the newest.
 *
 * @returns the nodes that stand in its place; problems go to `report`
 */
export function upgradeNode(
  node: Node,
  opset: number,
  context: Omit<UpgradeContext, 'fail'>,
  report: (problem: Problem) => void,
): Node[] {
  if (node.domain !== '') return [node];
  const where = { node: node.name, operator: operatorName(node) };
  const full: UpgradeContext = {
    ...context,
    fail(message) {
      throw new GraphError({ ...where, message });
    },
  };
  let nodes = [node];
  try {
    for (const change of byOperator.get(node.opType) ?? [])
      if (opset < change.since) nodes = change.convert(node, full) || nodes;
  } catch (error) {
    if (!(error instanceof GraphError)) throw error;
    for (const problem of error.problems) report(problem);
  }
  return nodes;
}
