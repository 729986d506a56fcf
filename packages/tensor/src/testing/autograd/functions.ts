/** Double backward, derivatives of functions, function transforms and gradient checks. */
import * as torch from '../../index.ts';
import { type Tensor, tensor } from '../../index.ts';
import { leaf, type Scenario } from './log.ts';

const { functional, grad, gradcheck, gradgradcheck } = torch.autograd;
const { func } = torch;

const values = [
  [0.5, -1, 2],
  [1.5, 0.25, -0.75],
];
const weights = [
  [1, 0.5, -0.5],
  [0.25, 2, 1],
];
const eye = (): Tensor => torch.eye(2, { dtype: 'float64' });

const chains: Readonly<Record<string, (x: Tensor, w: Tensor) => Tensor>> = {
  'linear tanh': (x, w) => x.matmul(w.t()).tanh(),
  softmax: (x, w) => x.softmax(1).mul(w),
  'log softmax': (x, w) => x.logSoftmax(1).mul(w),
  'sigmoid mul': (x, w) => x.sigmoid().mul(w.exp()),
  div: (x, w) => x.div(w.mul(w).add(1)),
  'sqrt of squares': (x, w) => x.mul(x).add(w.mul(w)).sqrt(),
  var: (x, w) => x.var(1).mul(w.mean(1)),
  norm: (x, w) => x.norm().mul(w.sum()),
  prod: (x, w) => x.prod(1).mul(w.prod(1)),
  cumprod: (x, w) => x.cumprod(1).mul(w),
  logsumexp: (x, w) => x.mul(w).logsumexp(1),
  'relu square': (x, w) => x.relu().pow(2).mul(w),
  gelu: (x, w) => torch.gelu(x).mul(w),
  silu: (x, w) => torch.silu(x).mul(w),
  softplus: (x, w) => torch.softplus(x).mul(w),
  elu: (x, w) => torch.elu(x).mul(w),
  'cat and views': (x, w) => torch.cat([x.index(':', ':2').t().reshape(4), w.flatten()]).pow(3),
  gather: (x, w) =>
    x
      .gather(
        1,
        tensor([
          [0n, 2n],
          [1n, 1n],
        ]),
      )
      .pow(2)
      .mul(w.index(':', ':2')),
  'index put': (x, w) => x.indexPut([tensor([0n]), tensor([1n])], w.index(0, 0)).pow(3),
  max: (x, w) => x.max(1).values.pow(2).mul(w.index(':', 0)),
  'layer norm': (x, w) => torch.layerNorm(x, [3], w.index(0), w.index(1)).pow(2),
  'batch norm': (x, w) =>
    torch.batchNorm(x, null, null, w.index(0), w.index(1), { training: true }).pow(2).mul(w),
  conv1d: (x, w) => torch.conv1d(x.index(null), w.index(null, ':', ':2')).pow(2),
  conv2d: (x, w) =>
    torch.conv2d(x.index(null, null), w.index(null, null, ':', ':2'), null, { padding: 1 }).pow(2),
  'nll loss': (x, w) => torch.nllLoss(x.mul(w).logSoftmax(1), tensor([0n, 2n])),
  'pow tensor': (x, w) => x.mul(x).add(1).pow(w),
  atan2: (x, w) => torch.atan2(x, w.mul(w).add(1)),
  'max pool': (x) => torch.maxPool2d(x.index(null).pow(2), [2, 2]),
  'avg pool': (x) => torch.avgPool2d(x.index(null).pow(3), [2, 2]),
  inverse: (x, w) => torch.linalg.inv(x.matmul(x.t()).add(eye())).mul(w.index(':', ':2')),
  det: (x, w) => torch.linalg.det(x.matmul(w.t())),
  cholesky: (x, w) => torch.linalg.cholesky(x.matmul(x.t()).add(eye())).mul(w.index(':', ':2')),
};

const smooth = (x: Tensor): Tensor => x.sin().mul(x.sum());
const pair = (x: Tensor, y: Tensor): [Tensor, Tensor] => [x.mul(y).sum(), x.exp().add(y)];
const energy = (x: Tensor, y: Tensor): Tensor => x.mul(x).mul(y).sum().add(y.pow(3).sum());
const cubes = (a: Tensor): Tensor => a.pow(3).sum();

