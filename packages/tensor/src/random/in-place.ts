/** Operators that fill a tensor with random numbers in place. Where a gradient flows through one, it is zero. */
import { bindArguments, checkTensor, isOptions } from '../arguments.ts';
import { zerosLike } from '../creation.ts';
import { defineOperator } from '../dispatcher.ts';
import { fail } from '../errors.ts';
import { checkOverlap } from '../ops/in-place-core.ts';
import { Tensor } from '../tensor.ts';
import { bernoulliFrom } from './bernoulli.ts';
import { fillCauchy, fillExponential, fillGeometric, fillLogNormal } from './continuous.ts';
import { fillBernoulli, fillNormal, fillUniform } from './distributions.ts';
import { type Bound, wholeOf } from './factories.ts';
import { defaultGenerator, type Generator } from './generator.ts';
import { fillIntegers, fillWhole } from './integers.ts';

/** Options of random in-place operators. */
export interface GeneratorOptions {
  /** The default generator if left out. */
  readonly generator?: Generator;
}

/** What is canonical after the parameters. */
interface Drawn {
  readonly generator: Generator;
}

/** A fill with two numbers, which may be given by position or by name. */
export type TwoParameterFill<First extends string, Second extends string> = (
  x: Tensor,
  ...args: TwoParameters<First, Second>
) => Tensor;
type TwoParameters<First extends string, Second extends string> =
  | [first?: number, second?: number, options?: GeneratorOptions]
  | [first: number, options: { readonly [Name in Second]?: number } & GeneratorOptions]
  | [options: { readonly [Name in First | Second]?: number } & GeneratorOptions];

/** A fill with one number. */
export type OneParameterFill<Name extends string> = (x: Tensor, ...args: OneParameter<Name>) => Tensor;
type OneParameter<Name extends string> =
  | [value?: number, options?: GeneratorOptions]
  | [options: { readonly [Own in Name]?: number } & GeneratorOptions];

function checkTarget(operator: string, x: Tensor): void {
  checkTensor(operator, 'input', x);
  checkOverlap(operator, x);
}

function twoParameterFill<First extends string, Second extends string>(
  name: string,
  [first, second]: readonly [readonly [First, number], readonly [Second, number]],
  fill: (x: Tensor, first: number, second: number, generator: Generator) => void,
): TwoParameterFill<First, Second> {
  return defineOperator({
    name,
    normalize: (x: Tensor, ...rest: unknown[]): [Tensor, number, number, Drawn] => {
      checkTarget(name, x);
      type Bound = Record<string, number> & GeneratorOptions;
      const bound = bindArguments<Bound>(name, [first[0], second[0], 'generator'], rest);
      const { generator = defaultGenerator } = bound;
      return [x, bound[first[0]] ?? first[1], bound[second[0]] ?? second[1], { generator }];
    },
    forward: (x: Tensor, a: number, b: number, { generator }: Drawn) => {
      fill(x, a, b, generator);
      return x;
    },
    inPlace: true,
    derivatives: [(grad) => zerosLike(grad)],
  }) as TwoParameterFill<First, Second>;
}

function oneParameterFill<Name extends string>(
  name: string,
  [parameter, standard]: readonly [Name, number | undefined],
  fill: (x: Tensor, value: number, generator: Generator) => void,
): OneParameterFill<Name> {
  return defineOperator({
    name,
    normalize: (x: Tensor, ...rest: unknown[]): [Tensor, number, Drawn] => {
      checkTarget(name, x);
      type Bound = Record<string, number> & GeneratorOptions;
      const bound = bindArguments<Bound>(name, [parameter, 'generator'], rest);
      const { generator = defaultGenerator } = bound;
      const value = bound[parameter] ?? standard;
      if (value === undefined) fail(name, `missing argument '${parameter}'`);
      return [x, value, { generator }];
    },
    forward: (x: Tensor, value: number, { generator }: Drawn) => {
      fill(x, value, generator);
      return x;
    },
    inPlace: true,
    derivatives: [(grad) => zerosLike(grad)],
  }) as OneParameterFill<Name>;
}

/** Uniform numbers in [from, to), by default [0, 1). Canonical: (x, from, to, { generator }). */
export const uniform_: TwoParameterFill<'from', 'to'> = twoParameterFill(
  'uniform_',
  [
    ['from', 0],
    ['to', 1],
  ],
  fillUniform,
);

/** Normal numbers, by default of mean 0 and standard deviation 1. Canonical: (x, mean, std, { generator }). */
export const normal_: TwoParameterFill<'mean', 'std'> = twoParameterFill(
  'normal_',
  [
    ['mean', 0],
    ['std', 1],
  ],
  fillNormal,
);

/** Numbers whose logarithm is normal, by default of mean 1 and standard deviation 2. Canonical: (x, mean, std, { generator }). */
export const logNormal_: TwoParameterFill<'mean', 'std'> = twoParameterFill(
  'logNormal_',
  [
    ['mean', 1],
    ['std', 2],
  ],
  fillLogNormal,
);

/** Numbers of the Cauchy distribution, by default of median 0 and sigma 1. Canonical: (x, median, sigma, { generator }). */
export const cauchy_: TwoParameterFill<'median', 'sigma'> = twoParameterFill(
  'cauchy_',
  [
    ['median', 0],
    ['sigma', 1],
  ],
  fillCauchy,
);

