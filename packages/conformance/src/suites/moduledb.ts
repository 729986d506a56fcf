/**
 * The suite `moduledb`: the samples of PyTorch's own module database. For every sample, what a module is made with under
 * a seed, what it prints, what it gives, the state it has after the call, and the gradients of its inputs and parameters;
 * for error samples, the message.
 */
import type { Module } from '@sconce/nn';
import { autograd, type DType, manualSeed, Tensor } from '@sconce/tensor';
import type { JsonArgument } from '../arguments.ts';
import { type Comparison, combineComparisons } from '../compare.ts';
import type { Fixtures, FixtureTensors } from '../fixtures.ts';
import type { Suite, SuiteCase } from '../suite.ts';
import {
  compareAll,
  compareClose,
  compareGradient,
  comparePrinted,
  compareRefusal,
  judgeKnown,
  named,
  outcome,
} from './database.ts';
import { callModule, cloned, ModuleDecoder, results } from './moduledb-arguments.ts';
import { moduleGaps } from './moduledb-gaps.ts';

interface PackFile {
  readonly versions: Readonly<Record<string, string>>;
  readonly cases: readonly (SampleCase | ErrorCase)[];
}

interface CaseHead {
  readonly module: string;
  readonly sample: number;
  readonly args: readonly JsonArgument[];
  readonly kwargs: Readonly<Record<string, JsonArgument>>;
  readonly forwardArgs: readonly JsonArgument[];
  readonly forwardKwargs: Readonly<Record<string, JsonArgument>>;
}

type Stored = Readonly<Record<string, JsonArgument>>;

interface SampleCase extends CaseHead {
  readonly dtype: DType;
  readonly train: boolean;
  readonly printed: string;
  /** What a lazy module prints once it has seen an input. */
  readonly printedAfter?: string;
  /** Whether the module is made whole by its first call. */
  readonly lazy?: boolean;
  /** Whether the module writes to its input, which a leaf does not allow. */
  readonly cloned?: boolean;
  /** The state dict after construction under the seed. */
  readonly state?: Stored;
  /** The state dict to load before the call. */
  readonly weights?: Stored;
  /** What the call changed of it. */
  readonly stateAfter?: Stored;
  readonly outputs: JsonArgument;
  /** Gradients of the tensors among the outputs; null for those that need none. */
  readonly cotangents: readonly (JsonArgument | null)[];
  /** Gradients of the inputs marked for it. */
  readonly grads: readonly (JsonArgument | null)[];
  readonly parameterGrads: Readonly<Record<string, JsonArgument | null>>;
  /** How far PyTorch's own float32 results are from its float64 ones. */
  readonly distances?: readonly number[];
  readonly gradDistances?: readonly number[];
  readonly parameterGradDistances?: Readonly<Record<string, number>>;
}

interface ErrorCase extends CaseHead {
  readonly on: 'construct' | 'forward';
  readonly error: string;
  /** A regular expression of Python's that PyTorch's message matches. */
  readonly message: string;
}

const seed = 0;

export const moduledb: Suite = {
  name: 'moduledb',
  description: "PyTorch's module database: initial weights, printed text, results, gradients and errors",
  versions: (fixtures) => {
    const [first] = fixtures.json<string[]>('moduledb', 'packs.json');
    return fixtures.json<PackFile>('moduledb', `${first}.json`).versions;
  },
  *cases(fixtures: Fixtures): Generator<SuiteCase> {
    for (const pack of fixtures.json<string[]>('moduledb', 'packs.json')) {
      let tensors: FixtureTensors | undefined;
      const open = (): FixtureTensors => {
        tensors ??= fixtures.tensors('moduledb', `${pack}.safetensors`);
        return tensors;
      };
      for (const one of fixtures.json<PackFile>('moduledb', `${pack}.json`).cases) {
        for (const { kind, judge } of judgements(one)) {
          const detail = 'error' in one ? '' : ` ${one.dtype} ${one.train ? 'train' : 'eval'}`;
          yield {
            name: `${one.module} ${kind}${detail} ${one.sample}`,
            judge: () =>
              judgeKnown(moduleGaps[`${one.module} ${kind} ${one.sample}`], () =>
                judge(new ModuleDecoder(open())),
              ),
          };
        }
      }
    }
  },
};

interface Judgement {
  readonly kind: 'init' | 'print' | 'forward' | 'gradient' | 'error';
  readonly judge: (decoder: ModuleDecoder) => Comparison;
}

function* judgements(one: SampleCase | ErrorCase): Generator<Judgement> {
  if ('error' in one) {
    yield { kind: 'error', judge: (decoder) => judgeError(one, decoder) };
    return;
  }
  const { state } = one;
  if (state !== undefined && Object.keys(state).length > 0)
    yield { kind: 'init', judge: (decoder) => judgeInit(one, state, decoder) };
  if (one.dtype === 'float32' && one.train)
    yield { kind: 'print', judge: (decoder) => judgePrinted(one, decoder) };
  yield { kind: 'forward', judge: (decoder) => judgeForward(one, decoder) };
  if (one.cotangents.some((cotangent) => cotangent !== null))
    yield { kind: 'gradient', judge: (decoder) => judgeGradient(one, decoder) };
}

/** Makes the module as PyTorch did: under a seed, modules among the arguments included. */
function construct(one: CaseHead, decoder: ModuleDecoder): Module {
  manualSeed(seed);
  return decoder.module({ class: one.module, args: one.args, kwargs: one.kwargs });
}

