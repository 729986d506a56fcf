/** Smooth activations: sigmoids and what is built of exponentials and error functions. */
import type { Expression } from '@sconce/engine';
import { bindArguments, checkTensor } from '../arguments.ts';
import { defineOperator } from '../dispatcher.ts';
import { fail } from '../errors.ts';
import type { Tensor } from '../tensor.ts';
import { runUnary, type UnaryEntry, type UnaryOperator, unaryOperator } from './elementwise-core.ts';
import { apply, choose, fused, fusedDerivative } from './fused-core.ts';

// Formulas of derivatives take the gradient first, then what was kept, then parameters.

/** 1 / (1 + exp(-x)). */
export const sigmoid: UnaryOperator = unaryOperator({
  name: 'sigmoid',
  result: 'float',
  engine: 'sigmoid',
  derivative: fusedDerivative({
    reads: 'result',
    entry: fused('sigmoidBackward', (grad, kept) =>
      apply('mul', grad, apply('mul', kept, apply('sub', 1, kept))),
    ),
    recorded: (g, y) => g.mul(y.neg().add(1).mul(y)),
  }),
});

const logsigmoidEntry = fused('logsigmoid', (x) => apply('neg', apply('softplus', apply('neg', x), 1, 50)));

/** Logarithm of the sigmoid. Canonical: (x). */
export const logsigmoid: UnaryOperator = defineOperator({
  name: 'logsigmoid',
  normalize: (x: Tensor): [Tensor] => {
    checkTensor('logsigmoid', 'input', x);
    return [x];
  },
  forward: (x: Tensor) => runUnary(logsigmoidEntry, x),
  backwardName: 'LogSigmoidBackward0',
  derivatives: [
    fusedDerivative({
      reads: 0,
      entry: fused('logsigmoidBackward', (grad, kept) =>
        apply('mul', grad, apply('sigmoid', apply('neg', kept))),
      ),
      recorded: (g, x) => g.mul(x.neg().sigmoid()),
    }),
  ],
});

/** Signature of {@link logit}. */
export interface LogitOperator {
  (x: Tensor, eps?: number | null): Tensor;
  (x: Tensor, options: { readonly eps?: number | null }): Tensor;
}

const logitEntry: UnaryEntry = {
  name: 'logit',
  result: 'float',
  formula: (x) => apply('log', apply('div', x!, apply('sub', 1, x!))),
};
const limitedLogitEntry: UnaryEntry = {
  name: 'logit',
  result: 'float',
  formula: (x, low, high) => {
    const limited = apply('clamp', x!, low!, high!);
    return apply('log', apply('div', limited, apply('sub', 1, limited)));
  },
};
/** Between the first two parameters; the third one outside. */
const logitBack = fused('logitBackward', (grad, kept, first, second, third) =>
  choose(
    '<',
    kept,
    first,
    third,
    choose('>', kept, second, third, apply('div', grad, apply('mul', kept, apply('sub', 1, kept)))),
  ),
);

/** The inverse of the sigmoid, of x limited to eps..1 - eps where eps is given. Canonical: (x, eps | null). */
export const logit: LogitOperator = defineOperator({
  name: 'logit',
  normalize: (x: Tensor, ...rest: unknown[]): [Tensor, number | null] => {
    checkTensor('logit', 'input', x);
    const { eps = null } = bindArguments<{ eps: number | null }>('logit', ['eps'], rest);
    return [x, eps];
  },
  forward: (x: Tensor, eps: number | null) =>
    eps === null ? runUnary(logitEntry, x) : runUnary(limitedLogitEntry, x, [eps, 1 - eps]),
  derivatives: [
    fusedDerivative({
      reads: 0,
      entry: logitBack,
      parameters: ([, eps]: [Tensor, number | null]) =>
        eps === null ? [0, 1, Number.NaN] : [eps, 1 - eps, 0],
      recorded: (g, x, [, eps]) =>
        g
          .div(x.mul(x.neg().add(1)))
          .where(x.ge(eps ?? 0).logicalAnd(x.le(1 - (eps ?? 0))), eps === null ? Number.NaN : 0),
    }),
    null,
  ],
});

