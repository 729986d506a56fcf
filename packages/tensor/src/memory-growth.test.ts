import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const MB = 2 ** 20;

/** Runs a program of `testing/` in a process of its own, and gives what it prints. */
function run(engine: 'default' | 'wasm', program: string, ...given: readonly string[]): unknown {
  const path = fileURLToPath(new URL(`./testing/${program}.ts`, import.meta.url));
  const flags = ['--no-warnings', '--experimental-strip-types', '--conditions=@sconce/source'];
  const env = { ...process.env, ...(engine === 'wasm' ? { SCONCE_ENGINE: 'wasm' } : {}) };
  const { status, stdout, stderr } = spawnSync(process.execPath, [...flags, path, ...given], {
    encoding: 'utf8',
    env,
  });
  if (status !== 0) throw new Error(`${program} ended with ${status}: ${stderr}`);
  return JSON.parse(stdout);
}

interface Training {
  readonly target: string;
  readonly first: number;
  readonly last: number;
  readonly highest: { readonly start: number; readonly first: number; readonly second: number };
}

/** The steps allocate about 2 GB in all. */
function expectFlat({ first, last, highest }: Training): void {
  expect(last).toBeLessThan(first / 1000);
  expect(highest.second - highest.first).toBeLessThan(48 * MB);
  expect(highest.second - highest.start).toBeLessThan(256 * MB);
}

describe('a training loop that gives nothing back runs in flat memory', () => {
  test('natively in one synchronous loop', { timeout: 120_000 }, (context) => {
    const { target } = run('default', 'training-loop', '1', '1') as Training;
    if (target === 'wasm') context.skip('this machine has no native engine');
    expectFlat(run('default', 'training-loop', '10000', '0') as Training);
  });

  test('on WebAssembly in a loop that yields now and then', { timeout: 120_000 }, () => {
    const result = run('wasm', 'training-loop', '10000', '50') as Training;
    expect(result.target).toBe('wasm');
    expectFlat(result);
  });
});

describe('a loop on WebAssembly that never yields', () => {
  test('ends in an error that says what to do', { timeout: 60_000 }, () => {
    const { name, message } = run('wasm', 'endless-loop') as { name: string; message: string };
    expect(name).toBe('OutOfMemoryError');
    expect(message).toContain('await a macrotask');
  });

  test('goes on for ever in scopes', { timeout: 60_000 }, () => {
    expect(run('wasm', 'endless-loop', 'scope')).toEqual({ made: 200 });
  });
});