/** The module ready to be called: with its weights, in its mode and dtype. */
function prepared(one: SampleCase, decoder: ModuleDecoder): Module {
  const module = construct(one, decoder).train(one.train);
  if (one.dtype !== 'float32') module.to(one.dtype);
  if (one.weights !== undefined) module.loadStateDict(decodeState(one.weights, decoder));
  return module;
}

function decodeState(stored: Stored, decoder: ModuleDecoder): Record<string, Tensor> {
  return Object.fromEntries(
    Object.entries(stored).map(([key, value]) => [key, decoder.decode(value) as Tensor]),
  );
}

interface Called {
  readonly module: Module;
  readonly outputs: readonly unknown[];
  readonly leaves: readonly Tensor[];
}

function call(one: SampleCase, decoder: ModuleDecoder): Called {
  const module = prepared(one, decoder);
  const before = decoder.leaves.length;
  const args = decoder.arguments(one.forwardArgs, one.forwardKwargs);
  const leaves = decoder.leaves.slice(before);
  // Random modules draw what PyTorch drew after the same seed.
  manualSeed(seed);
  const outputs = callModule(module, one.cloned === true ? args.map(cloned) : args);
  return { module, outputs: results(outputs), leaves };
}

function judgeInit(one: SampleCase, state: Stored, decoder: ModuleDecoder): Comparison {
  const own = construct(one, decoder).stateDict();
  const keys = Object.keys(state);
  if ([...own.keys()].join() !== keys.join())
    throw new Error(`state dict: expected ${keys.join(', ')}, got ${[...own.keys()].join(', ')}`);
  return combineComparisons(
    keys.map((key) => compareEqual(own.get(key)!, decoder.decode(state[key]!) as Tensor, key)),
  );
}

/** Dtype, shape and every bit. */
function compareEqual(found: Tensor, expected: Tensor, what: string): Comparison {
  if (found.dtype !== expected.dtype || found.shape.join() !== expected.shape.join()) {
    return outcome(
      false,
      `${what}: expected ${expected.dtype} [${expected.shape.join(', ')}], got ${found.dtype} [${found.shape.join(', ')}]`,
    );
  }
  const [own, wanted] = [found.toTypedArray(), expected.toTypedArray()];
  const at = wanted.findIndex((value, i) => !Object.is(value, own[i]));
  return outcome(at < 0, `${what}: element ${at}: expected ${wanted[at]}, got ${own[at]}`);
}

function judgePrinted(one: SampleCase, decoder: ModuleDecoder): Comparison {
  const comparisons = [comparePrinted(construct(one, decoder), one.printed)];
  if (one.printedAfter !== undefined)
    comparisons.push(comparePrinted(call(one, decoder).module, one.printedAfter));
  return combineComparisons(comparisons);
}

function judgeForward(one: SampleCase, decoder: ModuleDecoder): Comparison {
  const { module, outputs } = call(one, decoder);
  const state = module.stateDict();
  const after = Object.entries(one.stateAfter ?? {}).map(([key, value]) => {
    const own = state.get(key);
    if (own === undefined) throw new Error(`state dict after the call: no ${key}`);
    return named(compareClose(own, decoder.decode(value) as Tensor), `state after the call: ${key}`);
  });
  return combineComparisons([
    compareAll(outputs, results(decoder.decode(one.outputs)), one.distances),
    ...after,
  ]);
}

function judgeGradient(one: SampleCase, decoder: ModuleDecoder): Comparison {
  const { module, outputs, leaves } = call(one, decoder);
  const tensors = outputs.filter((output) => output instanceof Tensor);
  const from: Tensor[] = [];
  const seeds: Tensor[] = [];
  one.cotangents.forEach((cotangent, i) => {
    if (cotangent === null) return;
    const output = tensors[i];
    if (output === undefined) throw new Error(`output ${i} is missing`);
    if (!output.requiresGrad)
      throw new Error(`output ${i} does not require a gradient, expected one that does`);
    from.push(output);
    seeds.push(decoder.decode(cotangent) as Tensor);
  });
  const parameters = new Map(module.namedParameters());
  const names = Object.keys(one.parameterGrads);
  const wanted = names.map((name) => {
    const parameter = parameters.get(name);
    if (parameter === undefined) throw new Error(`no parameter ${name}`);
    return parameter;
  });
  const grads = autograd.grad(from, [...leaves, ...wanted], { gradOutputs: seeds, allowUnused: true });
  const expected = (value: JsonArgument | null): Tensor | null =>
    value === null ? null : (decoder.decode(value) as Tensor);
  return combineComparisons([
    ...one.grads.map((grad, i) =>
      compareGradient(grads[i] ?? null, expected(grad), `gradient of input ${i}`, one.gradDistances?.[i]),
    ),
    ...names.map((name, i) =>
      compareGradient(
        grads[leaves.length + i] ?? null,
        expected(one.parameterGrads[name] ?? null),
        `gradient of ${name}`,
        one.parameterGradDistances?.[name],
      ),
    ),
  ]);
}

function judgeError(one: ErrorCase, decoder: ModuleDecoder): Comparison {
  if (one.on === 'construct') return compareRefusal(() => construct(one, decoder), one.message);
  const module = construct(one, decoder);
  const args = decoder.arguments(one.forwardArgs, one.forwardKwargs);
  return compareRefusal(() => callModule(module, args), one.message);
}
