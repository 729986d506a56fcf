/** Calls Sconce's operator of a name in PyTorch's operator database. */
import { functional } from '@sconce/nn';
import * as torch from '@sconce/tensor';
import { UnsupportedCase } from '../suite.ts';
import { camelCase, type PythonSlice } from './opdb-arguments.ts';

type Call = (args: readonly unknown[], options: Readonly<Record<string, unknown>> | undefined) => unknown;

/** Python operators with the tensor on the right: `3 - x`. */
const reflected: Readonly<Record<string, string>> = {
  __radd__: 'add',
  __rand__: 'bitwiseAnd',
  __rdiv__: 'div',
  __rmatmul__: 'matmul',
  __rmod__: 'remainder',
  __rmul__: 'mul',
  __ror__: 'bitwiseOr',
  __rpow__: 'pow',
  __rsub__: 'sub',
  __rxor__: 'bitwiseXor',
};

/** Operators that are called otherwise than by their own name; `operator/variant` for one variant of it. */
const special: Readonly<Record<string, Call>> = {
  H: ([x]) => property(x, 'H'),
  T: ([x]) => property(x, 'T'),
  mH: ([x]) => property(x, 'mH'),
  mT: ([x]) => property(x, 'mT'),
  // These are the in-place fills, as functions.
  cauchy: (args, options) => fill('cauchy_', args, options),
  exponential: (args, options) => fill('exponential_', args, options),
  geometric: (args, options) => fill('geometric_', args, options),
  log_normal: (args, options) => fill('logNormal_', args, options),
  'normal/in_place': (args, options) => fill('normal_', args, options),
  uniform: (args, options) => fill('uniform_', args, options),
  // The standard deviation comes first here.
  'normal/number_mean': ([std, mean, ...rest], options) =>
    seeded(() => lookUp('normal')(mean, std, ...rest, ...(options === undefined ? [] : [options]))),
  // The database draws normal numbers under this name.
  rand_like: (args, options) =>
    seeded(() => lookUp('randn_like')(...args, ...(options === undefined ? [] : [options]))),
  // The equation comes first in Python too; the database has it behind the operands.
  einsum: ([operands, equation]) => lookUp('einsum')(equation, operands),
  // These take the factors of their matrix, which keeps its rank then.
  'linalg.pinv/singular': ([a, b]) => lookUp('linalg.pinv')(productOf(a, b)),
  'linalg.lstsq/grad_oriented': ([a, b, driver], options) => {
    const result = lookUp('linalg.lstsq')(a, b, options ?? { driver });
    return Object.values(result as object).slice(0, 2);
  },
  pca_lowrank: ([a, b], options) => seeded(() => lookUp('pca_lowrank')(productOf(a, b), options)),
  svd_lowrank: ([a, b], options) => seeded(() => lookUp('svd_lowrank')(productOf(a, b), options)),
  // The order comes first; the database has the tensor first.
  polygamma: ([x, n]) => lookUp('polygamma')(n, x),
  'special.polygamma': ([x, n]) => lookUp('special.polygamma')(n, x),
  where: ([x, condition, other]) => lookUp('where')(condition, x, other),
  // The database has the table first.
  'nn.functional.embedding': ([weight, index], options) =>
    lookUp('nn.functional.embedding')(index, weight, options),
  'nn.functional.embedding_bag': ([weight, index], options) =>
    lookUp('nn.functional.embedding_bag')(index, weight, options),
  // The database's own function: the gradient of ones, whatever indices are asked for.
  max_pool2d_with_indices_backward: ([x], options) => {
    const { returnIndices: _, ...window } = options ?? {};
    const { values, indices } = lookUp('max_pool2d_with_indices')(x, window) as torch.ValuesAndIndices;
    return lookUp('max_pool2d_with_indices_backward')(torch.onesLike(values), x, window, indices);
  },
  __getitem__: ([x, index]) => member(x, 'index')(...(isTuple(index) ? index.tuple : [index]).map(indexOf)),
};

/** Operators that the database wraps in a seeding of its own. */
const seededOperators =
  /^(nn\.functional\.((feature_)?alpha_dropout|dropout[23]?d?|fractional_max_pool[23]d|multi_head_attention_forward|rrelu|scaled_dot_product_attention)|bernoulli|geometric|log_normal|multinomial|normal|randint(_like)?|randn(_like)?|uniform)$/;

/** A random fill, seeded. */
function fill(name: string, [x, ...rest]: readonly unknown[], options: object | undefined): unknown {
  return seeded(() => member(x, name)(...rest, ...(options === undefined ? [] : [options])));
}

/** Some random operators the database seeds by itself, with 42. */
function seeded(call: () => unknown): unknown {
  torch.manualSeed(42);
  return call();
}

/** a bᵀ. */
function productOf(a: unknown, b: unknown): unknown {
  return member(a, 'matmul')(member(b, 'transpose')(-2, -1));
}

function isTuple(value: unknown): value is { readonly tuple: readonly unknown[] } {
  return typeof value === 'object' && value !== null && 'tuple' in value;
}

/** One index: Python's `None`, slices and lists as `index` takes them. */
function indexOf(value: unknown): unknown {
  if (typeof value === 'object' && value !== null && 'step' in value) {
    const { start, stop, step } = value as PythonSlice;
    return lookUp('slice')(start, stop, step);
  }
  return value;
}

/** Calls the operator. @throws UnsupportedCase where Sconce has none of that name */
export function callOperator(
  name: string,
  args: readonly unknown[],
  options: Readonly<Record<string, unknown>> | undefined,
  variant?: string,
): unknown {
  if (options !== undefined && 'out' in options) throw new UnsupportedCase('there are no `out` arguments');
  const call = special[`${name}/${variant}`] ?? special[name];
  if (call !== undefined) return call(args, options);
  const rest = options === undefined ? [] : [options];
  const reverse = reflected[name];
  if (reverse !== undefined) {
    if (!(args[0] instanceof torch.Tensor)) throw new TypeError(`${name} is a method of tensors`);
    return lookUp(reverse)(args[1], args[0], ...rest);
  }
  const operator = lookUp(name, args[0]);
  if (seededOperators.test(name)) return seeded(() => operator(...args, ...rest));
  return operator(...args, ...rest);
}

type Operator = (...args: unknown[]) => unknown;

/** The function of a dotted name, or the first argument's method. */
function lookUp(name: string, first?: unknown): Operator {
  const path = name.split('.').map(camelCase);
  const own = path.at(-1)!;
  const spaces: readonly unknown[] =
    path[0] === 'nn' ? [functional, torch] : [path.slice(0, -1).reduce<unknown>(property, torch)];
  for (const space of spaces) {
    const found = property(space, own);
    if (typeof found === 'function') return found as Operator;
  }
  if (path.length === 1 && first instanceof torch.Tensor && typeof property(first, own) === 'function') {
    return (x, ...rest) => member(x, own)(...rest);
  }
  throw new UnsupportedCase(`operator ${name} is not there`);
}

function member(value: unknown, name: string): Operator {
  const found = property(value, name);
  if (typeof found !== 'function') throw new UnsupportedCase(`method ${name} is not there`);
  return (...args) => (found as Operator).apply(value, args);
}

function property(value: unknown, name: string): unknown {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return undefined;
  return (value as Readonly<Record<string, unknown>>)[name];
}
