/** The error of this package: what was wrong, where, expected and got. */

/** A kernel that is wrongly written or wrongly called. */
export class CodegenError extends Error {
  /** The kernel, operation or argument at fault. */
  readonly where: string;
  readonly problem: string;
  readonly expected: string;
  readonly got: string;

  constructor(where: string, problem: string, expected: string, got: string) {
    super(`${where}: ${problem}, expected ${expected}, got ${got}`);
    this.name = 'CodegenError';
    this.where = where;
    this.problem = problem;
    this.expected = expected;
    this.got = got;
  }
}
