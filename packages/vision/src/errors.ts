/** The one error of this package. */

/** An image, box or setting that cannot be used. The message reads `operation: problem, expected X, got Y`. */
export class VisionError extends Error {
  override readonly name: string = 'VisionError';
  /** The function that refuses. */
  readonly operation: string;
  /** What is wrong, and what was expected. */
  readonly what: string;
  /** The file at fault, where there is one. */
  readonly file: string | undefined;

  constructor(operation: string, what: string, options: ErrorOptions & { file?: string } = {}) {
    super(`${operation}: ${what}`, options);
    this.operation = operation;
    this.what = what;
    this.file = options.file;
  }
}
