/** Loading of state dicts: everything is checked first, then everything is copied, so a failure changes nothing. */
import { Tensor } from '@sconce/tensor';
import type { Module } from './module.ts';

/** Tensors by their dotted names, as `Module.stateDict()` returns and checkpoints hold them. */
export type StateDict = ReadonlyMap<string, Tensor> | Readonly<Record<string, Tensor>>;

/** What did not match; both empty after a strict load. */
export interface IncompatibleKeys {
  readonly missingKeys: readonly string[];
  readonly unexpectedKeys: readonly string[];
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

/** A tensor of the model and the one whose values it takes. */
interface Assignment {
  readonly target: Tensor;
  readonly source: Tensor;
}

/** Compares a state dict with a model. */
export class StateDictPlan {
  readonly assignments: Assignment[] = [];
  readonly missingKeys: string[] = [];
  readonly unexpectedKeys: string[] = [];
  readonly problems: string[] = [];
  readonly #state: ReadonlyMap<string, unknown>;

  constructor(model: Module, state: StateDict) {
    this.#state = state instanceof Map ? state : new Map(Object.entries(state));
    this.#visit(model, '');
  }

  /** Depth first, a module's own tensors before its children: the order in which PyTorch lists problems. */
  #visit(module: Module, prefix: string): void {
    const own = new Map(module.ownState());
    const children = new Map(module.namedChildren());
    for (const [name, target] of own) this.#match(module, name, prefix + name, target);
    for (const key of this.#state.keys()) {
      if (!key.startsWith(prefix)) continue;
      const [name = '', ...rest] = key.slice(prefix.length).split('.');
      if (rest.length > 0 ? !children.has(name) : !own.has(name)) this.unexpectedKeys.push(key);
    }
    for (const [name, child] of children) this.#visit(child, `${prefix}${name}.`);
  }

  #match(module: Module, name: string, key: string, target: Tensor): void {
    if (!this.#state.has(key)) {
      if (!module.mayLack(name)) this.missingKeys.push(key);
      return;
    }
    const source = this.#state.get(key);
    if (!(source instanceof Tensor)) {
      this.problems.push(
        `While copying the parameter named "${key}", expected torch.Tensor or Tensor-like object from checkpoint but received ${typeof source}`,
      );
      return;
    }
    // A scalar was once saved as one element.
    const value =
      target.ndim === 0 && source.ndim === 1 && source.shape[0] === 1 ? source.reshape([]) : source;
    if (
      value.shape.length !== target.shape.length ||
      value.shape.some((size, i) => size !== target.shape[i])
    ) {
      this.problems.push(
        `size mismatch for ${key}: copying a param with shape ${size(value)} from checkpoint, the shape in current model is ${size(target)}.`,
      );
      return;
    }
    this.assignments.push({ target, source: value });
  }
}

function keyLines(kind: 'Missing' | 'Unexpected', keys: readonly string[]): string[] {
  return keys.length === 0
    ? []
    : [`${kind} key(s) in state_dict: ${keys.map((key) => `"${key}"`).join(', ')}. `];
}

function size(tensor: Tensor): string {
  return `torch.Size([${tensor.shape.join(', ')}])`;
}
