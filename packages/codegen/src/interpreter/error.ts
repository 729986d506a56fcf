/** The interpreter's error: which kernel did what it must not do, and where. */

export class InterpreterError extends Error {
  readonly kernel: string;
  /** Index of the operation in the recording, -1 before the first. */
  readonly operation: number;
  /** Code of the operation. */
  readonly code: string;
  /** Source line that recorded the operation. */
  readonly line: string;
  readonly problem: string;

  constructor(kernel: string, operation: number, code: string, line: string, problem: string) {
    super(`${kernel}: ${problem} (operation ${operation}: ${code}${line && ` at ${line}`})`);
    this.name = 'InterpreterError';
    this.kernel = kernel;
    this.operation = operation;
    this.code = code;
    this.line = line;
    this.problem = problem;
  }
}
