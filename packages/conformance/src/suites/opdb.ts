/**
 * The suite `opdb`: PyTorch's own operator database. For every operator the results, the gradients in float64, and the
 * errors of wrong arguments.
 */
import { autograd, manualSeed, Tensor } from '@sconce/tensor';
import type { JsonArgument } from '../arguments.ts';
import { type Comparison, combineComparisons } from '../compare.ts';
import type { Fixtures, FixtureTensors } from '../fixtures.ts';
import type { Suite, SuiteCase } from '../suite.ts';
import { compareAll, compareGradient, compareRefusal, flatten, judgeKnown } from './database.ts';
import { Decoder } from './opdb-arguments.ts';
import { callOperator } from './opdb-calls.ts';
import { gaps } from './opdb-gaps.ts';
import { gauges } from './opdb-gauges.ts';

interface PackFile {
  readonly versions: Readonly<Record<string, string>>;
  readonly cases: readonly DatabaseCase[];
}

interface CaseHead {
  readonly op: string;
  readonly variant?: string;
  readonly args: readonly JsonArgument[];
  readonly kwargs?: Readonly<Record<string, JsonArgument>>;
}

interface ForwardCase extends CaseHead {
  readonly kind: 'forward';
  readonly dtype: string;
  readonly outputs: JsonArgument;
  /** How far each of PyTorch's own float32 outputs is from its float64 one. */
  readonly distances?: readonly number[];
}

interface GradientCase extends CaseHead {
  readonly kind: 'gradient';
  readonly dtype: string;
  readonly outputs: JsonArgument;
  /** Gradients of the outputs; null for outputs that need none. */
  readonly cotangents: readonly (JsonArgument | null)[];
  /** Gradients of the arguments marked for it, in their order; null where there is none. */
  readonly grads: readonly (JsonArgument | null)[];
}

interface ErrorCase extends CaseHead {
  readonly kind: 'error';
  readonly error: string;
  /** A regular expression of Python's that PyTorch's message matches. */
  readonly message: string;
}

type DatabaseCase = ForwardCase | GradientCase | ErrorCase;

export const opdb: Suite = {
  name: 'opdb',
  description: "PyTorch's operator database: results, gradients and errors of every operator",
  versions: (fixtures) => {
    const [first] = fixtures.json<string[]>('opdb', 'packs.json');
    return fixtures.json<PackFile>('opdb', `${first}.json`).versions;
  },
  *cases(fixtures: Fixtures): Generator<SuiteCase> {
    for (const pack of fixtures.json<string[]>('opdb', 'packs.json')) {
      const { cases } = fixtures.json<PackFile>('opdb', `${pack}.json`);
      let tensors: FixtureTensors | undefined;
      const counts = new Map<string, number>();
      for (const one of cases) {
        const variant = one.variant === undefined ? '' : `.${one.variant}`;
        const key = `${one.op}${variant} ${one.kind}${'dtype' in one ? ` ${one.dtype}` : ''}`;
        const count = (counts.get(key) ?? 0) + 1;
        counts.set(key, count);
        yield {
          name: `${key} ${count}`,
          judge: () => {
            tensors ??= fixtures.tensors('opdb', `${pack}.safetensors`);
            const own = tensors;
            return judgeKnown(gaps[`${one.op}${variant} ${one.kind}`], () => judge(one, own));
          },
        };
      }
    }
  },
};

function judge(one: DatabaseCase, tensors: FixtureTensors): Comparison {
  if (one.kind === 'forward') return judgeForward(one, tensors);
  return one.kind === 'gradient' ? judgeGradient(one, tensors) : judgeError(one, tensors);
}

/** Calls the operator of a case; a leaf cannot be written to, so in-place operators with a gradient get a copy. */
function run(one: DatabaseCase, decoder: Decoder): unknown {
  // Random operators draw what PyTorch drew after the same seed.
  manualSeed(0);
  return callOperator(
    one.op,
    one.args.map((arg, i) => {
      const value = decoder.decode(arg);
      const written = i === 0 && one.kind === 'gradient' && /[^_]_$/.test(one.op);
      return written ? (value as Tensor).clone() : value;
    }),
    decoder.options(one.kwargs ?? {}),
    one.variant,
  );
}

function judgeForward(one: ForwardCase, tensors: FixtureTensors): Comparison {
  const decoder = new Decoder(tensors);
  const result = run(one, decoder);
  const expected = flatten(decoder.decode(one.outputs));
  const comparable = gauges[one.op]?.of;
  if (comparable === undefined) return compareAll(flatten(result), expected, one.distances);
  const distance = Math.max(0, ...(one.distances ?? []));
  const wanted = comparable(expected);
  return compareAll(
    comparable(flatten(result)),
    wanted,
    wanted.map(() => distance),
  );
}

function judgeGradient(one: GradientCase, tensors: FixtureTensors): Comparison {
  const decoder = new Decoder(tensors);
  const result = flatten(run(one, decoder)).filter((value) => value instanceof Tensor);
  const from: Tensor[] = [];
  const seeds: Tensor[] = [];
  one.cotangents.forEach((cotangent, i) => {
    if (cotangent === null) return;
    const output = result[i];
    if (!(output instanceof Tensor)) throw new Error(`output ${i}: expected a tensor, got ${typeof output}`);
    if (!output.requiresGrad)
      throw new Error(`output ${i} does not require a gradient, expected one that does`);
    from.push(output);
    seeds.push(decoder.decode(cotangent) as Tensor);
  });
  const grads = autograd.grad(from, decoder.leaves, { gradOutputs: seeds, allowUnused: true });
  return combineComparisons(
    one.grads.map((expected, i) =>
      compareGradient(
        grads[i] ?? null,
        expected === null ? null : (decoder.decode(expected) as Tensor),
        `gradient ${i}`,
      ),
    ),
  );
}

function judgeError(one: ErrorCase, tensors: FixtureTensors): Comparison {
  return compareRefusal(() => run(one, new Decoder(tensors)), one.message);
}
