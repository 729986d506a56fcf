/**
 * The suite `opdb`: PyTorch's own operator database. For every operator the results, the gradients in float64, and the
 * errors of wrong arguments.
 */
import { autograd, manualSeed, Tensor } from '@sconce/tensor';
import type { JsonArgument } from '../arguments.ts';
import { type Comparison, combineComparisons, compareTensors } from '../compare.ts';
import type { Fixtures, FixtureTensors } from '../fixtures.ts';
import { type Suite, type SuiteCase, UnsupportedCase } from '../suite.ts';
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
            return judgeKnown(one, `${one.op}${variant} ${one.kind}`, tensors);
          },
        };
      }
    }
  },
};

/** Judges a case; one that is known to differ says why instead of failing. */
function judgeKnown(one: DatabaseCase, kind: string, tensors: FixtureTensors): Comparison {
  const gap = gaps[kind];
  if (gap === undefined) return judge(one, tensors);
  try {
    const result = judge(one, tensors);
    if (result.ok) return result;
  } catch {
    // The reason is the table's.
  }
  throw new UnsupportedCase(gap);
}

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
    one.grads.map((expected, i) => {
      const found = grads[i] ?? null;
      if (expected === null) {
        // PyTorch may say "none" where others say zero.
        const ok = found === null || found.eq(0).all().item() === true;
        return { ok, maxAbs: 0, maxRel: 0, reason: ok ? '' : `gradient ${i}: expected none` };
      }
      const reference = decoder.decode(expected) as Tensor;
      const zero = reference.eq(0).all().item() === true;
      if (found === null) {
        return {
          ok: zero,
          maxAbs: 0,
          maxRel: 0,
          reason: zero ? '' : `gradient ${i}: expected one, got none`,
        };
      }
      return named(compareTensors(found, reference, { kind: 'elementwise' }), `gradient ${i}`);
    }),
  );
}

function judgeError(one: ErrorCase, tensors: FixtureTensors): Comparison {
  const wanted = new RegExp(one.message.replace(/\(\?s\)|\(\?i\)/g, ''), 's');
  try {
    run(one, new Decoder(tensors));
  } catch (error) {
    if (error instanceof UnsupportedCase) throw error;
    const message = error instanceof Error ? error.message : String(error);
    const ok = wanted.test(message);
    return {
      ok,
      maxAbs: 0,
      maxRel: 0,
      reason: ok ? '' : `expected an error like "${one.message}", got "${message}"`,
    };
  }
  return {
    ok: false,
    maxAbs: null,
    maxRel: null,
    reason: `expected an error like "${one.message}", got none`,
  };
}

/** A result's tensors and plain values in order. */
function flatten(value: unknown): unknown[] {
  if (value instanceof Tensor || typeof value !== 'object' || value === null) return [value];
  return Object.values(value).flatMap(flatten);
}

function compareAll(
  found: readonly unknown[],
  expected: readonly unknown[],
  distances: readonly number[] | undefined,
): Comparison {
  if (found.length !== expected.length)
    throw new Error(`expected ${expected.length} outputs, got ${found.length}`);
  let tensor = 0;
  return combineComparisons(
    expected.map((value, i) => {
      const own = found[i];
      if (value instanceof Tensor) {
        if (!(own instanceof Tensor)) throw new Error(`output ${i}: expected a tensor, got ${typeof own}`);
        const distance = distances?.[tensor++];
        return named(
          compareTensors(own, value, {
            kind: 'elementwise',
            ...(distance === undefined ? {} : { distance }),
          }),
          `output ${i}`,
        );
      }
      const ok =
        Object.is(own, value) ||
        (typeof value === 'number' && Math.abs(Number(own) - value) <= 1e-6 * Math.abs(value));
      return {
        ok,
        maxAbs: 0,
        maxRel: 0,
        reason: ok ? '' : `output ${i}: expected ${String(value)}, got ${String(own)}`,
      };
    }),
  );
}

function named(comparison: Comparison, what: string): Comparison {
  return comparison.ok ? comparison : { ...comparison, reason: `${what}: ${comparison.reason}` };
}
