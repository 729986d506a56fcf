/** Activations and dropout that can work in the input's memory: `inplace` chooses between an operator's two forms. */
import * as operators from '@sconce/tensor';
import { bindArguments, type Tensor } from '@sconce/tensor';
import type { LayerArguments } from '../module/arguments.ts';

export {
  celu_,
  elu_,
  hardtanh_,
  leakyRelu_,
  relu_,
  rrelu_,
  selu_,
  threshold_,
} from '@sconce/tensor';

/** The option of functions that can work in the input's memory. */
export interface InplaceOption {
  /** Whether the result is written into the input, which is returned (default false). */
  readonly inplace?: boolean;
}

/** A function of a tensor, of arguments with these names and of `inplace`. */
export type InplaceFunction<
  Positional extends readonly unknown[],
  Names extends readonly unknown[],
  Options,
> = (
  x: Tensor,
  ...rest: LayerArguments<
    [...Positional, inplace: boolean | undefined],
    readonly [...Names, 'inplace'],
    Options & InplaceOption
  >
) => Tensor;

/** An activation without other arguments. */
export type PlainActivation = InplaceFunction<[], [], object>;

// The forms take the same arguments, which each of them checks.
type Form = (x: Tensor, ...rest: never[]) => Tensor;

function eitherForm<F>(operator: string, names: readonly string[], plain: Form, inPlace: Form): F {
  const all = [...names, 'inplace'];
  const choose = (x: Tensor, ...rest: unknown[]): Tensor => {
    if (rest.length === 0) return plain(x);
    const { inplace = false, ...named } = bindArguments<Record<string, unknown>>(operator, all, rest);
    const values = names.map((name) => named[name]) as never[];
    return inplace ? inPlace(x, ...values) : plain(x, ...values);
  };
  return choose as F;
}

/** max(x, 0) (`torch.nn.functional.relu`). */
export const relu: PlainActivation = eitherForm('relu', [], operators.relu, operators.relu_);
/** min(max(x, 0), 6) (`torch.nn.functional.relu6`). */
export const relu6: PlainActivation = eitherForm('relu6', [], operators.relu6, operators.relu6_);
/** x * sigmoid(x) (`torch.nn.functional.silu`). */
export const silu: PlainActivation = eitherForm('silu', [], operators.silu, operators.silu_);
/** x * tanh(softplus(x)) (`torch.nn.functional.mish`). */
export const mish: PlainActivation = eitherForm('mish', [], operators.mish, operators.mish_);
/** The exponential linear unit that keeps mean 0 and variance 1 (`torch.nn.functional.selu`). */
export const selu: PlainActivation = eitherForm('selu', [], operators.selu, operators.selu_);
/** x * relu6(x + 3) / 6 (`torch.nn.functional.hardswish`). */
export const hardswish: PlainActivation = eitherForm(
  'hardswish',
  [],
  operators.hardswish,
  operators.hardswish_,
);
/** relu6(x + 3) / 6 (`torch.nn.functional.hardsigmoid`). */
export const hardsigmoid: PlainActivation = eitherForm(
  'hardsigmoid',
  [],
  operators.hardsigmoid,
  operators.hardsigmoid_,
);
/** x where it is positive, else negativeSlope * x, 0.01 by default (`torch.nn.functional.leaky_relu`). */
export const leakyRelu: InplaceFunction<
  [negativeSlope: number | undefined],
  ['negativeSlope'],
  { readonly negativeSlope?: number }
> = eitherForm('leakyRelu', ['negativeSlope'], operators.leakyRelu, operators.leakyRelu_);
/** x where it is positive, else alpha * (exp(x) - 1), alpha 1 by default (`torch.nn.functional.elu`). */
export const elu: InplaceFunction<[alpha: number | undefined], ['alpha'], { readonly alpha?: number }> =
  eitherForm('elu', ['alpha'], operators.elu, operators.elu_);
/** x where it is positive, else alpha * (exp(x / alpha) - 1), alpha 1 by default (`torch.nn.functional.celu`). */
export const celu: InplaceFunction<[alpha: number | undefined], ['alpha'], { readonly alpha?: number }> =
  eitherForm('celu', ['alpha'], operators.celu, operators.celu_);
/** x limited to minVal..maxVal, -1..1 by default (`torch.nn.functional.hardtanh`). */
export const hardtanh: InplaceFunction<
  [minVal: number | undefined, maxVal: number | undefined],
  ['minVal', 'maxVal'],
  { readonly minVal?: number; readonly maxVal?: number }
> = eitherForm('hardtanh', ['minVal', 'maxVal'], operators.hardtanh, operators.hardtanh_);
/** x where it is above `threshold`, else `value` (`torch.nn.functional.threshold`). */
export const threshold: InplaceFunction<
  [threshold: number, value: number],
  ['threshold', 'value'],
  { readonly threshold: number; readonly value: number }
> = eitherForm('threshold', ['threshold', 'value'], operators.threshold, operators.threshold_);
/** The leaky rectifier whose slopes are drawn in training (`torch.nn.functional.rrelu`). */
export const rrelu: InplaceFunction<
  [lower: number | undefined, upper: number | undefined, training: boolean | undefined],
  ['lower', 'upper', 'training'],
  { readonly lower?: number; readonly upper?: number; readonly training?: boolean }
> = eitherForm('rrelu', ['lower', 'upper', 'training'], operators.rrelu, operators.rrelu_);

/** Dropout of any kind: probability, whether to drop at all, and whether in the input's memory. */
export type DropoutFunction = InplaceFunction<
  [p: number | undefined, training: boolean | undefined],
  ['p', 'training'],
  { readonly p?: number; readonly training?: boolean }
>;

const ofDropout = ['p', 'training'];

/** Zeros with probability p, the rest scaled by 1 / (1 - p) (`torch.nn.functional.dropout`). */
export const dropout: DropoutFunction = eitherForm(
  'dropout',
  ofDropout,
  operators.dropout,
  operators.dropout_,
);
/** Drops whole channels of [N, C, L] or [C, L] (`torch.nn.functional.dropout1d`). */
export const dropout1d: DropoutFunction = eitherForm(
  'dropout1d',
  ofDropout,
  operators.dropout1d,
  operators.dropout1d_,
);
/** Drops whole channels of [N, C, ...] (`torch.nn.functional.dropout2d`). */
export const dropout2d: DropoutFunction = eitherForm(
  'dropout2d',
  ofDropout,
  operators.dropout2d,
  operators.dropout2d_,
);
/** Drops whole channels of [N, C, D, H, W] or [C, D, H, W] (`torch.nn.functional.dropout3d`). */
export const dropout3d: DropoutFunction = eitherForm(
  'dropout3d',
  ofDropout,
  operators.dropout3d,
  operators.dropout3d_,
);
/** Dropout that keeps mean and variance of selu's outputs (`torch.nn.functional.alpha_dropout`). */
export const alphaDropout: DropoutFunction = eitherForm(
  'alphaDropout',
  ofDropout,
  operators.alphaDropout,
  operators.alphaDropout_,
);
/** As {@link alphaDropout} of whole channels (`torch.nn.functional.feature_alpha_dropout`). */
export const featureAlphaDropout: DropoutFunction = eitherForm(
  'featureAlphaDropout',
  ofDropout,
  operators.featureAlphaDropout,
  operators.featureAlphaDropout_,
);
