/** Base of the optimizers that treat every element alike: their updates are formulas, run for all parameters at once. */
import { _items, _setItems_, full, keep, type Tensor, tensor, zerosLike } from '@sconce/tensor';
import { UpdateBatch } from './element-update.ts';
import { Optimizer } from './optimizer.ts';
import type { ParamGroup } from './param-groups.ts';
import type { ParameterState } from './state-dict.ts';

/** A parameter that has a gradient. */
export interface Learned {
  readonly parameter: Tensor;
  readonly grad: Tensor;
  readonly state: ParameterState;
}

/** Devices for which PyTorch has capturable optimizers; this is none of them. */
const CAPTURABLE = "['cuda', 'xpu', 'hpu', 'privateuseone', 'xla']";

/** An optimizer whose updates are {@link ElementUpdate}s. */
export abstract class ElementOptimizer extends Optimizer {
  protected override performStep(): void {
    const recorded = this.defaults['differentiable'] === true;
    const batch = new UpdateBatch();
    for (const group of this.paramGroups) {
      if (group['capturable'] === true) refuseCapturable();
      const remembers = this.remembers(group);
      const learned: Learned[] = [];
      for (const parameter of group.params) {
        const { grad } = parameter;
        if (grad === null) continue;
        learned.push({ parameter, grad, state: remembers ? this.stateOf(parameter) : {} });
      }
      if (learned.length > 0) this.updateGroup(group, learned, batch);
    }
    batch.run(recorded);
  }

  /** Whether anything is remembered of a group's parameters. */
  protected remembers(_group: ParamGroup): boolean {
    return true;
  }

  /** Adds the updates of a group's parameters to the batch, and brings what is counted up to date. */
  protected abstract updateGroup(group: ParamGroup, learned: readonly Learned[], batch: UpdateBatch): void;

  /** Steps were plain numbers in old files. */
  protected override upgradeState(state: ParameterState): void {
    if (typeof state['step'] === 'number') state['step'] = scalarState(state['step']);
  }
}

function refuseCapturable(): never {
  throw new Error(`If capturable=True, params and state_steps must be on supported devices: ${CAPTURABLE}.`);
}

/** A number among an optimizer's state. */
export function scalarState(value: number): Tensor {
  return keep(tensor(value, { dtype: 'float32' }));
}

/** Zeros in the layout of a parameter. */
export function zerosState(parameter: Tensor): Tensor {
  return keep(zerosLike(parameter).detach());
}

/** A number in every element, of a parameter's shape. */
export function fullState(parameter: Tensor, value: number): Tensor {
  return keep(full(parameter.shape, value, { dtype: parameter.dtype }));
}

/** A tensor of the state. */
export function stateTensor(state: ParameterState, name: string): Tensor {
  return state[name] as Tensor;
}

/** Tensors of one name of the state of all parameters. */
export function stateTensors(learned: readonly Learned[], name: string): Tensor[] {
  return learned.map(({ state }) => state[name] as Tensor);
}

/** Counts one step more for each parameter; returns the numbers. */
export function countSteps(learned: readonly Learned[]): number[] {
  const steps = stateTensors(learned, 'step');
  // Counted in float32, as PyTorch does: beyond 2^24 it stays.
  const counted = _items(steps).map((step) => Math.fround(step + 1));
  _setItems_(steps, counted);
  return counted;
}
