/** Operations with gradients of their own. */
import * as torch from '../../index.ts';
import { type Tensor, tensor } from '../../index.ts';
import { type Log, leaf, type Scenario } from './log.ts';

const { grad } = torch.autograd;
type Context = torch.autograd.FunctionContext;

class Cube extends torch.autograd.Function {
  static forward(ctx: Context, x: Tensor): Tensor {
    ctx.saveForBackward(x);
    return x.mul(x).mul(x);
  }
  static backward(ctx: Context, g: Tensor): Tensor {
    const [x] = ctx.savedTensors as [Tensor];
    return g.mul(x).mul(x).mul(3);
  }
}

class Scaled extends torch.autograd.Function {
  static forward(x: Tensor, factor: number, y: Tensor): Tensor {
    return x.mul(factor).add(y);
  }
  static setupContext(ctx: Context, inputs: readonly [Tensor, number, Tensor], output: Tensor): void {
    ctx.factor = inputs[1];
    ctx.shape = output.shape;
  }
  static backward(ctx: Context, g: Tensor): (Tensor | null)[] {
    return [g.mul(ctx.factor as number), null, g];
  }
}

/** A function that is given the log; a class of its own for each call. */
function productFor(log: Log) {
  return class Product extends torch.autograd.Function {
    static forward(ctx: Context, x: Tensor, factor: number, w: Tensor): Tensor {
      ctx.saveForBackward(x, w);
      log.show('forward', [ctx.needsInputGrad, torch.isGradEnabled()]);
      return x.mul(w).mul(factor);
    }
    static backward(ctx: Context, g: Tensor): (Tensor | null)[] {
      const [x, w] = ctx.savedTensors as [Tensor, Tensor];
      log.show('backward', ctx.needsInputGrad);
      return [ctx.needsInputGrad[0] ? g.mul(w) : null, null, ctx.needsInputGrad[2] ? g.mul(x) : null];
    }
  };
}

class Double extends torch.autograd.Function {
  static forward(ctx: Context, x: Tensor): Tensor {
    x.mul_(2);
    ctx.markDirty(x);
    return x;
  }
  static backward(_: Context, g: Tensor): Tensor {
    return g.mul(2);
  }
}

class TooMany extends torch.autograd.Function {
  static forward(_: Context, x: Tensor): Tensor {
    return x.mul(2);
  }
  static backward(_: Context, g: Tensor): Tensor[] {
    return [g, g];
  }
}

class TooFew extends torch.autograd.Function {
  static forward(_: Context, x: Tensor, y: Tensor): Tensor {
    return x.mul(y);
  }
  static backward(_: Context, g: Tensor): Tensor {
    return g;
  }
}

class ForNumber extends torch.autograd.Function {
  static forward(_: Context, x: Tensor, factor: number): Tensor {
    return x.mul(factor);
  }
  static backward(_: Context, g: Tensor): Tensor[] {
    return [g, g];
  }
}

class WrongShape extends torch.autograd.Function {
  static forward(_: Context, x: Tensor): Tensor {
    return x.mul(2);
  }
  static backward(): Tensor {
    return torch.ones(3);
  }
}

class NullAtTheEnd extends torch.autograd.Function {
  static forward(_: Context, x: Tensor): Tensor {
    return x.mul(2);
  }
  static backward(_: Context, g: Tensor): (Tensor | null)[] {
    return [g, null];
  }
}

class Same extends torch.autograd.Function {
  static forward(_: Context, x: Tensor): Tensor {
    return x;
  }
  static backward(_: Context, g: Tensor): Tensor {
    return g.mul(5);
  }
}

class FirstHalf extends torch.autograd.Function {
  static forward(_: Context, x: Tensor): Tensor {
    return x.index(':1');
  }
  static backward(_: Context, g: Tensor): Tensor {
    return torch.cat([g, torch.zeros(1)]);
  }
}

class Exp extends torch.autograd.Function {
  static forward(ctx: Context, x: Tensor): Tensor {
    const result = x.exp();
    ctx.saveForBackward(result);
    return result;
  }
  static backward(ctx: Context, g: Tensor): Tensor {
    const [result] = ctx.savedTensors as [Tensor];
    return g.mul(result);
  }
}

