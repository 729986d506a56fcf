/** What every leaf module of a model gave in one run, seen from a layer on the operators' dispatcher. */
import { currentModuleScope, type Module } from '@sconce/nn';
import { type DispatchLayer, Tensor, withLayer } from '@sconce/tensor';

/**
 * Runs a model once and collects the output of each leaf module by its path: the result of the last operator that ran
 * directly in it. A leaf that is called several times shows its last call; one that runs no operator is absent.
 */
export function leafOutputs(model: Module, input: Tensor): Map<string, Tensor> {
  const outputs = new Map<string, Tensor>();
  const collect: DispatchLayer = {
    call(_operator, _args, next) {
      const result = next();
      const scope = currentModuleScope().at(-1);
      if (scope?.path !== undefined && scope.module.children().length === 0 && result instanceof Tensor) {
        outputs.set(scope.path, result);
      }
      return result;
    },
  };
  withLayer(collect, () => (model as unknown as (input: Tensor) => unknown)(input));
  return outputs;
}
