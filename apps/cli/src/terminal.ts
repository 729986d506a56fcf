/** What commands share in talking to the terminal: where results go, progress, and paths as the user means them. */
import { resolve } from 'node:path';
import ora from 'ora';

/** Writes one line to standard output. */
export function print(line = ''): void {
  process.stdout.write(`${line}\n`);
}

/** Writes one JSON document to standard output, the only thing there. */
export function printJson(value: unknown): void {
  print(JSON.stringify(value, null, 2));
}

/**
 * A path relative to where the user is. Package managers run scripts from the workspace's root and keep the user's
 * folder in `INIT_CWD`.
 */
export function userPath(path: string): string {
  return resolve(process.env['INIT_CWD'] ?? process.cwd(), path);
}

/** Runs a job that may take longer than a second under a spinner on standard error, with a text that may change. */
export async function withProgress<T>(
  text: string,
  job: (update: (text: string) => void) => Promise<T>,
): Promise<T> {
  const spinner = ora({ text, stream: process.stderr });
  // A job that is quick shows nothing, so that output in a pipe or a log stays as it is.
  const timer = setTimeout(() => spinner.start(), 500);
  try {
    return await job((next) => {
      spinner.text = next;
    });
  } finally {
    clearTimeout(timer);
    spinner.stop();
  }
}

/** Columns of text, aligned; the first row is the head. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