/** Exponential numbers of rate `lambd`, by default 1. Canonical: (x, lambd, { generator }). */
export const exponential_: OneParameterFill<'lambd'> = oneParameterFill(
  'exponential_',
  ['lambd', 1],
  fillExponential,
);

/** How many trials of success `p` it takes to succeed. Canonical: (x, p, { generator }). */
export const geometric_: OneParameterFill<'p'> = oneParameterFill(
  'geometric_',
  ['p', undefined],
  fillGeometric,
);

/** Arguments of {@link bernoulli_} after the tensor. */
export type BernoulliArguments =
  | [p?: number | Tensor, options?: GeneratorOptions]
  | [options: { readonly p?: number | Tensor } & GeneratorOptions];

/**
 * Ones with probability `p`, else zeros: a number, by default 0.5, or a tensor of them that broadcasts to the tensor's shape.
 * Canonical: (x, p, { generator }).
 */
export const bernoulli_: (x: Tensor, ...args: BernoulliArguments) => Tensor = defineOperator({
  name: 'bernoulli_',
  normalize: (x: Tensor, ...rest: unknown[]): [Tensor, number | Tensor, Drawn] => {
    checkTarget('bernoulli_', x);
    type Bound = { p: number | Tensor } & GeneratorOptions;
    const { p = 0.5, generator = defaultGenerator } = bindArguments<Bound>(
      'bernoulli_',
      ['p', 'generator'],
      rest,
    );
    return [x, p, { generator }];
  },
  forward: (x: Tensor, p: number | Tensor, { generator }: Drawn) => {
    if (p instanceof Tensor) bernoulliFrom(x, p, generator);
    else fillBernoulli(x, p, generator);
    return x;
  },
  inPlace: true,
  derivatives: [(grad) => zerosLike(grad), (_, [, p]) => zerosLike(p as Tensor)],
  backwardName: (_: Tensor, p: number | Tensor) => `BernoulliBackward${p instanceof Tensor ? 1 : 2}`,
});

/** Bounds of {@link random_} by name; `to` may be null for none. */
export interface RandomRange extends GeneratorOptions {
  readonly from?: Bound;
  readonly to?: Bound | null;
}

/** Arguments of {@link random_} after the tensor. */
export type RandomArguments =
  | [options?: RandomRange]
  | [to: Bound, options?: GeneratorOptions]
  | [from: Bound, to: Bound | null, options?: GeneratorOptions];

/**
 * Whole numbers: `random_(to)` in [0, to), `random_(from, to)` in [from, to), `random_(from, null)` from `from` up to the
 * largest that the dtype counts to, `random_()` from 0 up to that. Canonical: (x, from, to, { generator }), undefined and
 * null for bounds that are not given.
 */
export const random_: (x: Tensor, ...args: RandomArguments) => Tensor = defineOperator({
  name: 'random_',
  normalize: (x: Tensor, ...rest: unknown[]): [Tensor, bigint | undefined, bigint | null, Drawn] => {
    checkTarget('random_', x);
    const given = isOptions(rest.at(-1)) ? rest.length - 1 : rest.length;
    const names =
      given === 1 ? (['to', 'from', 'generator'] as const) : (['from', 'to', 'generator'] as const);
    const bound = bindArguments<RandomRange>('random_', [...names], rest);
    const { generator = defaultGenerator, from, to } = bound;
    if (from === undefined && (to === undefined || to === null)) return [x, undefined, null, { generator }];
    const high = to === undefined || to === null ? null : wholeOf('random_', to);
    return [x, from === undefined ? 0n : wholeOf('random_', from), high, { generator }];
  },
  forward: (x: Tensor, from: bigint | undefined, to: bigint | null, { generator }: Drawn) => {
    if (from === undefined) fillWhole(x, generator);
    else fillIntegers(x, from, to ?? undefined, generator);
    return x;
  },
  inPlace: true,
  derivatives: [(grad) => zerosLike(grad)],
  backwardName: (_: Tensor, from: bigint | undefined, to: bigint | null) =>
    `RandomBackward${from === undefined ? 2 : from === 0n && to !== null ? 1 : 0}`,
});

/** Random fills as methods; each returns the tensor itself. */
export interface RandomMethods {
  /** Uniform numbers in [from, to), by default [0, 1). */
  uniform_(...args: TwoParameters<'from', 'to'>): Tensor;
  /** Normal numbers, by default of mean 0 and standard deviation 1. */
  normal_(...args: TwoParameters<'mean', 'std'>): Tensor;
  /** Numbers whose logarithm is normal, by default of mean 1 and standard deviation 2. */
  logNormal_(...args: TwoParameters<'mean', 'std'>): Tensor;
  /** Numbers of the Cauchy distribution, by default of median 0 and sigma 1. */
  cauchy_(...args: TwoParameters<'median', 'sigma'>): Tensor;
  /** Exponential numbers of rate `lambd`, by default 1. */
  exponential_(...args: OneParameter<'lambd'>): Tensor;
  /** How many trials of success `p` it takes to succeed. */
  geometric_(...args: OneParameter<'p'>): Tensor;
  /** Ones with probability `p` (a number or a tensor), else zeros. */
  bernoulli_(...args: BernoulliArguments): Tensor;
  /** Whole numbers: `random_(to)`, `random_(from, to)`, `random_(from, null)`, `random_()`. */
  random_(...args: RandomArguments): Tensor;
}
