// The errors of the benchmark commands.

/** An option that asks for what there is not. */
export class OptionError extends Error {
  override readonly name = 'OptionError';

  constructor(option: string, problem: string, expected: string, got: string | number) {
    super(`${option}: ${problem}, expected ${expected}, got ${got}`);
  }
}
