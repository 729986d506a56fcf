/** Backward passes: seeds, roots, inputs, retained graphs, accumulation, flags, names, modes and anomalies. */
import * as torch from '../../index.ts';
import { type Tensor, tensor } from '../../index.ts';
import { leaf, type Scenario } from './log.ts';

const { backward, detectAnomaly, grad } = torch.autograd;

/** The scenarios of fixtures/generators/autograd_scenarios/graph.py. */
export const graphScenarios: Readonly<Record<string, Scenario>> = {
  'second backward': (log) => {
    const x = leaf(1, 2);
    const y = x.mul(x).sum();
    y.backward();
    log.error('second', () => y.backward());
    const z = x.add(1).sum();
    z.backward();
    log.error('second without saved tensors', () => z.backward());
    log.show('grad', x.grad);
  },

  'retained graph': (log) => {
    const x = leaf(1, 2);
    const y = x.mul(x).sum();
    y.backward(null, { retainGraph: true });
    y.backward();
    log.show('grad', x.grad);
    log.error('third', () => y.backward());
  },

  'a shared part is freed': (log) => {
    const x = leaf(1, 2);
    const shared = x.exp();
    const a = shared.sum();
    const b = shared.mul(2).sum();
    a.backward();
    log.error('other branch', () => b.backward());
  },

  'gradients add up': (log) => {
    const x = leaf(1, 2);
    x.mul(2).sum().backward();
    const first = x.grad;
    x.mul(x).sum().backward();
    log.show('same tensor', x.grad === first);
    log.show('grad', x.grad);
    x.grad = null;
    x.mul(5).sum().backward();
    log.show('after reset', x.grad);
    (x.grad as Tensor | null)!.zero_();
    x.mul(7).sum().backward();
    log.show('after zero_', x.grad);
  },

  'gradients do not share memory': (log) => {
    const x = leaf(1, 2);
    const y = leaf(3, 4);
    const seed = torch.ones(2);
    x.add(y).backward(seed);
    x.grad!.mul_(10);
    log.show('grads', [x.grad, y.grad, seed]);
  },

  'a diamond': (log) => {
    const x = leaf(2, 3);
    const a = x.mul(x);
    const b = a.mul(3);
    const c = a.exp();
    b.add(c).mul(a).sum().backward();
    log.show('grad', x.grad);
  },

  'roots without a graph': (log) => {
    log.error('no grad', () => torch.ones(2).sum().backward());
    log.error('int', () => torch.ones(2, { dtype: 'int64' }).sum().backward());
    const x = leaf(1, 2);
    log.error('second root', () => backward([x.sum(), torch.ones([])]));
    log.error('grad of a constant', () => grad(torch.ones([]), x));
    log.error('several elements', () => x.mul(2).backward());
    log.error('grad with respect to a constant', () => grad(x.sum(), torch.ones(2)));
  },

  'seeds of the wrong shape': (log) => {
    const x = leaf(1, 2);
    log.error('backward', () => x.mul(2).backward(torch.ones(3)));
    log.error('grad', () => grad(x.mul(2), x, { gradOutputs: torch.ones(2, 1) }));
    log.error('too many', () => grad([x.mul(2)], [x], { gradOutputs: [torch.ones(2), torch.ones(2)] }));
  },

  'seeds of several roots': (log) => {
    const x = leaf(1, 2);
    backward([x.mul(2), x.mul(x).sum()], [tensor([1, 10]), null]);
    log.show('grad', x.grad);
    log.show('grads', grad([x.mul(3), x.sum()], [x], { gradOutputs: [tensor([2, 3]), null] }));
  },

  'unused inputs': (log) => {
    const x = leaf(1, 2);
    const w = leaf(3, 4);
    const f = (): Tensor => x.mul(2).sum();
    log.error('unused', () => grad(f(), [x, w]));
    log.show('allowed', grad(f(), [x, w], { allowUnused: true }));
    log.show('materialized', grad(f(), [x, w], { materializeGrads: true }));
    log.error('both', () => grad(f(), [x, w], { allowUnused: false, materializeGrads: true }));
  },

  'gradients of intermediate tensors': (log) => {
    const x = leaf(1, 2);
    const y = x.mul(x);
    const z = y.mul(y).sum();
    log.show('grads', grad(z, [y, x, z], { retainGraph: true }));
    log.show('x.grad', x.grad);
    log.show('twice the same', grad(z, [x, x]));
  },

  'grad does not touch leaves': (log) => {
    const x = leaf(1, 2);
    const w = leaf(3, 4);
    log.show('grad', grad(x.mul(w).sum(), x));
    log.show('left alone', [x.grad, w.grad]);
  },

  'backward to some inputs': (log) => {
    const x = leaf(1, 2);
    const w = leaf(3, 4);
    const y = x.mul(w);
    y.sum().backward(null, { inputs: [x], retainGraph: true });
    log.show('leaf', [x.grad, w.grad]);
    y.sum().backward(null, { inputs: x, retainGraph: true });
    log.show('again', x.grad);
    const z = y.mul(y).sum();
    z.backward(null, { inputs: [y, w] });
    log.show('computed', [y.grad, w.grad, x.grad]);
    log.error('empty', () => x.mul(2).sum().backward(null, { inputs: [] }));
  },

  'backward of a leaf': (log) => {
    const x = tensor(3, { requiresGrad: true });
    x.backward();
    log.show('grad', x.grad);
    x.backward(tensor(5));
    log.show('twice', x.grad);
  },

  'create graph': (log) => {
    const x = leaf(1, 2);
    const y = x.mul(x).mul(x).sum();
    const [first] = grad(y, x, { createGraph: true }) as [Tensor];
    log.show('flags', [first.requiresGrad, first.isLeaf]);
    const [second] = grad(first.sum(), x, { createGraph: true }) as [Tensor];
    const [third] = grad(second.sum(), x) as [Tensor];
    log.show('derivatives', [first, second, third]);
    log.show('third flags', [third.requiresGrad, third.isLeaf]);
  },

  'backward with create graph': (log) => {
    const x = leaf(1, 2);
    x.mul(x).sum().backward(null, { createGraph: true });
    const first = x.grad!;
    log.show('flags', [first.requiresGrad, first.isLeaf]);
    const penalty = first.mul(first).sum();
    x.grad = null;
    penalty.backward();
    log.show('grad', x.grad);
  },

  'requires grad errors': (log) => {
    log.error('int', () => torch.ones(2, { dtype: 'int64' }).requiresGrad_());
    log.error('bool', () => torch.ones(2, { dtype: 'bool' }).requiresGrad_());
    log.error('int at creation', () => tensor([1n, 2n], { requiresGrad: true }));
    const x = leaf(1);
    const y = x.mul(2);
    log.error('off for a computed tensor', () => y.requiresGrad_(false));
    log.error('on for a computed tensor', () => y.requiresGrad_(true));
    x.requiresGrad_(false);
    log.show('off', [x.requiresGrad, x.mul(2).requiresGrad]);
  },

  'assigned gradients': (log) => {
    const x = leaf(1, 2);
    const assign = (value: Tensor): void => {
      x.grad = value;
    };
    log.error('size', () => assign(torch.ones(3)));
    log.refuse('dtype', () => assign(torch.ones(2, { dtype: 'float64' })));
    log.error('own', () => assign(x));
    assign(tensor([10, 20]));
    x.mul(2).sum().backward();
    log.show('added', x.grad);
  },

  'retain grad': (log) => {
    const x = leaf(1, 2);
    const y = x.mul(2);
    log.show('before', [y.retainsGrad, x.retainsGrad]);
    y.retainGrad();
    y.retainGrad();
    log.show('after', y.retainsGrad);
    y.mul(y).sum().backward(null, { retainGraph: true });
    log.show('grads', [y.grad, x.grad]);
    y.mul(1).sum().backward();
    log.show('again', y.grad);
    x.retainGrad();
    log.show('leaf', x.retainsGrad);
    log.error('constant', () => torch.ones(2).retainGrad());
  },

  'retain grad after a hook': (log) => {
    const x = leaf(1, 2);
    const y = x.mul(2);
    y.retainGrad();
    y.registerHook((g) => g.mul(10));
    y.sum().backward();
    log.show('y', y.grad);
    log.show('x', x.grad);
  },

  'flags of tensors': (log) => {
    const x = leaf(1, 2);
    const c = torch.ones(2);
    const y = x.mul(c);
    const all = { x, c, y, view: x.index(0), detached: y.detach(), compared: x.gt(1), int: x.int() };
    for (const [name, value] of Object.entries(all)) {
      log.show(name, [value.requiresGrad, value.isLeaf, value.gradFn === null]);
    }
  },

  'no grad and enable grad': (log) => {
    const x = leaf(1, 2);
    torch.noGrad(() => {
      log.show('off', [torch.isGradEnabled(), x.mul(2).requiresGrad, x.requiresGrad]);
      torch.enableGrad(() => {
        log.show('on', [torch.isGradEnabled(), x.mul(2).requiresGrad]);
      });
      log.show('off again', torch.isGradEnabled());
      log.show('new leaf', torch.ones(2, { requiresGrad: true }).requiresGrad);
      log.show('view', [x.index(0).requiresGrad, x.index(0).isLeaf]);
    });
    torch.setGradEnabled(false);
    log.show('set', x.mul(2).requiresGrad);
    torch.setGradEnabled(true);
    log.show('after', torch.isGradEnabled());
  },

  'modes inside backward': (log) => {
    const x = leaf(1, 2);
    const y = x.mul(x);
    y.registerHook(() => log.show('hook', torch.isGradEnabled()));
    y.sum().backward(null, { retainGraph: true });
    grad(y.sum(), x, { createGraph: true });
    const z = torch.noGrad(() => x.mul(x));
    log.error('no graph', () => z.sum().backward());
  },

  'inference mode': (log) => {
    const x = leaf(1, 2);
    const [made, viewOfNormal] = torch.inferenceMode(() => {
      const y = x.mul(2);
      const ones = torch.ones(2);
      const view = x.index(':1');
      log.show('inside', [
        torch.isInferenceModeEnabled(),
        torch.isGradEnabled(),
        y.requiresGrad,
        y.isInference(),
        x.isInference(),
        view.isInference(),
      ]);
      ones.add_(1);
      return [ones, view] as const;
    });
    log.show('outside', [
      torch.isInferenceModeEnabled(),
      made.isInference(),
      made.index(0).isInference(),
      made.clone().isInference(),
      made.mul(2).isInference(),
    ]);
    log.error('save', () => x.mul(made));
    log.error('write', () => made.add_(1));
    log.error('write into a view', () => made.index(':1').add_(1));
    log.error('requires_grad_', () => made.requiresGrad_());
    log.error('version', () => made._version);
    log.show('sum needs nothing saved', x.add(made).requiresGrad);
    log.error('view of a normal tensor', () => viewOfNormal.mul_(x.index(':1')));
    const z = x.clone();
    torch.inferenceMode(() => z.add_(1));
    log.show('normal tensor written', [z, z._version]);
  },

  'casts carry gradients': (log) => {
    const x = tensor([1, 2], { dtype: 'float64', requiresGrad: true });
    const y = x.float().mul(tensor([3, 4]));
    log.node('y', y);
    y.sum().backward();
    log.show('grad', x.grad);
    const h = leaf(1.5, 2.5);
    h.half().mul(2).sum().backward();
    log.show('half', h.grad);
  },

  'promotion and broadcasting are undone': (log) => {
    const a = tensor([[1], [2]], { requiresGrad: true });
    const b = tensor([1, 2, 3], { dtype: 'float64', requiresGrad: true });
    const s = tensor(2, { requiresGrad: true });
    const y = a.mul(b).mul(s);
    log.show('dtype', `torch.${y.dtype}`);
    y.sum().backward();
    log.show('grads', [a.grad, b.grad, s.grad]);
  },

  'a deep chain': (log) => {
    const x = leaf(1);
    let y = x;
    for (let i = 0; i < 20000; i++) y = y.add(x);
    y.backward(torch.ones(1));
    log.show('grad', x.grad);
  },

  'anomaly mode': (log) => {
    const x = leaf(0, 1);
    detectAnomaly(() => {
      const y = x.sqrt().mul(0).sum();
      log.error('nan', () => y.backward());
      const z = x.exp();
      z.mul_(2);
      log.error('version', () => z.sum().backward());
    });
    detectAnomaly(() => x.sqrt().mul(0).sum().backward(), { checkNan: false });
    log.show('unchecked', x.grad);
  },

  'anomaly mode of a later output': (log) => {
    const x = leaf(1, 2);
    const w = leaf(0, 1);
    detectAnomaly(() => {
      const y = x.mul(w.log().mul(0)).sum();
      log.error('nan', () => y.backward());
    });
  },

  'results of several tensors': (log) => {
    const x = tensor(
      [
        [3, 1],
        [2, 4],
      ],
      { requiresGrad: true },
    );
    const { values, indices } = x.sort(1);
    log.show('flags', [values.requiresGrad, indices.requiresGrad]);
    log.node('values', values);
    const { values: largest } = x.max(1);
    values.index(':', 0).mul(largest).sum().backward();
    log.show('grad', x.grad);
    x.unbind()[1]!.sum().backward();
    log.show('one of two', x.grad);
  },

  'nodes and edges': (log) => {
    const x = leaf(1, 2);
    const c = torch.ones(2);
    const y = x.mul(c);
    log.node('constant operand', y);
    const node = y.add(x).gradFn!;
    log.show('printed', node.name);
    log.show(
      'outputs',
      node.nextFunctions.map(([, output]) => output),
    );
    const accumulator = node.nextFunctions[1]![0]!;
    log.show('leaf', 'variable' in accumulator && accumulator.variable === x);
    log.show('leaf of leaf', accumulator.nextFunctions.map(String));
    const [first, second] = x.unbind() as [Tensor, Tensor];
    log.show(
      'unbind',
      second.mul(first).gradFn!.nextFunctions.map(([next, output]) => [next!.name, output]),
    );
    log.show('same node', y.add(y).gradFn!.nextFunctions[0]![0] === y.gradFn);
  },
};
