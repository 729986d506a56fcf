/** The error class of this package: one problem or many, each naming the node and operator it belongs to. */

/** Something wrong in a graph: where it is and what was expected. */
export interface Problem {
  /** Name of the node, where there is one. */
  readonly node?: string;
  /** Operator of that node, with its domain unless it is the default one. */
  readonly operator?: string;
  /** What is wrong, with what was expected and what was there. */
  readonly message: string;
}

/** Writes a problem in one line: `Node conv1 (Conv): attribute 'pads': expected 4 integers, got 3`. */
export function formatProblem(problem: Problem): string {
  if (problem.operator === undefined) return problem.message;
  return `Node ${problem.node || '(unnamed)'} (${problem.operator}): ${problem.message}`;
}

/** Thrown when a graph is not valid, when a feed does not fit, or when a node fails. */
export class GraphError extends Error {
  override readonly name: string = 'GraphError';
  /** Everything that is wrong, at least one entry. */
  readonly problems: readonly Problem[];

  constructor(problems: Problem | readonly Problem[], options?: { cause?: unknown; prefix?: string }) {
    const list: readonly Problem[] = 'message' in problems ? [problems] : problems;
    const lines = list.map(formatProblem);
    const text =
      lines.length === 1
        ? lines[0]!
        : `${lines.length} problems:\n${lines.map((line) => `- ${line}`).join('\n')}`;
    super((options?.prefix ?? '') + text, { cause: options?.cause });
    this.problems = list;
  }

  /** Node of the first problem, where it has one. */
  get node(): string | undefined {
    return this.problems[0]?.node;
  }

  /** Operator of the first problem, where it has one. */
  get operator(): string | undefined {
    return this.problems[0]?.operator;
  }
}
