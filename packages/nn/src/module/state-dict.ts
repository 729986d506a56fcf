/** State dicts: what a model's state is saved as, and how it is checked and taken back. */
import { noGrad, Tensor } from '@sconce/tensor';
import type { Module } from './module.ts';
import { Parameter } from './parameter.ts';
import { pythonSize } from './python-text.ts';
import { isUninitialized } from './uninitialized.ts';

/** Tensors by their dotted names, as `Module.stateDict()` returns and checkpoints hold them. */
export type StateDict = ReadonlyMap<string, Tensor> | Readonly<Record<string, Tensor>>;

/** What is kept of a module beside its tensors. */
export interface ModuleMetadata {
  /** Version of the module's class, which tells how to read the state; undefined when it is not known. */
  version?: number;
  [name: string]: unknown;
}

/** A state dict as modules write it. `new Map(state)` is a copy without the metadata, as Python's `dict(state)` is. */
export class ModuleState extends Map<string, Tensor> {
  /** By the path of the module. */
  readonly _metadata: Map<string, ModuleMetadata> = new Map();
}

/** What did not match; both empty after a strict load. */
export interface IncompatibleKeys {
  readonly missingKeys: readonly string[];
  readonly unexpectedKeys: readonly string[];
}

/** Options of `Module.loadStateDict`. */
export interface LoadStateDictOptions {
  /** Whether missing and unknown keys are an error (default true). */
  readonly strict?: boolean;
  /**
   * Whether the tensors of the state dict take the place of the model's (default false: their values are copied). An
   * optimizer is made afterwards then.
   */
  readonly assign?: boolean;
}

/** A state dict that does not fit the model. The message is worded as PyTorch's. */
export class StateDictError extends Error implements IncompatibleKeys {
  /** Class name of the model. */
  readonly model: string;
  readonly missingKeys: readonly string[];
  readonly unexpectedKeys: readonly string[];
  /** One line for each tensor that has another shape or is none. */
  readonly problems: readonly string[];

  constructor(model: string, keys: IncompatibleKeys, problems: readonly string[]) {
    const lines = [
      ...keyLines('Missing', keys.missingKeys),
      ...keyLines('Unexpected', keys.unexpectedKeys),
      ...problems,
    ];
    super(`Error(s) in loading state_dict for ${model}:\n\t${lines.join('\n\t')}`);
    this.name = 'StateDictError';
    this.model = model;
    this.missingKeys = keys.missingKeys;
    this.unexpectedKeys = keys.unexpectedKeys;
    this.problems = problems;
  }
}

/** Name under which a module's own extra state is saved. */
export const extraStateKey = '_extra_state';

/** Loading of one module's part of a state dict, for `Module.loadFromStateDict` and hooks. */
export interface StateDictLoad {
  /** What is loaded below the prefix. It may be changed. */
  readonly state: Map<string, Tensor>;
  /** Path of the module with a dot behind it; empty for the model itself. */
  readonly prefix: string;
  /** What was saved beside the module's tensors; empty when the state dict has no metadata. */
  readonly metadata: ModuleMetadata;
  /** Whether tensors are put in place of the model's instead of being copied. */
  readonly assign: boolean;
  readonly missingKeys: string[];
  readonly unexpectedKeys: string[];
  /** One line for each tensor that does not fit. */
  readonly errors: string[];
  /** What to do once everything was found to fit. */
  readonly changes: (() => void)[];
}

/** The members of one module that its state dict is made of. */
export interface OwnState {
  readonly tensors: ReadonlyMap<string, Tensor>;
  readonly children: ReadonlyMap<string, Module>;
}

/**
 * Checks one module's part of a state dict and notes what to change.
 *
 * @param setExtraState set when the module has extra state
 */
export function loadOwnState(
  module: Module,
  { tensors, children }: OwnState,
  load: StateDictLoad,
  setExtraState: ((state: unknown) => void) | undefined,
): void {
  const { state, prefix, missingKeys, unexpectedKeys } = load;
  for (const [name, target] of tensors) {
    if (state.has(prefix + name)) match(module, name, target, load);
    else missingKeys.push(prefix + name);
  }
  const extra = prefix + extraStateKey;
  if (setExtraState !== undefined) {
    if (state.has(extra)) load.changes.push(() => setExtraState(state.get(extra)));
    else missingKeys.push(extra);
  } else if (state.has(extra)) unexpectedKeys.push(extra);
  for (const key of state.keys()) {
    if (!key.startsWith(prefix) || key === extra) continue;
    const [name = '', ...rest] = key.slice(prefix.length).split('.');
    if (rest.length > 0 ? !children.has(name) : !tensors.has(name)) unexpectedKeys.push(key);
  }
}

