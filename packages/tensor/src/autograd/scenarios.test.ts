import { fixtureJson } from '@sconce/testing';
import { describe, expect, test } from 'vitest';
import { manualSeed, Tensor } from '../index.ts';
import { customScenarios } from '../testing/autograd/custom.ts';
import { functionScenarios } from '../testing/autograd/functions.ts';
import { graphScenarios } from '../testing/autograd/graph.ts';
import { hookScenarios } from '../testing/autograd/hooks.ts';
import { inPlaceScenarios } from '../testing/autograd/in-place.ts';
import { Log, type Shown } from '../testing/autograd/log.ts';
import { nameScenarios } from '../testing/autograd/names.ts';
import { findDifference, readTensors } from '../testing/fixtures.ts';

type Entry = { readonly tensor: string } | { readonly value: unknown } | { readonly list: readonly Entry[] };
type Seen = { readonly label: string } & (
  | Entry
  | { readonly error: string | null }
  | { readonly refused: boolean }
);

const { cases } = fixtureJson<{ cases: { name: string; seen: Seen[] }[] }>('tensor/autograd.json');
const tensors = readTensors('tensor/autograd.safetensors');

const scenarios = {
  ...inPlaceScenarios,
  ...graphScenarios,
  ...nameScenarios,
  ...hookScenarios,
  ...customScenarios,
  ...functionScenarios,
};
/** What packages/sconce plays. */
const elsewhere = ['names of the nodes of losses'];

/** How PyTorch's messages name what is spelled in another way here. */
const spellings: readonly (readonly [string | RegExp, string])[] = [
  ['retain_graph=True', 'retainGraph: true'],
  ['allow_unused=True', 'allowUnused: true'],
  ['Expected allow_unused to be True', 'Expected allowUnused to be true'],
  ['materialize_grads=True', 'materializeGrads: true'],
  ['allow_unused=False', 'allowUnused: false'],
  ['torch.autograd.set_detect_anomaly(True, check_nan=False)', 'autograd.setDetectAnomaly(true, false)'],
  ['`torch.no_grad()` instead of `torch.inference_mode()`', '`noGrad` instead of `inferenceMode`'],
  ['different than None', 'different than null'],
  ['can only be None if', 'can only be left out if'],
  ['have requires_grad=True', 'have requiresGrad=true'],
  ['torch::autograd::', ''],
  ['further above', 'below'],
  [/ If you are using DistributedDataParallel.*/g, ''],
  ['Only Tensors of floating point and complex dtype', 'only Tensors of floating point dtype'],
  ['in_dims', 'inDims'],
  ['in_dim', 'inDim'],
  ['out_dims= to None', 'outDims to null'],
];

function inOurWords(message: string): string {
  return spellings.reduce((text, [theirs, ours]) => text.replaceAll(theirs, ours), message);
}

/** What differs between what was seen and what PyTorch showed, or undefined. */
function difference(got: Shown, want: Entry): string | undefined {
  if ('tensor' in want) {
    if (!(got instanceof Tensor)) return `expected a tensor, got ${String(got)}`;
    return findDifference(got, tensors(want.tensor));
  }
  if ('list' in want) {
    if (!Array.isArray(got)) return `expected a list, got ${String(got)}`;
    const list = got as readonly Shown[];
    if (list.length !== want.list.length)
      return `expected ${want.list.length} entries, got ${list.map(String)}`;
    for (const [i, entry] of want.list.entries()) {
      const found = difference(list[i], entry);
      if (found !== undefined) return `entry ${i}: ${found}`;
    }
    return undefined;
  }
  const plain = got ?? null;
  return plain === want.value ? undefined : `expected ${want.value}, got ${String(plain)}`;
}

describe("autograd does what PyTorch's does", () => {
  test('every scenario of the fixture is played, and no other', () => {
    const names = cases.map(({ name }) => name).filter((name) => !elsewhere.includes(name));
    expect(Object.keys(scenarios).sort()).toEqual(names.sort());
  });

  for (const { name, seen } of cases) {
    const scenario = scenarios[name];
    if (scenario === undefined) continue;
    test(name, () => {
      manualSeed(0);
      const log = new Log();
      scenario(log);
      const problems: string[] = [];
      expect(log.seen.map(({ label }) => label)).toEqual(seen.map(({ label }) => label));
      for (const [i, want] of seen.entries()) {
        const got = log.seen[i]!;
        if ('refused' in want) {
          if (!('refused' in got) || got.refused !== want.refused) problems.push(`${want.label}: no error`);
        } else if ('error' in want) {
          const message = 'error' in got ? got.error : 'no error was asked for';
          const right = want.error === null ? message === null : message?.includes(inOurWords(want.error));
          if (!right) problems.push(`${want.label}: expected ${want.error}, got ${message}`);
        } else {
          const found = 'value' in got ? difference(got.value, want) : 'no value was shown';
          if (found !== undefined) problems.push(`${want.label}: ${found}`);
        }
      }
      expect(problems).toEqual([]);
    });
  }
});
