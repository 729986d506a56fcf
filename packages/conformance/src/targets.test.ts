import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const run = promisify(execFile);

interface Outcome {
  readonly engine: string;
  readonly failed: string[];
  readonly passed: number;
}

/** The suites of PyTorch's databases, and how many of their committed cases pass at least. */
const databases: Readonly<Record<string, number>> = { opdb: 2500, moduledb: 1500, optimdb: 250 };

/** Runs those suites in a process of its own, on one target of the engine. */
async function onTarget(target: string): Promise<Readonly<Record<string, Outcome>>> {
  const script = `
    import { Fixtures, runSuite, suites } from '@sconce/conformance';
    const outcomes = {};
    for (const name of ${JSON.stringify(Object.keys(databases))}) {
      const { cases, passed, versions } = await runSuite(suites[name], new Fixtures());
      const failed = cases.filter((one) => one.status === 'failed').map(({ name, reason }) => name + ': ' + reason);
      outcomes[name] = { engine: versions.engine, failed, passed };
    }
    console.log(JSON.stringify(outcomes));
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

describe("PyTorch's databases of operators, modules and optimizers", () => {
  it.for(['avx512', 'avx2', 'wasm'])('pass on %s', { timeout: 120_000 }, async (target, { skip }) => {
    const outcomes = await onTarget(target).catch((error: Error & { stderr?: string }) => {
      if (target === 'wasm' || !/EngineError/.test(error.stderr ?? '')) throw error;
      return undefined;
    });
    if (outcomes === undefined) skip(`this machine refuses ${target}`);
    for (const [name, least] of Object.entries(databases)) {
      const outcome = outcomes?.[name];
      expect(outcome?.engine).toBe(target);
      expect(outcome?.failed).toEqual([]);
      expect(outcome?.passed).toBeGreaterThan(least);
    }
  });
});
