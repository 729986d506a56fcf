/** Writes: into leaves, views, bases and views of views, and what version counters notice. */
import * as torch from '../../index.ts';
import { type Tensor, tensor } from '../../index.ts';
import { leaf, type Scenario } from './log.ts';

const { grad } = torch.autograd;

/** The scenarios of fixtures/generators/autograd_scenarios/in_place.py. */
export const inPlaceScenarios: Readonly<Record<string, Scenario>> = {
  'write into a leaf': (log) => {
    const x = leaf(1, 2);
    log.error('add_', () => x.add_(1));
    log.show('version', x._version);
    torch.noGrad(() => x.add_(1));
    log.show('x', x);
    log.show('version after', x._version);
    log.show('flags', [x.requiresGrad, x.isLeaf]);
  },

  'write into a view of a leaf': (log) => {
    const x = leaf(1, 2, 3);
    const view = x.index('1:');
    log.error('mul_', () => view.mul_(2));
    log.error('copy_', () => x.view(3).copy_(torch.zeros(3)));
    log.show('x', x);
  },

  'write into a computed tensor': (log) => {
    const x = leaf(1, 2);
    const y = x.add(x);
    y.mul_(tensor(3));
    log.node('y', y);
    y.sum().backward();
    log.show('grad', x.grad);
  },

  'write into a view': (log) => {
    const x = leaf(1, 2, 3);
    const y = x.clone();
    const view = y.index('1:');
    view.mul_(x.index(':2'));
    log.node('view', view);
    log.node('y', y);
    log.show('bases', [view._base === y, y._base === null]);
    log.show('versions', [y._version, view._version]);
    y.mul(y).sum().backward();
    log.show('grad', x.grad);
  },

  'gradient of a view that was written to': (log) => {
    const x = leaf(1, 2, 3);
    const y = x.clone();
    const view = y.index('1:');
    view.mul_(5);
    view.mul(view).sum().backward();
    log.show('grad', x.grad);
  },

  'write into the base of a view': (log) => {
    const x = leaf(1, 2, 3);
    const y = x.clone();
    const view = y.index(0);
    log.node('view before', view);
    y.mul_(x);
    log.node('view', view);
    log.node('y', y);
    log.show('values', [view, y]);
    view.backward();
    log.show('grad', x.grad);
  },

  'write into a view of a view': (log) => {
    const x = tensor(
      [
        [1, 2],
        [3, 4],
      ],
      { requiresGrad: true },
    );
    const y = x.clone();
    const row = y.t().index(1);
    const last = row.index('1:');
    last.mul_(tensor(10));
    log.show('base', last._base === y);
    log.node('y', y);
    log.node('last', last);
    log.show('y values', y);
    y.mul(y).sum().backward(null, { retainGraph: true });
    log.show('grad', x.grad);
    row.mul(row).sum().backward();
    log.show('grad with row', x.grad);
  },

  'overlapping views are written in turn': (log) => {
    const x = leaf(1, 2, 3, 4);
    const y = x.mul(1);
    const a = y.index(':3');
    const b = y.index('1:');
    a.mul_(2);
    b.mul_(a.index(0).clone());
    log.error('operands overlap', () => a.add_(b));
    a.add_(b.clone());
    log.show('y', y);
    y.mul(tensor([1, 10, 100, 1000]))
      .sum()
      .backward();
    log.show('grad', x.grad);
  },

  'write of a recorded value into a constant': (log) => {
    const x = leaf(2, 3);
    const base = torch.zeros(4);
    const other = base.index('3:');
    log.show('before', [base.requiresGrad, base.isLeaf, other.requiresGrad]);
    base.index('1:3').copy_(x);
    log.show('after', [base.requiresGrad, base.isLeaf, other.requiresGrad, other.isLeaf]);
    log.node('base', base);
    log.node('other', other);
    base.mul(base).sum().backward();
    log.show('grad', x.grad);
  },

  'a saved result is written to': (log) => {
    const x = leaf(1, 2);
    const y = x.exp();
    y.add_(1);
    log.error('backward', () => y.sum().backward());
  },

  'a saved operand is written to': (log) => {
    const x = leaf(1, 2);
    const w = leaf(3, 4);
    const y = x.mul(w);
    torch.noGrad(() => w.mul_(2));
    log.error('backward', () => y.sum().backward());
    x.mul(w).mul(w).sum().backward();
    log.show('grads', [x.grad, w.grad]);
  },

  'a saved tensor is written to through a view': (log) => {
    const x = tensor(
      [
        [1, 2],
        [3, 4],
      ],
      { requiresGrad: true },
    );
    const y = x.mul(1);
    const z = y.mul(y);
    y.index(0).zero_();
    log.error('backward', () => z.sum().backward());
  },

  'a saved tensor is written to through detach': (log) => {
    const x = leaf(1, 2);
    const y = x.sigmoid();
    y.detach().mul_(2);
    log.show('version', y._version);
    log.error('backward', () => y.sum().backward());
  },

  'a write that nobody needs is no error': (log) => {
    const x = leaf(1, 2);
    const y = x.add(1);
    const z = y.add(x);
    y.mul_(7);
    z.add(y).sum().backward();
    log.show('grad', x.grad);
  },

  'operators that keep their result work in place': (log) => {
    const writes: Record<string, (y: Tensor) => Tensor> = {
      exp_: (y) => y.exp_(),
      sigmoid_: (y) => y.sigmoid_(),
      tanh_: (y) => y.tanh_(),
      relu_: (y) => y.relu_(),
      sqrt_: (y) => y.sqrt_(),
      reciprocal_: (y) => y.reciprocal_(),
      rsqrt_: (y) => y.rsqrt_(),
    };
    for (const [name, write] of Object.entries(writes)) {
      const x = leaf(0.5, 2);
      const y = x.mul(1);
      write(y);
      log.node(name, y);
      y.sum().backward();
      log.show(`${name} grad`, x.grad);
    }
  },

  'operators that keep their input work in place': (log) => {
    const writes: Record<string, (y: Tensor) => Tensor> = {
      sin_: (y) => y.sin_(),
      cos_: (y) => y.cos_(),
      log_: (y) => y.log_(),
      abs_: (y) => y.abs_(),
    };
    for (const [name, write] of Object.entries(writes)) {
      const x = leaf(0.5, 2);
      const y = x.mul(1);
      write(y);
      log.node(name, y);
      log.show(`${name} grad`, grad(y.sum(), x)[0]);
    }
  },

  'one of several views is written to': (log) => {
    const x = leaf(1, 2, 3, 4);
    const takes: Record<string, (y: Tensor) => readonly Tensor[]> = {
      split: (y) => y.split(2),
      chunk: (y) => y.chunk(2),
      unbind: (y) => y.unbind(),
      tensor_split: (y) => y.tensorSplit(2),
    };
    for (const [name, take] of Object.entries(takes)) {
      const [first, second] = take(x.clone()) as [Tensor, Tensor];
      log.node(name, second);
      log.error(`${name} mul_`, () => first.mul_(2));
      log.error(`${name} second`, () => second.add_(1));
    }
  },

  'the base of several views is written to': (log) => {
    const x = leaf(1, 2, 3, 4);
    const y = x.clone();
    const [first, second] = y.split(2) as [Tensor, Tensor];
    y.mul_(2);
    log.show('first', torch.fromTypedArray(first.toTypedArray(), [2]));
    log.error('gradient', () => first.mul(second).sum().backward());
  },

  'one of several views of a constant is written to': (log) => {
    const x = leaf(1, 2);
    const base = torch.zeros(4);
    const [first, second] = base.split(2) as [Tensor, Tensor];
    log.error('write of a constant', () => first.add_(1));
    log.error('write of a recorded value', () => second.add_(x));
    log.show('base', base);
  },

  'a view made under no grad is written to': (log) => {
    const x = leaf(1, 2);
    const y = x.mul(2);
    const view = torch.noGrad(() => y.index(':1'));
    log.show('flags', [view.requiresGrad, view.isLeaf]);
    torch.noGrad(() => view.add_(1));
    log.error('asking after a write', () => view.requiresGrad);
    log.error('write of a constant', () => view.mul_(2));
    log.error('write of a recorded value', () => view.mul_(x.index(':1')));
    log.show('y', y);
  },

  'a view made under no grad of a leaf is written to': (log) => {
    const x = leaf(1, 2);
    const view = torch.noGrad(() => x.index(':1'));
    log.show('flags', [view.requiresGrad, view.isLeaf]);
    log.error('write of a constant', () => view.mul_(2));
    log.error('write of a recorded value', () => view.mul_(x.sum()));
    log.show('x', x);
  },

  'a detached view is written to': (log) => {
    const x = leaf(1, 2);
    const y = x.detach();
    log.show('flags', [y.requiresGrad, y.isLeaf, y._base === null]);
    y.mul_(3);
    log.show('x', x);
    log.show('version', x._version);
  },

  'detach in place': (log) => {
    const x = leaf(1, 2);
    const y = x.mul(2);
    y.detach_();
    log.show('flags', [y.requiresGrad, y.isLeaf]);
    x.mul(y).sum().backward();
    log.show('grad', x.grad);
    x.detach_();
    log.show('leaf', [x.requiresGrad, x.isLeaf]);
    const w = leaf(1, 2);
    log.error('view', () => w.mul(2).index(':1').detach_());
  },

  'fill zero and copy in place': (log) => {
    const x = leaf(1, 2, 3);
    const s = tensor(5, { requiresGrad: true });
    const y = x.mul(2);
    y.index(0).zero_();
    y.index(1).fill_(s);
    log.node('filled', y);
    y.index('2:').copy_(x.index(':1'));
    y.mul(y).sum().backward();
    log.show('grads', [x.grad, s.grad]);
    const z = x.mul(2);
    z.zero_();
    log.node('zeroed', z);
    log.show('gradient of zeroed', grad(z.sum(), x)[0]);
  },

  'assignment by index': (log) => {
    const x = leaf(1, 2, 3, 4);
    const s = leaf(7, 8);
    const y = x.mul(x);
    y.setIndex(['1:3'], s);
    y.setIndex([tensor([0n])], 2);
    y.mul(y).sum().backward();
    log.show('y', y);
    log.show('grads', [x.grad, s.grad]);
  },

  'masked writes': (log) => {
    const x = leaf(1, -2, 3);
    const y = x.mul(2);
    y.maskedFill_(y.lt(0), 9);
    y.clamp_({ min: 3 });
    log.node('y', y);
    y.mul(y).sum().backward();
    log.show('grad', x.grad);
  },

  'writes of the wrong shape or dtype': (log) => {
    const x = torch.zeros(2);
    log.error('broadcast', () => x.add_(torch.ones(3, 2)));
    log.error('int', () => torch.zeros(2, { dtype: 'int64' }).add_(torch.ones(2)));
    log.error('expanded', () => torch.zeros(1).expand(3).add_(1));
    log.show('version', x._version);
  },

  'chain of writes': (log) => {
    const x = leaf(1, 2);
    const y = x.clone();
    y.add_(1).mul_(x).sub_(tensor(2));
    log.node('y', y);
    log.show('version', y._version);
    y.sum().backward();
    log.show('grad', x.grad);
  },

  'writes through strided views': (log) => {
    const x = tensor(
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
      { requiresGrad: true },
    );
    const y = x.mul(1);
    y.t().index('::2').mul_(3);
    y.diagonal().add_(x.index(0, ':2'));
    y.asStrided([2], [3], 1).mul_(x.index(1, '1:'));
    log.show('y', y);
    y.mul(y).sum().backward();
    log.show('grad', x.grad);
  },

  'write into a transposed base': (log) => {
    const x = tensor(
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
      { requiresGrad: true },
    );
    const y = x.t().clone();
    const view = y.index(1);
    view.mul_(y.index(0).detach().clone());
    log.show('strides', y.stride());
    y.mul(y).sum().backward();
    log.show('grad', x.grad);
  },

  'double backward through a write into a view': (log) => {
    const x = leaf(1, 2, 3);
    const y = x.mul(x);
    y.index('1:').mul_(x.index('1:'));
    const [first] = grad(y.sum(), x, { createGraph: true }) as [Tensor];
    const [second] = grad(first.sum(), x);
    log.show('first', first);
    log.show('second', second);
  },

  'retained gradients move with writes': (log) => {
    const x = leaf(1, 2);
    const y = x.mul(2);
    y.retainGrad();
    y.mul_(3);
    y.sum().backward();
    log.show('y grad', y.grad);
    log.show('x grad', x.grad);
  },

  'hooks stay with the value before a write': (log) => {
    const x = leaf(1, 2);
    const y = x.mul(2);
    y.registerHook((g) => log.show('before', g));
    y.mul_(3);
    y.registerHook((g) => log.show('after', g));
    y.sum().backward();
    log.show('x grad', x.grad);
  },

  'requires grad of a constant that was written to': (log) => {
    const x = leaf(1, 2);
    const y = torch.ones(2);
    y.mul_(x);
    log.show('flags', [y.requiresGrad, y.isLeaf]);
    log.node('y', y);
    y.mul_(y.detach().clone());
    y.sum().backward();
    log.show('grad', x.grad);
  },

  'a leaf that becomes a view target later': (log) => {
    const base = torch.zeros(3);
    const view = base.index('1:');
    base.requiresGrad_();
    log.show('flags', [view.requiresGrad, base.requiresGrad]);
    log.error('write into the view', () => view.add_(1));
    log.error('write into the base', () => base.add_(1));
  },
};