function match(module: Module, name: string, target: Tensor, load: StateDictLoad): void {
  const key = load.prefix + name;
  const source: unknown = load.state.get(key);
  if (!(source instanceof Tensor)) {
    load.errors.push(
      `While copying the parameter named "${key}", expected torch.Tensor or Tensor-like object from checkpoint but received ${typeof source}`,
    );
    return;
  }
  const unknown = isUninitialized(target);
  if (unknown && isUninitialized(source)) return;
  // A scalar was once saved as one element.
  const value =
    !unknown && target.ndim === 0 && source.ndim === 1 && source.shape[0] === 1 ? source.reshape([]) : source;
  if (!unknown && value.shape.join() !== target.shape.join()) {
    load.errors.push(
      `size mismatch for ${key}: copying a param with shape ${pythonSize(value.shape)} from checkpoint, the shape in current model is ${pythonSize(target.shape)}.`,
    );
    return;
  }
  load.changes.push(() => {
    if (load.assign) {
      assignTensor(module, name, target, value);
      return;
    }
    if (isUninitialized(target)) target.materialize(value.shape);
    target.copy_(value);
  });
}

/** A parameter keeps whether it is learned. */
function assignTensor(module: Module, name: string, target: Tensor, value: Tensor): void {
  let assigned = value;
  if (target instanceof Parameter) {
    assigned =
      value instanceof Parameter
        ? value.requiresGrad_(target.requiresGrad)
        : new Parameter(value, target.requiresGrad);
  }
  (module as unknown as Record<string, Tensor>)[name] = assigned;
}

/** What loading needs of a module beside its public members. */
export interface LoadAccess {
  children(module: Module): [string, Module][];
  /** Hooks that run after a module was loaded. */
  postHooks(
    module: Module,
  ): readonly ((module: Module, keys: { missingKeys: string[]; unexpectedKeys: string[] }) => void)[];
}

/**
 * Loads a state dict into a model. Everything is checked before anything changes, unless there are hooks that run after
 * modules were loaded: they may overrule what is missing or unexpected, so values are in place when they run.
 */
export function loadState(
  model: Module,
  given: StateDict,
  { strict = true, assign = false }: LoadStateDictOptions,
  access: LoadAccess,
): IncompatibleKeys {
  if (typeof given !== 'object' || given === null) {
    throw new TypeError(
      `Expected state_dict to be dict-like, got ${given === null ? 'null' : typeof given}.`,
    );
  }
  const saved = metadataOf(given);
  const keys = { missingKeys: [] as string[], unexpectedKeys: [] as string[] };
  const errors: string[] = [];
  const changes: (() => void)[] = [];
  let hooked = false;
  const visit = (module: Module, state: Map<string, Tensor>, prefix: string): void => {
    const metadata = saved(prefix.slice(0, -1));
    module.loadFromStateDict({ state, prefix, metadata, assign, ...keys, errors, changes });
    for (const [name, child] of access.children(module)) {
      const below = `${prefix}${name}.`;
      visit(child, new Map([...state].filter(([key]) => key.startsWith(below))), below);
    }
    for (const hook of access.postHooks(module)) {
      hooked = true;
      changes.push(() => hook(module, keys));
    }
  };
  const report = (): void => {
    const unmatched = strict ? keys : { missingKeys: [], unexpectedKeys: [] };
    if (errors.length + unmatched.missingKeys.length + unmatched.unexpectedKeys.length > 0) {
      throw new StateDictError(model.getName(), unmatched, errors);
    }
  };
  visit(model, new Map(given instanceof Map ? given : Object.entries(given)), '');
  if (errors.length > 0 || !hooked) report();
  noGrad(() => {
    for (const change of changes) change();
  });
  report();
  return keys;
}

/** The metadata of a state dict, by module path. What is no version number is left out. */
function metadataOf(state: StateDict): (path: string) => ModuleMetadata {
  const all: unknown = state instanceof Map && '_metadata' in state ? state._metadata : undefined;
  if (!(all instanceof Map)) return () => ({});
  return (path) => {
    const metadata: unknown = all.get(path);
    if (typeof metadata !== 'object' || metadata === null) return {};
    const { version, ...rest } = metadata as ModuleMetadata;
    return typeof version === 'number' ? { ...rest, version } : rest;
  };
}

function keyLines(kind: 'Missing' | 'Unexpected', keys: readonly string[]): string[] {
  return keys.length === 0
    ? []
    : [`${kind} key(s) in state_dict: ${keys.map((key) => `"${key}"`).join(', ')}. `];
}
