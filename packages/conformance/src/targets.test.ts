import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const run = promisify(execFile);

/** Runs the operator database's suite in a process of its own, on one target of the engine. */
async function onTarget(target: string): Promise<{ engine: string; failed: string[]; passed: number }> {
  const script = `
    import { Fixtures, runSuite, suites } from '@sconce/conformance';
    const { cases, passed, versions } = await runSuite(suites.opdb, new Fixtures());
    const failed = cases.filter((one) => one.status === 'failed').map(({ name, reason }) => name + ': ' + reason);
    console.log(JSON.stringify({ engine: versions.engine, failed, passed }));
  `;
  const { stdout } = await run(
    process.execPath,
    ['--conditions=@sconce/source', '--input-type=module', '--eval', script],
    {
      cwd: import.meta.dirname,
      env: { ...process.env, SCONCE_ENGINE: target },
      maxBuffer: 1 << 26,
    },
  );
  return JSON.parse(stdout);
}

describe("PyTorch's operator database", () => {
  it.for(['avx512', 'avx2', 'wasm'])('passes on %s', { timeout: 120_000 }, async (target, { skip }) => {
    const outcome = await onTarget(target).catch((error: Error & { stderr?: string }) => {
      if (target === 'wasm' || !/EngineError/.test(error.stderr ?? '')) throw error;
      return undefined;
    });
    if (outcome === undefined) skip(`this machine refuses ${target}`);
    expect(outcome?.engine).toBe(target);
    expect(outcome?.failed).toEqual([]);
    expect(outcome?.passed).toBeGreaterThan(2500);
  });
});