/** The other scenarios of fixtures/generators/autograd_scenarios/functions.py. */
export const functionScenarios: Readonly<Record<string, Scenario>> = {
  'double backward': (log) => {
    for (const [label, chain] of Object.entries(chains)) {
      const inputs = [values, weights].map((value) =>
        tensor(value, { dtype: 'float64', requiresGrad: true }),
      ) as [Tensor, Tensor];
      const first = grad(chain(...inputs).sum(), inputs, { createGraph: true, materializeGrads: true });
      const total = first.map((g) => g.mul(g).sum()).reduce((a, b) => a.add(b));
      log.show(label, [...first, ...grad(total, inputs, { materializeGrads: true })]);
    }
  },

  'functional products': (log) => {
    const x = tensor([0.5, 1, 2]);
    const y = tensor([1, -1, 3]);
    const v = tensor([1, 10, 100]);
    log.show('vjp', functional.vjp(smooth, x, v));
    log.show('vjp of several', functional.vjp(pair, [x, y], [tensor(2), v]));
    log.show('vjp of a scalar', functional.vjp(energy, [x, y]));
    log.show('jvp', functional.jvp(smooth, x, v));
    log.show('jvp of several', functional.jvp(pair, [x, y], [v, v]));
    log.show('hvp', functional.hvp(energy, [x, y], [v, v]));
    log.show('vhp', functional.vhp(energy, [x, y], [v, v]));
    log.error('vjp without v', () => functional.vjp(smooth, x));
    log.error('jvp without v', () => functional.jvp(smooth, x));
    log.error('v of another size', () => functional.vjp(smooth, x, v.index(':2')));
    log.error('v of another number', () => functional.jvp(pair, [x, y], v));
    log.error('hvp of several elements', () => functional.hvp(smooth, x, v));
    log.error('hvp without v', () => functional.hvp(energy, [x, y]));
  },

  'functional jacobians': (log) => {
    const x = tensor([0.5, 1, 2]);
    const y = tensor([1, -1, 3]);
    log.show('jacobian', functional.jacobian(smooth, x));
    log.show('jacobian of several', functional.jacobian(pair, [x, y]));
    log.show(
      'jacobian of one of several',
      functional.jacobian((a, b) => a.mul(b!.sum()), [x, y]),
    );
    log.show(
      'hessian',
      functional.hessian((a) => cubes(a).mul(a.index(0)), x),
    );
    log.show('hessian of several', functional.hessian(energy, [x, y]));
    log.show(
      'matrix',
      functional.jacobian(
        (a) => a.matmul(a),
        tensor([
          [1, 2],
          [3, 4],
        ]),
      ),
    );
    log.error('hessian of several elements', () => functional.hessian(smooth, x));
    const flag = (createGraph: boolean): boolean =>
      (functional.jacobian(smooth, leaf(0.5, 1), { createGraph }) as Tensor).requiresGrad;
    log.show('recorded', flag(true));
    log.show('not recorded', flag(false));
  },

  'functional strict': (log) => {
    const x = tensor([0.5, 1]);
    const y = tensor([1, 2]);
    const strict = { strict: true };
    log.show(
      'independent',
      functional.jacobian((a, _) => a.mul(2), [x, y]),
    );
    log.show(
      'constant',
      functional.vjp(() => torch.ones([]), x),
    );
    log.error('vjp constant', () => functional.vjp(() => torch.ones([]), x, undefined, strict));
    log.error('vjp independent', () => functional.vjp((a, _) => a.sum(), [x, y], undefined, strict));
    log.error('jacobian constant', () => functional.jacobian(() => torch.ones(2), x, strict));
    log.error('jacobian independent', () => functional.jacobian((a, _) => a.mul(2), [x, y], strict));
    log.error('hessian of a linear function', () => functional.hessian((a) => a.sum().mul(2), x, strict));
    log.show(
      'hessian of a linear function',
      functional.hessian((a) => a.sum().mul(2), x),
    );
  },

  'func gradients': (log) => {
    const x = tensor([0.5, 1, 2]);
    const y = tensor([1, -1, 3]);
    log.show('grad', func.grad(cubes)(x));
    log.show('argnums', func.grad(energy, { argnums: 1 })(x, y));
    log.show('several argnums', func.grad(energy, { argnums: [0, 1] })(x, y));
    log.show('grad of grad', func.grad((a: Tensor) => (func.grad(cubes)(a) as Tensor).sum())(x));
    log.show('grad and value', func.gradAndValue(energy)(x, y));
    log.show(
      'has aux',
      func.grad((a: Tensor) => [a.mul(a).sum(), a.mul(2)] as const, { hasAux: true })(x) as Tensor[],
    );
    log.show('not recorded', (func.grad(cubes)(x) as Tensor).requiresGrad);
    log.show('recorded by the outside', (func.grad(cubes)(leaf(1, 2)) as Tensor).requiresGrad);
    log.error('several elements', () => func.grad(smooth)(x));
    const [outputs, pull] = func.vjp(pair, x, y);
    log.show('vjp outputs', outputs);
    log.show('vjp', pull([tensor(2), x]));
    log.show('vjp of one', func.vjp(smooth, x)[1](y));
    log.show('jvp', func.jvp(smooth, [x], [y]));
    log.show('jvp of several', func.jvp(pair, [x, y], [y, x]));
  },

  'func jacobians': (log) => {
    const x = tensor([0.5, 1, 2]);
    const y = tensor([1, -1, 3]);
    const scaled = (a: Tensor, b: Tensor): Tensor => a.mul(b.sum());
    log.show('jacrev', func.jacrev(smooth)(x));
    log.show('jacrev argnums', func.jacrev(scaled, { argnums: [0, 1] })(x, y));
    log.show('jacrev of several outputs', func.jacrev(pair)(x, y));
    log.show('jacfwd', func.jacfwd(smooth)(x));
    log.show('jacfwd argnums', func.jacfwd(scaled, { argnums: 1 })(x, y));
    log.show('jacfwd of several outputs', func.jacfwd(pair)(x, y));
    log.show('hessian', func.hessian((a: Tensor) => cubes(a).mul(a.index(0)))(x));
    log.show('hessian argnums', func.hessian(energy, { argnums: [0, 1] })(x, y));
    log.show(
      'matrix',
      func.jacfwd((a: Tensor) => a.matmul(a))(
        tensor([
          [1, 2],
          [3, 4],
        ]),
      ),
    );
  },

  'vmap over batches': (log) => {
    const { vmap } = func;
    const a = tensor([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    const b = tensor([
      [1, 0.5, 0.25],
      [2, 4, 8],
    ]);
    const w = tensor([1, 10, 100]);
    const dot = (x: Tensor, y: Tensor): Tensor => torch.dot(x, y);
    const mul = (x: Tensor, y: Tensor): Tensor => x.mul(y);
    const twice = (x: Tensor): Tensor => x.mul(2);
    log.show('dot', vmap(dot)(a, b));
    log.show('in dims', vmap(dot, [0, null])(a, w));
    log.show('inner dimension', vmap(twice, 1)(a));
    log.show('out dims', vmap(twice, 1, 1)(a));
    log.show('negative dims', vmap(twice, -1, -1)(a));
    log.show('several outputs', vmap((x: Tensor, y: Tensor) => [x.add(y), x.sum()])(a, b));
    log.show('out dims of several', vmap((x: Tensor, y: Tensor) => [x.add(y), x.mul(y)], 0, [0, 1])(a, b));
    log.show('nested', vmap(vmap(mul, [0, null]), [null, 0])(w, tensor([2, 3])));
    const square = (x: Tensor, y: Tensor): Tensor => x.mul(x).mul(y).sum();
    log.show('per sample gradients', vmap(func.grad(square), [0, null])(a, w));
    log.show('jacobian by rows', vmap(func.jacrev(smooth))(a));
    log.error('sizes differ', () => vmap(mul)(a, w));
    log.refuse('all null', () => vmap(mul, null)(a, b));
    log.refuse('too many in dims', () => vmap(mul, [0, 0, 0])(a, b));
    log.refuse('dimension out of range', () => vmap(twice, 2)(a));
    log.refuse('no tensor', () => vmap((() => 1) as unknown as (x: Tensor) => Tensor)(a));
    const x = leaf(1, 2);
    vmap((v: Tensor) => v.mul(v).mul(3))(x)
      .sum()
      .backward();
    log.show('gradient through vmap', x.grad);
  },

  'gradient checks': (log) => {
    const x = tensor(values, { dtype: 'float64', requiresGrad: true });
    const w = tensor([1, 2, -1], { dtype: 'float64', requiresGrad: true });
    const f = (a: Tensor, b: Tensor): Tensor => a.mul(b).tanh();
    log.show('right', gradcheck(f, [x, w]));
    log.show('second', gradgradcheck(f, [x, w]));
    class Wrong extends torch.autograd.Function {
      static forward(_: torch.autograd.FunctionContext, a: Tensor): Tensor {
        return a.mul(2);
      }
      static backward(_: torch.autograd.FunctionContext, g: Tensor): Tensor {
        return g.mul(3);
      }
    }
    const wrong = (a: Tensor): Tensor => Wrong.apply(a);
    log.show('wrong', gradcheck(wrong, x, { raiseException: false }));
    log.show('wrong but tolerated', gradcheck(wrong, x, { atol: 2 }));
    log.error('nothing to check', () => gradcheck((a) => a.mul(2), x.detach()));
  },
};
