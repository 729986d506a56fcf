/** How a failure reaches the person at the terminal: one line, and the right exit status. */
import { CommanderError } from 'commander';

/** Wrong usage that only shows once the arguments are looked at together; exit status 2. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UsageError';
  }
}

/** Something could be judged and did not pass; its report is already printed. Exit status 1, no further line. */
export class JudgedFailure extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'JudgedFailure';
  }
}

/** The user ended a job that could be ended cleanly; exit status 130, as for every program that Ctrl-C ends. */
export class Interrupted extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'Interrupted';
  }
}

/** Says what went wrong on standard error and returns the exit status: 2 for wrong usage, 130 after Ctrl-C, 1 for all else. */
export function reportFailure(error: unknown, debug: boolean): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof JudgedFailure) return 1;
  const failure = error instanceof Error ? error : new Error(String(error));
  process.stderr.write(debug ? `${failure.stack ?? failure.message}\n` : `sconce: ${describe(failure)}\n`);
  if (failure instanceof Interrupted) return 130;
  return failure instanceof UsageError ? 2 : 1;
}

/** File system errors in words; every other error has a message of its own. */
function describe(error: Error): string {
  const { code, path } = error as NodeJS.ErrnoException;
  const where = path === undefined ? '' : `${path}: `;
  if (code === 'ENOENT') return `${where}no such file`;
  if (code === 'EISDIR') return `${where}is a folder, expected a file`;
  if (code === 'EACCES' || code === 'EPERM') return `${where}permission denied`;
  // Errors that list several problems put each on a line of its own; here they share one.
  return error.message
    .replaceAll(/\n- /g, '; ')
    .replace(/:; /, ': ')
    .replaceAll(/\s*\n\s*/g, ' ');
}
