/** Parameters as one vector. */
import { cat, Tensor } from '@sconce/tensor';

/** All elements of parameters one after another (`torch.nn.utils.parameters_to_vector`). */
export function parametersToVector(parameters: Iterable<Tensor>): Tensor {
  return cat([...parameters].map((parameter) => parameter.reshape(-1)));
}

/**
 * Gives parameters the elements of a vector, whose memory they share afterwards (`torch.nn.utils.vector_to_parameters`).
 *
 * @throws {TypeError} for what is no tensor
 */
export function vectorToParameters(vector: Tensor, parameters: Iterable<Tensor>): void {
  if (!(vector instanceof Tensor)) throw new TypeError(`expected torch.Tensor, but got: ${typeof vector}`);
  let from = 0;
  for (const parameter of parameters) {
    const count = parameter.numel();
    parameter.data = vector.narrow(0, from, count).view(parameter.shape).data;
    from += count;
  }
}
