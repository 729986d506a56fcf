/** The error class of the tensor package: one sentence with operator, problem, expected and got as fields. */

/** The parts of a {@link TensorError}. */
export interface TensorErrorParts {
  /** The operator or function that refused, for example `reshape`. */
  readonly operator: string;
  /** What is wrong, in PyTorch's wording where PyTorch has one. */
  readonly problem: string;
  /** What would have been right. */
  readonly expected?: string | undefined;
  /** What was given. */
  readonly got?: string | undefined;
}

/** Thrown for every wrong use of a tensor or an operator. Its message reads `op: problem, expected X, got Y`. */
export class TensorError extends Error {
  override readonly name: string = 'TensorError';
  readonly operator: string;
  readonly problem: string;
  readonly expected: string | undefined;
  readonly got: string | undefined;

  constructor(parts: TensorErrorParts) {
    const expected = parts.expected === undefined ? '' : `, expected ${parts.expected}`;
    const got = parts.got === undefined ? '' : `, got ${parts.got}`;
    super(`${parts.operator}: ${parts.problem}${expected}${got}`);
    this.operator = parts.operator;
    this.problem = parts.problem;
    this.expected = parts.expected;
    this.got = parts.got;
  }
}

/** Throws a {@link TensorError}; written as a call so that a check fits on one line. */
export function fail(operator: string, problem: string, expected?: string, got?: string): never {
  throw new TensorError({ operator, problem, expected, got });
}

/** A list of sizes as PyTorch writes it in error messages: `[2, 3]`. */
export function showSizes(sizes: readonly (number | bigint)[]): string {
  return `[${sizes.join(', ')}]`;
}
