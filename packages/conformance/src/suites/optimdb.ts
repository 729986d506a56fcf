/**
 * The suite `optimdb`: the options of PyTorch's own optimizer database. Parameters and state dicts after 1, 5 and 50
 * steps, the same from PyTorch's state dict after 5, the printed text and the errors; and the learning rates and state
 * dicts of schedulers.
 */
import { Parameter } from '@sconce/nn';
import { type DType, type Tensor, zeros } from '@sconce/tensor';
import type { JsonArgument } from '../arguments.ts';
import { type Comparison, combineComparisons } from '../compare.ts';
import type { Fixtures, FixtureTensors } from '../fixtures.ts';
import type { Suite, SuiteCase } from '../suite.ts';
import { comparePrinted, compareRefusal, judgeKnown } from './database.ts';
import { Decoder } from './opdb-arguments.ts';
import {
  compareNumber,
  compareState,
  decodeParams,
  decodeState,
  makeOptimizer,
  makeScheduler,
  type Optimizer,
  type Scheduler,
} from './optimdb-arguments.ts';

/** What is known to differ from PyTorch, by class, kind of case and sample. */
const gaps: Readonly<Record<string, string>> = {
  'ASGD print 3': 'prints 100 for an integer and 100.0 for a float, which JavaScript cannot tell',
};

interface PackFile {
  readonly versions: Readonly<Record<string, string>>;
  readonly cases: readonly DatabaseCase[];
}

type Options = Readonly<Record<string, JsonArgument>>;

interface CaseHead {
  /** The class of the optimizer, or of the scheduler. */
  readonly optimizer: string;
  readonly sample: number;
}

interface OptimizerHead extends CaseHead {
  readonly params: JsonArgument;
  readonly options: Options;
  readonly parameters: readonly JsonArgument[];
}

interface Snapshot {
  readonly steps: number;
  readonly parameters: readonly JsonArgument[];
  /** Left out where the number of iterations, and what is remembered of them, depends on the last bits. */
  readonly state?: JsonArgument;
  /** How far PyTorch's float32 tensors are from its float64 ones: parameters, then those of the state. */
  readonly distances?: readonly number[];
}

interface StepsCase extends OptimizerHead {
  readonly kind: 'steps';
  readonly dtype: DType;
  /** Sets of gradients, used in turn; with a closure, the targets of its loss. */
  readonly gradients: readonly (readonly JsonArgument[])[];
  readonly closure?: boolean;
  readonly printed: string;
  readonly snapshots: readonly Snapshot[];
}

interface ErrorCase extends OptimizerHead {
  readonly kind: 'error';
  readonly message: string;
}

interface ScheduleHead extends CaseHead {
  readonly with: { readonly class: string; readonly groups: readonly Options[]; readonly options?: Options };
  readonly scheduler: JsonArgument;
}

interface States {
  readonly scheduler: JsonArgument;
  readonly optimizer: JsonArgument;
}

interface ScheduleCase extends ScheduleHead {
  readonly kind: 'schedule';
  /** What each step is given. */
  readonly steps: readonly JsonArgument[];
  /** Learning rate and momentum of every group, before the first step and after each. */
  readonly rates: readonly (readonly (readonly number[])[])[];
  readonly lastLr?: readonly JsonArgument[];
  readonly half: States;
  readonly end: States;
  /** Whether PyTorch goes on from the half as it would have gone on without. */
  readonly resumes?: boolean;
}

interface RefusedScheduleCase extends ScheduleHead {
  readonly kind: 'refusedSchedule';
  readonly message: string;
}

type DatabaseCase = StepsCase | ErrorCase | ScheduleCase | RefusedScheduleCase;

export const optimdb: Suite = {
  name: 'optimdb',
  description: "PyTorch's optimizer database: parameters and state dicts after steps, schedules, errors",
  versions: (fixtures) => {
    const [first] = fixtures.json<string[]>('optimdb', 'packs.json');
    return fixtures.json<PackFile>('optimdb', `${first}.json`).versions;
  },
  *cases(fixtures: Fixtures): Generator<SuiteCase> {
    for (const pack of fixtures.json<string[]>('optimdb', 'packs.json')) {
      let tensors: FixtureTensors | undefined;
      for (const one of fixtures.json<PackFile>('optimdb', `${pack}.json`).cases) {
        for (const { kind, judge } of judgements(one)) {
          yield {
            name: `${one.optimizer} ${kind}${'dtype' in one ? ` ${one.dtype}` : ''} ${one.sample}`,
            judge: () => {
              tensors ??= fixtures.tensors('optimdb', `${pack}.safetensors`);
              const decoder = new Decoder(tensors);
              return judgeKnown(gaps[`${one.optimizer} ${kind} ${one.sample}`], () => judge(decoder));
            },
          };
        }
      }
    }
  },
};

