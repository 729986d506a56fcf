/** The parametrizations of one tensor, in the order in which they are applied. */
import { noGrad, Tensor } from '@sconce/tensor';
import { ModuleList } from '../containers/module-list.ts';
import { callModule, type Module } from '../module/module.ts';
import { Parameter } from '../module/parameter.ts';
import { pythonSize } from '../module/python-text.ts';
import { tensorsOf } from './members.ts';

/** A module that computes a tensor of a layer from others. */
export interface Parametrization extends Module {
  /** The tensors that the given one is computed from; without it, none can be assigned. */
  rightInverse?(value: Tensor): Tensor | readonly Tensor[];
}

/** What a `rightInverse` throws that cannot be asked for this parametrization. */
export class NotImplementedError extends Error {
  override readonly name: string = 'NotImplementedError';
}

/**
 * What stands in a module's `parametrizations` for one tensor: the parametrizations, and as `original` (or `original0`,
 * `original1`, ...) what they are computed from (`torch.nn.utils.parametrize.ParametrizationList`).
 */
export class ParametrizationList extends ModuleList<Parametrization> {
  static override readonly className: string = 'ParametrizationList';

  /** What the tensor is computed from, if that is one tensor. */
  declare original: Tensor;
  /** Whether results may have another shape or dtype than the tensor had. */
  unsafe: boolean;
  /** Whether it is computed from one tensor. */
  readonly isTensor: boolean;
  /** How many tensors it is computed from. */
  readonly ntensors: number;

  /** @throws {TypeError} when the parametrizations give something else than a tensor like the original */
  constructor(
    modules: readonly Parametrization[],
    original: Tensor,
    options: { readonly unsafe?: boolean } = {},
  ) {
    super(modules);
    if (modules.length === 0) throw new TypeError('ParametrizationList requires one or more modules.');
    this.unsafe = options.unsafe ?? false;
    const { shape, dtype } = original;
    const inverse = noGrad(() => invert([...modules].reverse(), original));
    this.isTensor = inverse instanceof Tensor;
    if (inverse instanceof Tensor) {
      this.ntensors = 1;
      if (inverse.dtype !== dtype) {
        throw new TypeError(
          `When \`right_inverse\` outputs one tensor, it may not change the dtype.\noriginal.dtype: torch.${dtype}\nright_inverse(original).dtype: torch.${inverse.dtype}`,
        );
      }
      replaceValues(original, inverse);
      registerTensor(this, 'original', original);
    } else {
      this.ntensors = inverse.length;
      for (const [i, tensor] of inverse.entries()) {
        if (!(tensor instanceof Tensor)) {
          throw new TypeError(
            `'right_inverse' must return a Tensor or a Sequence of tensors (list, tuple...). Got element ${i} of the sequence with type ${typeof tensor}.`,
          );
        }
        const own =
          original instanceof Parameter ? new Parameter(tensor.detach(), original.requiresGrad) : tensor;
        registerTensor(this, `original${i}`, own);
      }
    }
    if (!this.unsafe) this.check(shape, dtype);
  }

  /** The tensor. */
  override forward(): Tensor {
    const originals = this.isTensor
      ? [this.original]
      : Array.from({ length: this.ntensors }, (_, i) => tensorsOf(this)[`original${i}`] as Tensor);
    const [first, ...rest] = this;
    let value = callModule(first as Module, ...originals);
    for (const module of rest) value = callModule(module, value);
    return value as Tensor;
  }

  /** Sets what the tensor is computed from so that it becomes the given one. @throws {TypeError} when that is not known */
  rightInverse(value: Tensor): void {
    noGrad(() => {
      let inverse: Tensor | readonly Tensor[] = value;
      for (const module of [...this].reverse()) {
        if (module.rightInverse === undefined) {
          throw new TypeError(`parametrization ${module.getName()} does not implement right_inverse.`);
        }
        inverse = module.rightInverse(inverse as Tensor);
      }
      if (this.isTensor) {
        if (!(inverse instanceof Tensor)) {
          throw new TypeError(`\`right_inverse\` should return a tensor. Got ${typeof inverse}`);
        }
        if (inverse.dtype !== this.original.dtype) {
          throw new TypeError(
            `The tensor returned by \`right_inverse\` has dtype torch.${inverse.dtype} while \`original\` has dtype torch.${this.original.dtype}`,
          );
        }
        replaceValues(this.original, inverse);
        return;
      }
      const list = inverse as readonly Tensor[];
      if (!Array.isArray(list) || list.length !== this.ntensors) {
        throw new TypeError(
          `'right_inverse' must return a sequence of tensors of length ${this.ntensors}. Got ${Array.isArray(list) ? `a sequence of length ${list.length}` : typeof list}.`,
        );
      }
      for (const [i, tensor] of list.entries()) {
        const own = tensorsOf(this)[`original${i}`] as Tensor;
        if (own.dtype !== tensor.dtype) {
          throw new TypeError(
            `Tensor ${i} returned by \`right_inverse\` has dtype torch.${tensor.dtype} while \`original${i}\` has dtype torch.${own.dtype}`,
          );
        }
        replaceValues(own, tensor);
      }
    });
  }

  private check(shape: readonly number[], dtype: string): void {
    const value: unknown = this.forward();
    if (!(value instanceof Tensor)) {
      throw new TypeError(`A parametrization must return a tensor. Got ${typeof value}.`);
    }
    if (value.dtype !== dtype) {
      throw new TypeError(
        `Registering a parametrization may not change the dtype of the tensor, unless \`unsafe\` flag is enabled.\nunparametrized dtype: torch.${dtype}\nparametrized dtype: torch.${value.dtype}`,
      );
    }
    if (value.shape.join() !== shape.join()) {
      throw new TypeError(
        `Registering a parametrization may not change the shape of the tensor, unless \`unsafe\` flag is enabled.\nunparametrized shape: ${pythonSize(shape)}\nparametrized shape: ${pythonSize(value.shape)}`,
      );
    }
  }
}

/** Registers a tensor as what it is: a parameter or a buffer. */
export function registerTensor(module: Module, name: string, tensor: Tensor): void {
  if (tensor instanceof Parameter) module.registerParameter(name, tensor);
  else module.registerBuffer(name, tensor);
}

/** Gives a tensor another one's values; it stays the same object. */
export function replaceValues(target: Tensor, source: Tensor): void {
  if (target !== source) target.data = source.detach();
}

function invert(modules: readonly Parametrization[], original: Tensor): Tensor | readonly Tensor[] {
  let value: Tensor | readonly Tensor[] = original;
  for (const module of modules) {
    if (module.rightInverse === undefined) continue;
    try {
      value = module.rightInverse(value as Tensor);
    } catch (error) {
      if (!(error instanceof NotImplementedError)) throw error;
    }
  }
  if (value instanceof Tensor || Array.isArray(value)) return value;
  throw new TypeError(
    `'right_inverse' must return a Tensor or a Sequence of tensors (list, tuple...). Got ${typeof value}`,
  );
}
