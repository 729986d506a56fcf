/** Deep copies of modules, as Python's `copy.deepcopy` makes them. */
import { Tensor } from '@sconce/tensor';
import { Callable } from './callable.ts';
import type { Module } from './module.ts';
import { isOptions } from './options.ts';
import { Buffer, Parameter } from './parameter.ts';
import { isUninitialized, UninitializedBuffer, UninitializedParameter } from './uninitialized.ts';

/**
 * Copies a value with all that is in it.
 *
 * @param emptyCopy makes an instance of a module's class that has the same names registered, but no properties
 */
export function copyDeep<T>(value: T, emptyCopy: (module: Module) => Module): T {
  return new Copier(emptyCopy).copy(value) as T;
}

class Copier {
  readonly #emptyCopy: (module: Module) => Module;
  readonly #copies: Map<unknown, unknown> = new Map();

  constructor(emptyCopy: (module: Module) => Module) {
    this.#emptyCopy = emptyCopy;
  }

  copy(value: unknown): unknown {
    if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return value;
    const known = this.#copies.get(value);
    if (known !== undefined) return known;
    const remember = <T>(made: T): T => {
      this.#copies.set(value, made);
      return made;
    };
    if (value instanceof Tensor) return remember(copyTensor(value));
    if (value instanceof Callable) {
      const made = remember(this.#emptyCopy(value as unknown as Module));
      this.#properties(value, made);
      return made;
    }
    if (Array.isArray(value)) {
      const made: unknown[] = remember([]);
      for (const element of value) made.push(this.copy(element));
      return made;
    }
    if (value instanceof Map) {
      const made = remember(new Map());
      for (const [key, element] of value) made.set(this.copy(key), this.copy(element));
      return made;
    }
    if (value instanceof Set) {
      const made = remember(new Set());
      for (const element of value) made.add(this.copy(element));
      return made;
    }
    if (ArrayBuffer.isView(value) && !(value instanceof DataView)) {
      return remember((value as Uint8Array).slice());
    }
    if (isOptions(value)) {
      const made = remember(Object.create(Object.getPrototypeOf(value)) as object);
      this.#properties(value, made);
      return made;
    }
    return value;
  }

  #properties(from: object, to: object): void {
    for (const key of Reflect.ownKeys(from)) {
      const property = Object.getOwnPropertyDescriptor(from, key) as PropertyDescriptor;
      if ('value' in property) property.value = this.copy(property.value);
      Object.defineProperty(to, key, property);
    }
  }
}

function copyTensor(tensor: Tensor): Tensor {
  const { requiresGrad, dtype } = tensor;
  if (isUninitialized(tensor)) {
    return tensor instanceof Parameter
      ? new UninitializedParameter(requiresGrad, { dtype })
      : new UninitializedBuffer({ dtype });
  }
  const values = tensor.detach().clone();
  if (tensor instanceof Parameter) return new Parameter(values, requiresGrad);
  if (!tensor.isLeaf) {
    throw new Error(
      'Only Tensors created explicitly by the user (graph leaves) support the deepcopy protocol at the moment. If you were attempting to deepcopy a module, this may be because of a torch.nn.utils.weight_norm usage, see https://github.com/pytorch/pytorch/pull/103001',
    );
  }
  const made = tensor instanceof Buffer ? new Buffer(values, { persistent: tensor.persistent }) : values;
  if (requiresGrad) made.requiresGrad_();
  if (tensor.grad !== null) made.grad = tensor.grad.detach().clone();
  return made;
}