/** x * sigmoid(x). */
export const silu: UnaryOperator = unaryOperator({
  name: 'silu',
  result: 'floatOnly',
  engine: 'silu',
  derivative: fusedDerivative({
    reads: 0,
    entry: fused('siluBackward', (grad, kept) =>
      apply(
        'mul',
        grad,
        apply('mul', apply('sigmoid', kept), apply('fma', kept, apply('sub', 1, apply('sigmoid', kept)), 1)),
      ),
    ),
    recorded: (g, x) => {
      const s = x.sigmoid();
      return g.mul(s.mul(x.mul(s.neg().add(1)).add(1)));
    },
  }),
});

const mishGate = (x: Expression): Expression => apply('tanh', apply('softplus', x, 1, 20));

/** x * tanh(softplus(x)). */
export const mish: UnaryOperator = unaryOperator({
  name: 'mish',
  result: 'floatOnly',
  engine: 'mish',
  derivative: fusedDerivative({
    reads: 0,
    entry: fused('mishBackward', (grad, kept) =>
      apply(
        'mul',
        grad,
        apply(
          'fma',
          apply('mul', kept, apply('sigmoid', kept)),
          apply('sub', 1, apply('mul', mishGate(kept), mishGate(kept))),
          mishGate(kept),
        ),
      ),
    ),
    recorded: (g, x) => {
      const t = x.softplus().tanh();
      return g.mul(t.add(x.mul(x.sigmoid()).mul(t.mul(t).neg().add(1))));
    },
  }),
});

/** Signature of {@link elu} and {@link celu}. */
export interface EluOperator {
  (x: Tensor, alpha?: number): Tensor;
  (x: Tensor, options?: { readonly alpha?: number }): Tensor;
}

const eluEntry: UnaryEntry = {
  name: 'elu',
  result: 'floatOnly',
  engine: 'elu',
};

/** Below zero: the first parameter times expm1 of the second times x; above: the third times x. */
const scaledElu = fused('elu', (x, first, second, third) =>
  choose('>', x, 0, apply('mul', x, third), apply('elu', apply('mul', x, second), first)),
);

/** The derivative of {@link scaledElu}: the first parameter is its first two multiplied. */
const scaledEluBack = fused('eluBackward', (grad, kept, first, second, third) =>
  apply(
    'mul',
    grad,
    choose('>', kept, 0, third, apply('mul', apply('exp', apply('mul', kept, second)), first)),
  ),
);

/** The same, recorded. */
function eluBack(g: Tensor, x: Tensor, below: number, inner: number, above: number): Tensor {
  // Only what is used may be large: an infinite exponential times 0 would be NaN.
  const low = x.clamp({ max: 0 }).mul(inner).exp().mul(below);
  return g.mul(above).where(x.gt(0), g.mul(low));
}

function alphaArgument(name: string): (x: Tensor, ...rest: unknown[]) => [Tensor, number] {
  return (x, ...rest) => {
    checkTensor(name, 'input', x);
    const { alpha = 1 } = bindArguments<{ alpha: number }>(name, ['alpha'], rest);
    return [x, alpha];
  };
}

/** x where it is positive, else alpha * (exp(x) - 1). Canonical: (x, alpha). */
export const elu: EluOperator = defineOperator({
  name: 'elu',
  normalize: alphaArgument('elu'),
  forward: (x: Tensor, alpha: number) => runUnary(eluEntry, x, [alpha]),
  derivatives: [
    fusedDerivative({
      reads: 0,
      entry: scaledEluBack,
      parameters: ([, alpha]: [Tensor, number]) => [alpha, 1, 1],
      recorded: (g, x, [, alpha]) => eluBack(g, x, alpha, 1, 1),
    }),
    null,
  ],
});

