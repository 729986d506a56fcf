/** The error class of this package: everything wrong with a model file at once, each line naming its node. */
import { formatProblem, type Problem } from '@sconce/graph';

/** Thrown when a model cannot be read, imported or exported. */
export class OnnxError extends Error {
  override readonly name: string = 'OnnxError';
  /** The file, where one was named. */
  readonly file: string | undefined;
  /** Node of the first problem, where it has one. */
  readonly node: string | undefined;
  /** Operator of the first problem, where it has one. */
  readonly operator: string | undefined;
  /** Everything that is wrong, one line each, at least one. */
  readonly problems: readonly string[];

  constructor(
    problems: string | readonly (Problem | string)[],
    options: { file?: string | undefined; cause?: unknown } = {},
  ) {
    const list = typeof problems === 'string' ? [problems] : problems;
    const lines = list.map((problem) => (typeof problem === 'string' ? problem : formatProblem(problem)));
    const text =
      lines.length === 1
        ? lines[0]!
        : `${lines.length} problems:\n${lines.map((line) => `- ${line}`).join('\n')}`;
    super(options.file === undefined ? text : `${options.file}: ${text}`, { cause: options.cause });
    const first = list[0];
    this.file = options.file;
    this.node = typeof first === 'object' ? first.node : undefined;
    this.operator = typeof first === 'object' ? first.operator : undefined;
    this.problems = lines;
  }
}
