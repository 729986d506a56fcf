/** Errors of the functional forms. */
import { TensorError } from '@sconce/tensor';

/** Throws a {@link TensorError}; written as a call so that a check fits on one line. */
export function refuse(operator: string, problem: string): never {
  throw new TensorError({ operator, problem });
}