/** x where it is positive, else alpha * (exp(x / alpha) - 1). Canonical: (x, alpha). */
export const celu: EluOperator = defineOperator({
  name: 'celu',
  normalize: (x: Tensor, ...rest: unknown[]): [Tensor, number] => {
    const [own, alpha] = alphaArgument('celu')(x, ...rest);
    if (alpha === 0) fail('celu', 'ZeroDivisionError: alpha cannot be 0 for CELU');
    return [own, alpha];
  },
  forward: (x: Tensor, alpha: number) => runUnary(scaledElu, x, [alpha, 1 / alpha, 1]),
  backwardName: 'EluBackward0',
  derivatives: [
    fusedDerivative({
      reads: 0,
      entry: scaledEluBack,
      parameters: ([, alpha]: [Tensor, number]) => [1, 1 / alpha, 1],
      recorded: (g, x, [, alpha]) => eluBack(g, x, 1, 1 / alpha, 1),
    }),
    null,
  ],
});

const seluAlpha = 1.6732632423543772;
const seluScale = 1.0507009873554805;

/** The self-normalizing elu: 1.0507 * elu(x, 1.6733). Canonical: (x). */
export const selu: UnaryOperator = defineOperator({
  name: 'selu',
  normalize: (x: Tensor): [Tensor] => {
    checkTensor('selu', 'input', x);
    return [x];
  },
  forward: (x: Tensor) => runUnary(scaledElu, x, [seluAlpha * seluScale, 1, seluScale]),
  backwardName: 'EluBackward0',
  derivatives: [
    fusedDerivative({
      reads: 0,
      entry: scaledEluBack,
      parameters: () => [seluAlpha * seluScale, 1, seluScale],
      recorded: (g, x) => eluBack(g, x, seluAlpha * seluScale, 1, seluScale),
    }),
  ],
});

/** Options of {@link softplus}. */
export interface SoftplusOptions {
  readonly beta?: number;
  /** Where beta * x exceeds it, the result is x itself. */
  readonly threshold?: number;
}

/** Signature of {@link softplus}. */
export interface SoftplusOperator {
  (x: Tensor, beta?: number, threshold?: number): Tensor;
  (x: Tensor, options?: SoftplusOptions): Tensor;
}

const softplusEntry: UnaryEntry = {
  name: 'softplus',
  result: 'floatOnly',
  engine: 'softplus',
};

/** log(1 + exp(beta * x)) / beta. Canonical: (x, { beta, threshold }). */
export const softplus: SoftplusOperator = defineOperator({
  name: 'softplus',
  normalize: (x: Tensor, ...rest: unknown[]): [Tensor, Required<SoftplusOptions>] => {
    const { beta = 1, threshold = 20 } = bindArguments<SoftplusOptions>(
      'softplus',
      ['beta', 'threshold'],
      rest,
    );
    return [x, { beta, threshold }];
  },
  forward: (x: Tensor, { beta, threshold }) => runUnary(softplusEntry, x, [beta, threshold]),
  derivatives: [
    fusedDerivative({
      reads: 0,
      entry: fused('softplusBackward', (grad, kept, first, second) =>
        choose(
          '>',
          apply('mul', kept, first),
          second,
          grad,
          apply('mul', grad, apply('sigmoid', apply('mul', kept, first))),
        ),
      ),
      parameters: ([, { beta, threshold }]: [Tensor, Required<SoftplusOptions>]) => [beta, threshold],
      recorded: (g, x, [, { beta, threshold }]) => {
        const scaled = x.mul(beta);
        return g.where(scaled.gt(threshold), g.mul(scaled.sigmoid()));
      },
    }),
    null,
  ],
});

/** Options of {@link gelu}. */
export interface GeluOptions {
  /** `tanh` uses the approximation by a hyperbolic tangent. */
  readonly approximate?: 'none' | 'tanh';
}

const geluEntry: UnaryEntry = {
  name: 'gelu',
  result: 'floatOnly',
  engine: 'gelu',
};

