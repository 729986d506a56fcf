/** What all optimizers have in common (`torch.optim.Optimizer`): groups of parameters, state, state dicts, hooks. */
import { enableGrad, type HookHandle, noGrad, type Tensor } from '@sconce/tensor';
import { HookList } from '../module/hooks.ts';
import { isOptions } from '../module/options.ts';
import { warn } from '../module/warn.ts';
import { type GroupInput, type ParamGroup, readGroups, readParameters } from './param-groups.ts';
import { type GroupTextOptions, printGroups } from './printing.ts';
import {
  type LoadableOptimizerState,
  type OptimizerStateDict,
  type ParameterState,
  packState,
  unpackState,
} from './state-dict.ts';

/** Computes the loss again, with gradients. */
export type Closure = () => Tensor | number;

/** What `step` was called with. */
export type StepArguments = readonly [closure?: Closure | null];

/** Runs before `step`; what it returns replaces the arguments. */
export type StepPreHook = (
  optimizer: Optimizer,
  args: StepArguments,
  // biome-ignore lint/suspicious/noConfusingVoidType: a hook may return nothing.
) => StepArguments | null | undefined | void;

/** Runs after `step`. */
export type StepPostHook = (optimizer: Optimizer, args: StepArguments) => void;

/** Runs before the state is collected, or after it was loaded. */
export type OptimizerHook = (optimizer: Optimizer) => void;

/** Sees a state dict that was collected, or that is to be loaded; what it returns replaces it. */
export type OptimizerStateHook<State> = (
  optimizer: Optimizer,
  state: State,
  // biome-ignore lint/suspicious/noConfusingVoidType: a hook may return nothing.
) => State | null | undefined | void;

/** Where a hook runs among those that are there already. */
export interface OptimizerHookOptions {
  readonly prepend?: boolean;
}

const globalPreHooks: HookList<StepPreHook> = new HookList();
const globalPostHooks: HookList<StepPostHook> = new HookList();

/** Adds a hook that runs before every optimizer's `step`. */
export function registerOptimizerStepPreHook(hook: StepPreHook): HookHandle {
  return globalPreHooks.add(hook);
}

/** Adds a hook that runs after every optimizer's `step`. */
export function registerOptimizerStepPostHook(hook: StepPostHook): HookHandle {
  return globalPostHooks.add(hook);
}

/**
 * Base of all optimizers. One of your own passes parameters and the options' defaults to the constructor and writes
 * `performStep`.
 *
 * @example
 * ```ts
 * class SignDescent extends nn.optim.Optimizer {
 *   constructor(params: nn.optim.Params, lr: number) { super(params, { lr }); }
 *   protected override performStep(): void {
 *     for (const { params, lr } of this.paramGroups) {
 *       for (const p of params) if (p.grad !== null) p.sub_(p.grad.sign().mul(lr as number));
 *     }
 *   }
 * }
 * ```
 */
export abstract class Optimizer {
  /** The name as printed; a minifier may rename the class. */
  static readonly className?: string;

  /** Options of groups that do not have their own. */
  readonly defaults: Readonly<Record<string, unknown>>;
  /** What is remembered of each parameter, under PyTorch's names (`exp_avg`). */
  state: Map<Tensor, ParameterState> = new Map();
  /** Groups of parameters with their options, under PyTorch's names in camelCase (`weightDecay`). */
  paramGroups: ParamGroup[] = [];
  /** Whether `step` was called since a scheduler began to look after the optimizer; undefined while none does. */
  stepped: boolean | undefined = undefined;

  private readonly stepPreHooks: HookList<StepPreHook> = new HookList();
  private readonly stepPostHooks: HookList<StepPostHook> = new HookList();
  private readonly statePreHooks: HookList<OptimizerHook> = new HookList();
  private readonly statePostHooks: HookList<OptimizerStateHook<OptimizerStateDict>> = new HookList();
  private readonly loadPreHooks: HookList<OptimizerStateHook<LoadableOptimizerState>> = new HookList();
  private readonly loadPostHooks: HookList<OptimizerHook> = new HookList();

