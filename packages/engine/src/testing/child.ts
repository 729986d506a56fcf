// Runs a program in a process of its own, for tests of what is settled once in a process, or may end it.

import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** What became of a program. */
export interface Outcome {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The folder of this package. */
export const packageFolder: string = fileURLToPath(new URL('../..', import.meta.url));

const flags = [
  '--conditions=@sconce/source',
  '--disable-warning=ExperimentalWarning',
  ...(process.features.typescript ? [] : ['--experimental-strip-types']),
];

/** What a program begins with so that `workers` holds the worker threads that it starts. */
export const watchWorkers: string = `
  const module = process.getBuiltinModule('node:worker_threads');
  const workers = [];
  module.Worker = class extends module.Worker {
    constructor(...values) {
      super(...values);
      workers.push(this);
    }
  };
`;

/** Defines `view(slice)` for a program: the slice's numbers. */
export const viewFloats: string = `
  const view = ({ storage }) => {
    const { buffer, byteOffset, byteLength } = storage.bytes();
    return new Float32Array(buffer, byteOffset, byteLength / 4);
  };
`;

/** Runs JavaScript whose imports are relative to `cwd`; variables of the engine are as `env` says and nothing else. */
export function runChild(
  source: string,
  {
    env = {},
    args = [],
    operands = [],
    cwd = packageFolder,
  }: {
    env?: Record<string, string>;
    /** Options of Node. */
    args?: readonly string[];
    /** Arguments of the program. */
    operands?: readonly string[];
    cwd?: string;
  } = {},
): Promise<Outcome> {
  const inherited = Object.entries(process.env).filter(([name]) => !/^(SCONCE_|NODE_|VITEST)/.test(name));
  return new Promise((resolve, reject) => {
    const child = spawn(
      process.execPath,
      [...flags, ...args, '--input-type=module', '-e', source, ...operands],
      {
        cwd,
        env: { ...Object.fromEntries(inherited), ...env },
      },
    );
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (text) => {
      stdout += text;
    });
    child.stderr.on('data', (text) => {
      stderr += text;
    });
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
}