const normalHeight = 1 / Math.sqrt(2 * Math.PI);
const geluBack = fused('geluBackward', (grad, kept) =>
  apply(
    'mul',
    grad,
    apply(
      'fma',
      apply('mul', kept, normalHeight),
      apply('exp', apply('mul', apply('mul', kept, kept), -0.5)),
      apply('fma', apply('erf', apply('mul', kept, Math.SQRT1_2)), 0.5, 0.5),
    ),
  ),
);

const root = Math.sqrt(2 / Math.PI);
const cubic = 0.044715;

const geluTanhEntry: UnaryEntry = {
  name: 'gelu',
  result: 'floatOnly',
  engine: 'geluTanh',
};

const geluGate = (x: Expression): Expression =>
  apply('tanh', apply('mul', apply('mul', x, root), apply('fma', apply('mul', x, x), cubic, 1)));
const geluTanhBack = fused('geluBackward', (grad, kept) =>
  apply(
    'mul',
    apply('mul', grad, 0.5),
    apply(
      'fma',
      apply('mul', kept, apply('sub', 1, apply('mul', geluGate(kept), geluGate(kept)))),
      apply('fma', apply('mul', kept, kept), 3 * cubic * root, root),
      apply('add', geluGate(kept), 1),
    ),
  ),
);

/** x times the normal distribution function of x. Canonical: (x, { approximate }). */
export const gelu: (x: Tensor, options?: GeluOptions) => Tensor = defineOperator({
  name: 'gelu',
  normalize: (x: Tensor, options?: GeluOptions): [Tensor, Required<GeluOptions>] => {
    const { approximate = 'none' } = bindArguments<GeluOptions>('gelu', ['approximate'], [options]);
    if (approximate !== 'none' && approximate !== 'tanh') {
      fail('gelu', 'approximate argument must be either none or tanh.', 'none or tanh', String(approximate));
    }
    return [x, { approximate }];
  },
  forward: (x: Tensor, { approximate }) => runUnary(approximate === 'tanh' ? geluTanhEntry : geluEntry, x),
  derivatives: [
    fusedDerivative({
      reads: 0,
      entry: ([, { approximate }]: [Tensor, Required<GeluOptions>]) =>
        approximate === 'tanh' ? geluTanhBack : geluBack,
      recorded: (g, x, [, { approximate }]) =>
        g.mul(approximate === 'tanh' ? geluTanhSlope(x) : geluSlope(x)),
    }),
    null,
  ],
});

function geluSlope(x: Tensor): Tensor {
  const below = x.mul(Math.SQRT1_2).erf().add(1).mul(0.5);
  return below.add(x.mul(x.mul(x).mul(-0.5).exp().mul(normalHeight)));
}

function geluTanhSlope(x: Tensor): Tensor {
  const square = x.mul(x);
  const t = x.add(square.mul(x).mul(cubic)).mul(root).tanh();
  const slope = t
    .mul(t)
    .neg()
    .add(1)
    .mul(
      square
        .mul(3 * cubic)
        .add(1)
        .mul(root),
    );
  return t.add(1).mul(0.5).add(x.mul(0.5).mul(slope));
}

/** Smooth activations as methods. */
export interface SmoothActivationMethods {
  /** 1 / (1 + exp(-x)). */
  sigmoid(): Tensor;
  /** Logarithm of the sigmoid. */
  logsigmoid(): Tensor;
  /** The inverse of the sigmoid, of x limited to eps..1 - eps where eps is given. */
  logit(eps?: number | null): Tensor;
  logit(options: { readonly eps?: number | null }): Tensor;
  /** x * sigmoid(x). */
  silu(): Tensor;
  /** x * tanh(softplus(x)). */
  mish(): Tensor;
  /** x where it is positive, else alpha * (exp(x) - 1). */
  elu(alpha?: number): Tensor;
  /** x where it is positive, else alpha * (exp(x / alpha) - 1). */
  celu(alpha?: number): Tensor;
  /** The self-normalizing elu. */
  selu(): Tensor;
  /** log(1 + exp(beta * x)) / beta. */
  softplus(options?: SoftplusOptions): Tensor;
  /** x times the normal distribution function of x. */
  gelu(options?: GeluOptions): Tensor;
}
