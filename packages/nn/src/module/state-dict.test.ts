import { ones, type Tensor, tensor, zeros } from '@sconce/tensor';
import { describe, expect, it } from 'vitest';
import * as nn from '../index.ts';

class Net extends nn.Module {
  conv1 = new nn.Conv2d(1, 2, 3);
  bn = new nn.BatchNorm2d(2);

  override forward(x: Tensor): Tensor {
    return this.bn(this.conv1(x));
  }
}

const snapshot = (model: nn.Module): string =>
  JSON.stringify([...model.stateDict()].map(([key, value]) => [key, value.tolist()]));

describe('state dicts', () => {
  it('hold parameters and buffers under PyTorch names and in its order', () => {
    expect([...new Net().stateDict({ prefix: 'model.' }).keys()]).toEqual([
      'model.conv1.weight',
      'model.conv1.bias',
      'model.bn.weight',
      'model.bn.bias',
      'model.bn.running_mean',
      'model.bn.running_var',
      'model.bn.num_batches_tracked',
    ]);
  });

  it('load into another model without sharing memory', () => {
    const from = new Net();
    const to = new Net();
    expect(to.loadStateDict(from.stateDict())).toEqual({ missingKeys: [], unexpectedKeys: [] });
    expect(snapshot(to)).toBe(snapshot(from));
    nn.init.zeros_(from.conv1.weight);
    expect(snapshot(to)).not.toBe(snapshot(from));
  });

  it('keep the identity of the parameters they are loaded into', () => {
    const model = new nn.Linear(1, 1);
    const { weight } = model;
    model.loadStateDict({ weight: tensor([[4]]), bias: tensor([5]) });
    expect(model.weight).toBe(weight);
    expect([model.weight.tolist(), model.bias?.tolist()]).toEqual([[[4]], [5]]);
  });

  it('convert to the dtype of the model', () => {
    const model = new nn.Linear(1, 1, { bias: false });
    model.loadStateDict({ weight: ones([1, 1], { dtype: 'float64' }) });
    expect([model.weight.dtype, model.weight.tolist()]).toEqual(['float32', [[1]]]);
  });

  it('that do not fit are refused in the words of PyTorch, and change nothing', () => {
    const model = new Net();
    const before = snapshot(model);
    const state = new Map(new Net().stateDict());
    state.delete('conv1.weight');
    state.set('conv1.bias', zeros([3]));
    state.set('conv2.weight', zeros([1]));
    state.set('bn.extra', zeros([1]));
    state.set('bn.running_mean', ones([2]));
    expect(() => model.loadStateDict(state)).toThrow(
      new nn.StateDictError(
        'Net',
        { missingKeys: ['conv1.weight'], unexpectedKeys: ['conv2.weight', 'bn.extra'] },
        [
          'size mismatch for conv1.bias: copying a param with shape torch.Size([3]) from checkpoint, the shape in current model is torch.Size([2]).',
        ],
      ),
    );
    let message = '';
    try {
      model.loadStateDict(state);
    } catch (error) {
      message = (error as Error).message;
    }
    expect(message).toBe(
      'Error(s) in loading state_dict for Net:\n' +
        '\tMissing key(s) in state_dict: "conv1.weight". \n' +
        '\tUnexpected key(s) in state_dict: "conv2.weight", "bn.extra". \n' +
        '\tsize mismatch for conv1.bias: copying a param with shape torch.Size([3]) from checkpoint, the shape in current model is torch.Size([2]).',
    );
    expect(snapshot(model)).toBe(before);
  });

  it('that fit in part are loaded when not strict', () => {
    const model = new Net();
    const keys = model.loadStateDict({ 'conv1.bias': tensor([1, 2]), other: zeros([1]) }, { strict: false });
    expect(model.conv1.bias?.tolist()).toEqual([1, 2]);
    expect(keys.unexpectedKeys).toEqual(['other']);
    expect(keys.missingKeys).toEqual([
      'conv1.weight',
      'bn.weight',
      'bn.bias',
      'bn.running_mean',
      'bn.running_var',
    ]);
  });

  it('with a wrong shape are refused even when not strict', () => {
    expect(() => new Net().loadStateDict({ 'conv1.bias': zeros([9]) }, { strict: false })).toThrow(
      /^Error\(s\) in loading state_dict for Net:\n\tsize mismatch for conv1\.bias: .*$/,
    );
  });

  it('with something else than a tensor are refused', () => {
    const state = { weight: ones([1, 1]), bias: [1] as unknown as Tensor };
    expect(() => new nn.Linear(1, 1).loadStateDict(state)).toThrow(
      'While copying the parameter named "bias", expected torch.Tensor or Tensor-like object from checkpoint',
    );
  });

  it('of before batches were counted are accepted', () => {
    const state = new nn.BatchNorm1d(2).stateDict();
    state.delete('num_batches_tracked');
    expect(new nn.BatchNorm1d(2).loadStateDict(state).missingKeys).toEqual([]);
  });

  it('with one element for a scalar are accepted', () => {
    const layer = new nn.BatchNorm1d(1);
    const state = layer.stateDict();
    state.set('num_batches_tracked', tensor([7n]));
    layer.loadStateDict(state);
    expect(layer.numBatchesTracked?.item()).toBe(7);
  });
});
