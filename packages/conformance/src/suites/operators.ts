/** The suite `operators`: tensor operators one by one, on the arguments PyTorch was called with. */
import * as torch from '@sconce/tensor';
import { decodeArgument, type JsonArgument } from '../arguments.ts';
import { combineComparisons, compareTensors } from '../compare.ts';
import type { Fixtures, FixtureTensors } from '../fixtures.ts';
import { type Suite, type SuiteCase, UnsupportedCase } from '../suite.ts';

interface OperatorFile {
  readonly versions: Readonly<Record<string, string>>;
  readonly cases: readonly OperatorCase[];
}

interface OperatorCase {
  readonly op: string;
  readonly name: string;
  readonly args: readonly JsonArgument[];
  readonly kwargs: Readonly<Record<string, JsonArgument>>;
  readonly outputs: readonly string[];
  readonly outputs64: readonly string[] | null;
}

export const operators: Suite = {
  name: 'operators',
  description: 'tensor operators with broadcasting, type promotion, views and special values',
  versions: (fixtures) => fixtures.json<OperatorFile>('tensor', 'ops.json').versions,
  *cases(fixtures: Fixtures): Generator<SuiteCase> {
    const { cases } = fixtures.json<OperatorFile>('tensor', 'ops.json');
    const tensors = fixtures.tensors('tensor', 'ops.safetensors');
    for (const one of cases) {
      yield {
        name: `${one.op}: ${one.name}`,
        judge: () => {
          const operator = (torch as unknown as Record<string, unknown>)[one.op];
          if (typeof operator !== 'function') throw new UnsupportedCase(`operator ${one.op} is not there`);
          const options = Object.keys(one.kwargs).length > 0 ? [decode(one.kwargs, tensors)] : [];
          const outputs = flatten(
            operator(...one.args.map((argument) => decode(argument, tensors)), ...options),
          );
          if (outputs.length !== one.outputs.length)
            throw new Error(`expected ${one.outputs.length} outputs, got ${outputs.length}`);
          return combineComparisons(
            one.outputs.map((name, i) => {
              const reference64 = one.outputs64?.[i];
              return compareTensors(outputs[i] as torch.Tensor, tensors.get(name), {
                kind: 'elementwise',
                ...(reference64 === undefined ? {} : { reference64: tensors.get(reference64) }),
              });
            }),
          );
        },
      };
    }
  },
};

/** An operator's result as a list: a tensor, several, or the named pair `{ values, indices }`. */
function flatten(result: unknown): torch.Tensor[] {
  if (result instanceof torch.Tensor) return [result];
  if (Array.isArray(result)) return result.flatMap(flatten);
  if (typeof result === 'object' && result !== null && 'values' in result && 'indices' in result) {
    return [...flatten(result.values), ...flatten(result.indices)];
  }
  throw new Error(`expected a tensor or several, got ${typeof result}`);
}

/** An argument, where `{ "tensor": name, "view": ... }` stands for a fixture tensor seen through a view. */
function decode(value: JsonArgument, tensors: FixtureTensors): unknown {
  if (Array.isArray(value)) return value.map((item) => decode(item, tensors));
  if (typeof value === 'object' && value !== null && 'tensor' in value) {
    const { tensor, view = {} } = value as { tensor: string; view?: Record<string, JsonArgument> };
    return Object.entries(view).reduce(
      (seen, [operator, argument]) => applyView(seen, operator, argument),
      tensors.get(tensor),
    );
  }
  if (typeof value === 'object' && value !== null && !('number' in value)) {
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, decode(item as JsonArgument, tensors)]),
    );
  }
  return decodeArgument(value);
}

function applyView(tensor: torch.Tensor, operator: string, argument: JsonArgument): torch.Tensor {
  const method = (torch as unknown as Record<string, unknown>)[operator];
  if (typeof method !== 'function') throw new UnsupportedCase(`view ${operator} is not there`);
  return method(
    tensor,
    ...(operator === 'permute' || !Array.isArray(argument) ? [argument] : argument),
  ) as torch.Tensor;
}
