/** Objects that can be called like functions, so that `model(x)` reads as it does in PyTorch. */
import { locateError } from './location.ts';
import { enterModule, leaveModule } from './scope.ts';

/**
 * Base of `Module`. Its constructor returns a function whose prototype is the class being constructed; calling that
 * function runs `forward`. It is a class of its own so that private fields of `Module` land on the function.
 *
 * The function's own `name` and `length` are removed: a child module may carry either name.
 */
export abstract class Callable {
  /** @param run what a call does, given the instance and the inputs */
  constructor(run: (self: Callable, inputs: never[]) => unknown) {
    const self = ((...inputs: never[]): unknown => {
      enterModule(self);
      try {
        return run(self, inputs);
      } catch (error) {
        locateError(error);
        throw error;
      } finally {
        leaveModule();
      }
    }) as unknown as this;
    Reflect.deleteProperty(self, 'name');
    Reflect.deleteProperty(self, 'length');
    Object.setPrototypeOf(self, new.target.prototype);
    // biome-ignore lint/correctness/noConstructorReturn: the returned function is the instance.
    return self;
  }
}
