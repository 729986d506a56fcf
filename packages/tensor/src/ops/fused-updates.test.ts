import { describe, expect, it } from 'vitest';
import { inferenceMode, tensor, zeros } from '../index.ts';
import { _fusedUpdate_, _items, _setItems_, type FusedUpdateFormula } from './fused-updates.ts';

/** x becomes x + 2 y. */
const formula: FusedUpdateFormula = {
  name: 'step',
  expressions: [{ op: 'fma', args: [{ input: 1 }, { parameter: 0 }, { input: 0 }] }],
};

describe('_fusedUpdate_', () => {
  it('rewrites the first tensors of every group, dense or not', () => {
    const [x, y] = [tensor([1, 2]), tensor([10, 20])];
    const square = tensor([
      [1, 2],
      [3, 4],
    ]);
    const groups = [
      { tensors: [x, y], parameters: [2] },
      { tensors: [square.t(), square.clone()], parameters: [1] },
    ];
    _fusedUpdate_(formula, groups);
    expect([x.tolist(), y.tolist()]).toEqual([
      [21, 42],
      [10, 20],
    ]);
    expect(square.tolist()).toEqual([
      [2, 5],
      [5, 8],
    ]);
  });

  it('writes to leaves without a record, and counts as a write', () => {
    const x = tensor([1, 2], { requiresGrad: true });
    const loss = x.mul(x).sum();
    _fusedUpdate_(formula, [{ tensors: [x, tensor([1, 1])], parameters: [1] }]);
    expect([x.isLeaf, x.tolist()]).toEqual([true, [2, 3]]);
    expect(() => loss.backward()).toThrow('modified by an inplace operation');
  });

  it('refuses other dtypes and shapes, and inference tensors', () => {
    const run = (...tensors: ReturnType<typeof tensor>[]) =>
      _fusedUpdate_(formula, [{ tensors, parameters: [1] }]);
    const x = zeros([2]);
    expect(() => run(x, zeros([3]))).toThrow('tensor 1 has another shape than tensor 0');
    expect(() => run(x, zeros([2], { dtype: 'float64' }))).toThrow('tensor 1 has another dtype');
    expect(() => run(zeros([2], { dtype: 'bfloat16' }), x)).toThrow('unsupported dtype');
    const frozen = inferenceMode(() => zeros([2]));
    expect(() => run(frozen, x)).toThrow('Inplace update to inference tensor');
  });
});

describe('_items and _setItems_', () => {
  it('read and write tensors of one element, rounded to their dtype', () => {
    const [single, double] = [tensor(1), tensor([2], { dtype: 'float64' })];
    _setItems_([single, double], [0.1, 0.1]);
    expect(_items([single, double])).toEqual([Math.fround(0.1), 0.1]);
    expect(() => _items([zeros([2])])).toThrow('a Tensor with 2 elements cannot be converted to Scalar');
    expect(() => _setItems_([tensor(1n)], [1])).toThrow('unsupported dtype');
  });
});