interface Judgement {
  readonly kind: 'steps' | 'resume' | 'print' | 'error' | 'schedule';
  readonly judge: (decoder: Decoder) => Comparison;
}

function* judgements(one: DatabaseCase): Generator<Judgement> {
  if (one.kind === 'error') {
    const judge = (decoder: Decoder): Comparison =>
      compareRefusal(() => prepare(one, one.parameters, decoder), one.message);
    yield { kind: 'error', judge };
  } else if (one.kind === 'steps') {
    yield { kind: 'steps', judge: (decoder) => judgeSteps(one, decoder) };
    if (one.snapshots.every(({ state }) => state !== undefined))
      yield { kind: 'resume', judge: (decoder) => judgeResumed(one, decoder) };
    if (one.dtype === 'float32') {
      const judge = (decoder: Decoder): Comparison =>
        comparePrinted(prepare(one, one.parameters, decoder).optimizer, one.printed);
      yield { kind: 'print', judge };
    }
  } else if (one.kind === 'schedule') {
    yield { kind: 'schedule', judge: (decoder) => judgeSchedule(one, decoder) };
    if (one.resumes === true)
      yield { kind: 'resume', judge: (decoder) => judgeResumedSchedule(one, decoder) };
  } else {
    const judge = (decoder: Decoder): Comparison => compareRefusal(() => schedule(one, decoder), one.message);
    yield { kind: 'error', judge };
  }
}

interface Prepared {
  readonly optimizer: Optimizer;
  readonly parameters: readonly Parameter[];
}

function prepare(one: OptimizerHead, tensors: readonly JsonArgument[], decoder: Decoder): Prepared {
  const parameters = tensors.map((value) => new Parameter(decoder.decode(value) as Tensor));
  const params = decodeParams(one.params, parameters, decoder);
  return { parameters, optimizer: makeOptimizer(one.optimizer, params, decoder.options(one.options)) };
}

/** The step of that number, counted from 0. */
function step(one: StepsCase, { optimizer, parameters }: Prepared, i: number, decoder: Decoder): void {
  const gradients = one.gradients[i % one.gradients.length]!.map((value) => decoder.decode(value) as Tensor);
  if (one.closure !== true) {
    gradients.forEach((gradient, at) => {
      parameters[at]!.grad = gradient;
    });
    optimizer.step();
    return;
  }
  optimizer.step(() => {
    optimizer.zeroGrad();
    const loss = gradients.reduce(
      (total, target, at) => {
        const away = parameters[at]!.sub(target);
        return total.add(away.mul(away).sum()).add(away.mul(2).sin().sum().mul(0.5));
      },
      zeros([], { dtype: one.dtype }),
    );
    loss.backward();
    return loss;
  });
}

function compareSnapshot(
  { optimizer, parameters }: Prepared,
  { steps, distances, ...snapshot }: Snapshot,
  decoder: Decoder,
): Comparison {
  let at = 0;
  const distance = (): number | undefined => distances?.[at++];
  return combineComparisons([
    ...snapshot.parameters.map((value, i) =>
      compareState(
        parameters[i]!.detach(),
        decoder.decode(value),
        `parameter ${i} after ${steps} steps`,
        distance,
      ),
    ),
    ...(snapshot.state === undefined
      ? []
      : [
          compareState(
            optimizer.stateDict(),
            decodeState(snapshot.state, decoder),
            `state dict after ${steps} steps`,
            distance,
          ),
        ]),
  ]);
}

function judgeSteps(one: StepsCase, decoder: Decoder): Comparison {
  const prepared = prepare(one, one.parameters, decoder);
  let taken = 0;
  return combineComparisons(
    one.snapshots.map((snapshot) => {
      while (taken < snapshot.steps) step(one, prepared, taken++, decoder);
      return compareSnapshot(prepared, snapshot, decoder);
    }),
  );
}