  /**
   * @param params parameters (a list, or `model.namedParameters()`), or groups of them with options of their own
   * @param defaults options of groups that do not have their own
   * @throws {Error} in PyTorch's words when these are no parameters, or one of them is in two groups
   */
  constructor(params: unknown, defaults: Readonly<Record<string, unknown>>) {
    this.defaults = defaults;
    for (const group of readGroups(params)) this.addParamGroup(group as GroupInput<object>);
  }

  /**
   * Adds a group of parameters: layers that are learned from now on, say.
   * @throws {Error} in PyTorch's words
   */
  addParamGroup(input: GroupInput<Readonly<Record<string, unknown>>>): void {
    if (!isOptions(input)) throw new TypeError(`param_group must be a dict, but got ${typeof input}`);
    const { params, names } = readParameters(input['params']);
    const differentiable = this.defaults['differentiable'] === true;
    for (const parameter of params) {
      if (!differentiable && !parameter.isLeaf && !parameter.retainsGrad)
        throw new Error("can't optimize a non-leaf Tensor");
    }
    const given = Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined));
    const group = { ...this.defaults, ...given, params } as ParamGroup;
    if (names.length > 0) group.paramNames = names;
    if (new Set(params).size !== params.length) {
      warn(
        'optimizer contains a parameter group with duplicate parameters; in future, this will cause an error; see github.com/pytorch/pytorch/issues/40967 for more information',
      );
    }
    for (const other of this.paramGroups) {
      if ((other.paramNames === undefined) !== (group.paramNames === undefined)) {
        const text = group.paramNames === undefined ? 'without names' : 'with names';
        throw new Error(
          `all optimizer param groups should be with/without names. cannot add param group ${text} to the optimizer`,
        );
      }
    }
    const known = new Set(this.paramGroups.flatMap((other) => other.params));
    if (params.some((parameter) => known.has(parameter)))
      throw new Error('some parameters appear in more than one parameter group');
    this.paramGroups.push(group);
  }

  /**
   * Changes the parameters by one step along their gradients.
   * @param closure computes the loss again; some optimizers call it several times
   * @returns what the closure returned first
   */
  step(closure?: null): undefined;
  step<C extends Closure>(closure: C): ReturnType<C>;
  step(closure?: Closure | null): Tensor | number | undefined {
    let args: StepArguments = closure == null ? [] : [closure];
    for (const hook of [...globalPreHooks.hooks, ...this.stepPreHooks.hooks]) args = hook(this, args) ?? args;
    if (this.stepped === false) this.stepped = true;
    const given = args[0];
    const loss = this.takeStep(given == null ? undefined : () => enableGrad(given));
    for (const hook of [...this.stepPostHooks.hooks, ...globalPostHooks.hooks]) hook(this, args);
    return loss;
  }

  /** A step around the hooks: the loss, then the change. Those that evaluate the loss again and again have their own. */
  protected takeStep(closure: Closure | undefined): Tensor | number | undefined {
    const loss = closure?.();
    if (this.defaults['differentiable'] === true) enableGrad(() => this.performStep());
    else noGrad(() => this.performStep());
    return loss;
  }

  /** Changes the parameters that have a gradient. Not recorded, unless the optimizer is differentiable. */
  protected abstract performStep(): void;

  /** Forgets the gradients of all parameters; `setToNone: false` makes them zeros instead. */
  zeroGrad(options: { readonly setToNone?: boolean } = {}): void {
    const { setToNone = true } = options;
    for (const { params } of this.paramGroups) {
      for (const parameter of params) {
        if (parameter.grad === null) continue;
        if (setToNone) parameter.grad = null;
        else if (parameter.grad.gradFn !== null) parameter.grad.detach_().zero_();
        else parameter.grad.requiresGrad_(false).zero_();
      }
    }
  }

  /**
   * State and options under PyTorch's names: what PyTorch's `optimizer.state_dict()` holds. The tensors are the
   * optimizer's own, not copies.
   */
  stateDict(): OptimizerStateDict {
    for (const hook of this.statePreHooks.hooks) hook(this);
    let state = packState(this.paramGroups, this.state);
    for (const hook of this.statePostHooks.hooks) state = hook(this, state) ?? state;
    return state;
  }

  /**
   * Takes over state and options: of `stateDict()`, or of PyTorch's, read by `readTorch` of `@sconce/checkpoint`.
   * Tensors of the right dtype are not copied.
   *
   * @throws {Error} in PyTorch's words when there are other numbers of groups or parameters; nothing has changed then
   */
  loadStateDict(state: LoadableOptimizerState): void {
    let given = state;
    for (const hook of this.loadPreHooks.hooks) given = hook(this, given) ?? given;
    const { groups, state: loaded } = unpackState(given, this.paramGroups);
    for (const group of groups) this.upgradeGroup(group);
    for (const own of loaded.values()) this.upgradeState(own);
    this.paramGroups = groups;
    this.state = loaded;
    for (const hook of this.loadPostHooks.hooks) hook(this);
  }

  /** Gives a loaded group what its file was too old to have: switches are off then. */
  protected upgradeGroup(group: ParamGroup): void {
    for (const [name, value] of Object.entries(this.defaults)) {
      if (name in group) continue;
      group[name] =
        typeof value === 'boolean' ? false : name === 'foreach' || name === 'fused' ? null : value;
    }
  }

  /** Brings the loaded state of a parameter to today's form. */
  protected upgradeState(_state: ParameterState): void {}

  /** Adds a hook that runs before `step`. */
  registerStepPreHook(hook: StepPreHook): HookHandle {
    return this.stepPreHooks.add(hook);
  }

  /** Adds a hook that runs after `step`. */
  registerStepPostHook(hook: StepPostHook): HookHandle {
    return this.stepPostHooks.add(hook);
  }

  /** Adds a hook that runs before the state dict is made. */
  registerStateDictPreHook(hook: OptimizerHook, options: OptimizerHookOptions = {}): HookHandle {
    return this.statePreHooks.add(hook, options);
  }

  /** Adds a hook that sees the state dict that was made. */
  registerStateDictPostHook(
    hook: OptimizerStateHook<OptimizerStateDict>,
    options: OptimizerHookOptions = {},
  ): HookHandle {
    return this.statePostHooks.add(hook, options);
  }

  /** Adds a hook that sees the state dict that is to be loaded. */
  registerLoadStateDictPreHook(
    hook: OptimizerStateHook<LoadableOptimizerState>,
    options: OptimizerHookOptions = {},
  ): HookHandle {
    return this.loadPreHooks.add(hook, options);
  }

  /** Adds a hook that runs after a state dict was loaded. */
  registerLoadStateDictPostHook(hook: OptimizerHook, options: OptimizerHookOptions = {}): HookHandle {
    return this.loadPostHooks.add(hook, options);
  }

  /** The state of a parameter, made empty if there is none. */
  protected stateOf(parameter: Tensor): ParameterState {
    let own = this.state.get(parameter);
    if (own === undefined) {
      own = {};
      this.state.set(parameter, own);
    }
    return own;
  }

  /** The options that print as floats. */
  protected get textOptions(): GroupTextOptions {
    return ['lr', 'eps', 'betas'];
  }

  /** The class name as printed. */
  getName(): string {
    const own = this.constructor as typeof Optimizer;
    return Object.hasOwn(own, 'className') ? (own.className ?? own.name) : own.name;
  }

  /** The text that Python's `print(optimizer)` prints. */
  toString(): string {
    return `${this.getName()} (${printGroups(this.paramGroups, this.textOptions)})`;
  }

  // Node's `console.log` looks for this symbol.
  static {
    Object.defineProperty(Optimizer.prototype, Symbol.for('nodejs.util.inspect.custom'), {
      value(this: Optimizer): string {
        return this.toString();
      },
      configurable: true,
    });
  }
}
