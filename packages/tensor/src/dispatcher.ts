/**
 * The dispatcher: every public operator is made here, and every call goes through the stack of layers.
 *
 * A layer (tracer, autograd, profiler) sees an operator's canonical arguments and decides when to run what lies below
 * it. While a layer works it is off the stack, so that the operators which make up a composite one do not show up
 * again: each operator appears once, at the level the user called. Autograd is no layer: it lies below all of them and
 * records what is not composite.
 */
import type { GradientRules } from './autograd/derivative.ts';
import { gradMode } from './autograd/mode.ts';
import { usersDefinitions } from './autograd/operator-node.ts';
import { anyRequiresGrad, outputsOf, type RecordedDefinition, record } from './autograd/record.ts';
import { checkInferenceWrite, markViews } from './autograd/views.ts';
import type { Tensor } from './tensor.ts';

/** A public operator: a function with a name, as layers see it. */
export interface Operator {
  (...args: never[]): unknown;
  /** PyTorch's name in camelCase. */
  readonly name: string;
}

/** Something that looks at operator calls. */
export interface DispatchLayer {
  /**
   * Called instead of the operator.
   * @param operator the operator object; compare with `===` or by `name`
   * @param args canonical arguments: defaults filled in, overloads brought to one form
   * @param next runs the rest of the stack and returns the operator's result
   */
  call(operator: Operator, args: readonly unknown[], next: () => unknown): unknown;
}

/** What an operator is made of. */
export interface OperatorDefinition<Call extends unknown[], Canonical extends unknown[], Result>
  extends GradientRules<Canonical, Result> {
  readonly name: string;
  /** Brings the overloads of a call to one canonical list of arguments; checks what can be checked without computing. */
  readonly normalize?: (...args: Call) => Canonical;
  /** Computes the result from canonical arguments. Unless the operator is composite, nothing in it is recorded. */
  readonly forward: (...args: Canonical) => Result;
  /**
   * As `forward`, for the operator's in-place form: writes the result into `output` if its shape and dtype are those of
   * `output` (which may be the first argument, but shares no memory with the others unless it lies in the same
   * places), and returns `output`; else makes a new tensor as `forward` does.
   */
  readonly forwardInto?: (output: Tensor, ...args: Canonical) => Result;
}

interface StackEntry {
  readonly layer: DispatchLayer;
  readonly below: StackEntry | undefined;
}

let top: StackEntry | undefined;

/** What operators were made of, for those that derive other operators from them. */
const definitions = new WeakMap<object, unknown>();

/** The definition an operator was made of. Its types are the operator's own: the caller knows them. */
export function definitionOf<Canonical extends unknown[], Result>(
  operator: Operator,
): OperatorDefinition<never[], Canonical, Result> {
  const definition = definitions.get(operator);
  if (definition === undefined) throw new Error(`internal: ${operator.name} was not made by defineOperator`);
  return definition as OperatorDefinition<never[], Canonical, Result>;
}

/**
 * Makes an operator. The returned function is what users call and what methods on Tensor call.
 * Without `normalize` the call's own arguments are the canonical ones.
 */
export function defineOperator<Call extends unknown[], Canonical extends unknown[], Result>(
  definition: OperatorDefinition<Call, Canonical, Result> & {
    readonly normalize: (...args: Call) => Canonical;
  },
): (...args: Call) => Result;
export function defineOperator<Canonical extends unknown[], Result>(
  definition: OperatorDefinition<Canonical, Canonical, Result>,
): (...args: Canonical) => Result;
export function defineOperator<Call extends unknown[], Canonical extends unknown[], Result>(
  definition: OperatorDefinition<Call, Canonical, Result>,
): (...args: Call) => Result {
  const { normalize } = definition;
  const run = runnerOf(definition);
  const operator = (...args: Call): Result => {
    // Without `normalize` the two lists of arguments are the same type by the overloads above.
    const canonical = normalize === undefined ? (args as unknown[] as Canonical) : normalize(...args);
    if (top === undefined) return run(canonical);
    return descend(top, operator, canonical, () => run(canonical)) as Result;
  };
  Object.defineProperty(operator, 'name', { value: definition.name, configurable: true });
  definitions.set(operator, definition);
  return operator;
}

/** {@link defineOperator} for users, whose derivatives may keep the tensors they are given. */
export const defineUsersOperator: typeof defineOperator = (definition: object) => {
  usersDefinitions.add(definition);
  return defineOperator(definition as OperatorDefinition<unknown[], unknown[], unknown>) as never;
};

/** What lies below all layers: recording, then the forward. */
function runnerOf<Call extends unknown[], Canonical extends unknown[], Result>(
  definition: OperatorDefinition<Call, Canonical, Result>,
): (args: Canonical) => Result {
  const { forward, composite, constant, view, inPlace } = definition;
  if (composite || (constant && !inPlace)) return (args) => forward(...args);
  // Nodes keep definitions of every type.
  const rules = definition as unknown as RecordedDefinition;
  const plain = forward as unknown as (...args: never[]) => unknown;
  return (args) => {
    if (inPlace) checkInferenceWrite(definition.name, args[0] as Tensor);
    if (gradMode.enabled && anyRequiresGrad(args)) {
      const result = record(rules, args, plain) as Result;
      if (view) markViews(args[0] as Tensor, outputsOf(result));
      return result;
    }
    const result = forward(...args);
    if (view) markViews(args[0] as Tensor, outputsOf(result));
    else if (inPlace) (args[0] as Tensor).storage.version++;
    return result;
  };
}

function descend(
  entry: StackEntry,
  operator: Operator,
  args: readonly unknown[],
  forward: () => unknown,
): unknown {
  const { layer, below } = entry;
  return withStack(below, () =>
    layer.call(operator, args, () =>
      withStack(below, () => (below === undefined ? forward() : descend(below, operator, args, forward))),
    ),
  );
}

function withStack<T>(entry: StackEntry | undefined, body: () => T): T {
  const saved = top;
  top = entry;
  try {
    return body();
  } finally {
    top = saved;
  }
}

/** Whether a layer sees the calls that are made now. */
export function hasLayers(): boolean {
  return top !== undefined;
}

/** Runs `body` with a layer on top of the stack. Synchronous only: the layer is gone when `body` returns. */
export function withLayer<T>(layer: DispatchLayer, body: () => T): T {
  return withStack({ layer, below: top }, body);
}