/** Goes on from PyTorch's parameters and state dict. */
function judgeResumed(one: StepsCase, decoder: Decoder): Comparison {
  const [from, to] = one.snapshots.slice(-2) as [Snapshot, Snapshot];
  const prepared = prepare(one, from.parameters, decoder);
  prepared.optimizer.loadStateDict(decodeState(from.state!, decoder));
  for (let i = from.steps; i < to.steps; i++) step(one, prepared, i, decoder);
  return compareSnapshot(prepared, to, decoder);
}

interface Scheduled {
  readonly optimizer: Optimizer;
  readonly scheduler: Scheduler;
}

function schedule(one: ScheduleHead, decoder: Decoder): Scheduled {
  const groups = one.with.groups.map((options) => ({
    params: [new Parameter(zeros([1]))],
    ...decoder.options(options),
  }));
  const optimizer = makeOptimizer(one.with.class, groups, decoder.options(one.with.options ?? {}));
  return { optimizer, scheduler: makeScheduler(one.scheduler, optimizer, decoder) };
}

/** Takes steps and compares the rates after each. */
function* follow(
  one: ScheduleCase,
  { optimizer, scheduler }: Scheduled,
  from: number,
  to: number,
  decoder: Decoder,
): Generator<Comparison> {
  for (let i = from; i < to; i++) {
    optimizer.step();
    const argument = one.steps[i];
    if (argument === null || argument === undefined) scheduler.step();
    else scheduler.step(decoder.decode(argument));
    yield compareRates(one, optimizer, i + 1);
  }
}

function compareRates(one: ScheduleCase, optimizer: Optimizer, at: number): Comparison {
  return combineComparisons(
    one.rates[at]!.flatMap(([lr, momentum], i) => {
      const group = optimizer.paramGroups[i]!;
      const what = `after ${at} steps, group ${i}`;
      const own = group['momentum'] ?? (group['betas'] as readonly unknown[] | undefined)?.[0];
      return [
        compareNumber(group['lr'], lr!, `${what}: lr`),
        ...(momentum === undefined ? [] : [compareNumber(own, momentum, `${what}: momentum`)]),
      ];
    }),
  );
}

function compareStates(
  { optimizer, scheduler }: Scheduled,
  states: States,
  what: string,
  decoder: Decoder,
): Comparison[] {
  return [
    compareState(
      scheduler.stateDict(),
      decodeState(states.scheduler, decoder),
      `scheduler's state dict ${what}`,
    ),
    compareState(
      optimizer.stateDict(),
      decodeState(states.optimizer, decoder),
      `optimizer's state dict ${what}`,
    ),
  ];
}

function judgeSchedule(one: ScheduleCase, decoder: Decoder): Comparison {
  const scheduled = schedule(one, decoder);
  const half = Math.floor(one.steps.length / 2);
  const last = (): Comparison[] =>
    one.lastLr === undefined
      ? []
      : [
          compareState(
            scheduled.scheduler.getLastLr?.(),
            one.lastLr.map((lr) => decoder.decode(lr)),
            'getLastLr',
          ),
        ];
  return combineComparisons([
    compareRates(one, scheduled.optimizer, 0),
    ...follow(one, scheduled, 0, half, decoder),
    ...compareStates(scheduled, one.half, `after ${half} steps`, decoder),
    ...follow(one, scheduled, half, one.steps.length, decoder),
    ...compareStates(scheduled, one.end, 'at the end', decoder),
    ...last(),
  ]);
}

/** Goes on from PyTorch's state dicts. */
function judgeResumedSchedule(one: ScheduleCase, decoder: Decoder): Comparison {
  const scheduled = schedule(one, decoder);
  scheduled.optimizer.loadStateDict(decodeState(one.half.optimizer, decoder));
  scheduled.scheduler.loadStateDict(decodeState(one.half.scheduler, decoder));
  const half = Math.floor(one.steps.length / 2);
  return combineComparisons([
    ...follow(one, scheduled, half, one.steps.length, decoder),
    ...compareStates(scheduled, one.end, 'at the end', decoder),
  ]);
}