/** The scenarios of fixtures/generators/autograd_scenarios/functions.py that define a function. */
export const customScenarios: Readonly<Record<string, Scenario>> = {
  'custom function': (log) => {
    const x = leaf(1, 2);
    const y = Cube.apply(x);
    log.node('y', y);
    log.show('y', y);
    y.sum().backward(null, { retainGraph: true });
    log.show('grad', x.grad);
    y.sum().backward();
    log.error('second', () => y.sum().backward());
  },

  'custom function twice differentiated': (log) => {
    const x = leaf(1, 2);
    const [first] = grad(Cube.apply(x).sum(), x, { createGraph: true }) as [Tensor];
    const [second] = grad(first.sum(), x, { createGraph: true }) as [Tensor];
    const [third] = grad(second.sum(), x) as [Tensor];
    log.show('derivatives', [first, second, third]);
  },

  'custom function with setup context': (log) => {
    const x = leaf(1, 2);
    const y = leaf(5, 6);
    const z = Scaled.apply(x, 3, y);
    log.node('z', z);
    z.sum().backward();
    log.show('grads', [x.grad, y.grad]);
  },

  'needs input grad': (log) => {
    const Product = productFor(log);
    const x = leaf(1, 2);
    const w = tensor([3, 4]);
    const y = Product.apply(x, 1, w);
    log.node('y', y);
    y.sum().backward();
    log.show('grads', [x.grad, w.grad]);
    torch.noGrad(() => {
      log.show('no grad', Product.apply(x, 1, w).requiresGrad);
    });
  },

  'mark dirty': (log) => {
    const x = leaf(1, 2);
    log.error('leaf', () => Double.apply(x));
    const y = x.mul(tensor(3));
    const z = Double.apply(y);
    log.show('same', z === y);
    log.node('y', y);
    y.sum().backward();
    log.show('grad', x.grad);
    const base = leaf(1, 2).mul(tensor(1));
    const view = base.index('1:');
    Double.apply(view);
    log.node('base', base);
    log.node('view', view);
  },

  'mark non differentiable': (log) => {
    class Sorted extends torch.autograd.Function {
      static forward(ctx: Context, x: Tensor): Tensor[] {
        const { values, indices } = x.sort();
        ctx.markNonDifferentiable(indices);
        ctx.saveForBackward(indices);
        const rounded = values.round();
        ctx.markNonDifferentiable(rounded);
        return [values, indices, rounded];
      }
      static backward(ctx: Context, g: Tensor, forIndices: Tensor, forRounded: Tensor): Tensor {
        log.show('zeros for what has no gradient', [forRounded, `torch.${forIndices.dtype}`]);
        const [indices] = ctx.savedTensors as [Tensor];
        return torch.zerosLike(g).scatter(0, indices, g);
      }
    }
    const x = leaf(2.5, 1.5);
    const [values, indices, rounded] = Sorted.apply(x) as [Tensor, Tensor, Tensor];
    log.show('flags', [values.requiresGrad, indices.requiresGrad, rounded.requiresGrad]);
    values
      .mul(tensor([1, 10]))
      .sum()
      .backward();
    log.show('grad', x.grad);
  },

  'set materialize grads': (log) => {
    class Both extends torch.autograd.Function {
      static forward(ctx: Context, x: Tensor, materialize: boolean): Tensor[] {
        ctx.setMaterializeGrads(materialize);
        return [x.mul(2), x.mul(3)];
      }
      static backward(_: Context, a: Tensor, b: Tensor | null): (Tensor | null)[] {
        log.show('given', [a, b]);
        return [b === null ? a.mul(2) : a.mul(2).add(b.mul(3)), null];
      }
    }
    const x = leaf(1, 2);
    Both.apply(x, true)[0]!.sum().backward();
    Both.apply(x, false)[0]!.sum().backward();
    log.show('grad', x.grad);
  },

  'custom function errors': (log) => {
    const x = leaf(1, 2);
    log.error('too many', () => TooMany.apply(x).sum().backward());
    log.error('too few', () => TooFew.apply(x, x).sum().backward());
    log.error('for a number', () => ForNumber.apply(x, 2).sum().backward());
    log.error('wrong shape', () => WrongShape.apply(x).sum().backward());
    log.error('null at the end', () => NullAtTheEnd.apply(x).sum().backward());
  },

  'a saved tensor of a custom function is written to': (log) => {
    const x = leaf(1, 2);
    const y = x.mul(1);
    const z = Cube.apply(y);
    y.add_(1);
    log.error('backward', () => z.sum().backward());
  },

  'custom function returns its input': (log) => {
    const x = leaf(1, 2);
    const y = Same.apply(x);
    log.show('same', y === x);
    log.node('y', y);
    y.sum().backward();
    log.show('grad', x.grad);
  },

  'a view made by a custom function is written to': (log) => {
    const x = leaf(1, 2);
    const y = x.mul(1);
    const view = FirstHalf.apply(y);
    log.node('view', view);
    log.error('write', () => view.mul_(2));
    FirstHalf.apply(y).sum().backward();
    log.show('grad', x.grad);
  },

  'custom function saves its result': (log) => {
    const x = leaf(0.5, 1);
    const [first] = grad(Exp.apply(x).sum(), x, { createGraph: true }) as [Tensor];
    const [second] = grad(first.sum(), x, { createGraph: true }) as [Tensor];
    log.show('derivatives', [first, second]);
  },
};
