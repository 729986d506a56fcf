/** What real PyTorch says of the tensors in the fixtures. */
import { fixtureJson } from '@sconce/testing';

/** What `fixtures/generators/checkpoint.py` says a tensor is; values of int64 tensors are texts. */
export interface ExpectedTensor {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly stride: readonly number[];
  readonly offset: number;
  readonly values: readonly (number | boolean | string)[];
}

/** `fixtures/checkpoint/checkpoint.json`. */
export function expectedTensors(): {
  stateDict: Record<string, ExpectedTensor>;
  optimizerState: ExpectedTensor;
} {
  return fixtureJson('checkpoint/checkpoint.json');
}
