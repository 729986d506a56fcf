/** Before the tests: prepares the consumer and its bundles, and prints their sizes. After them: removes it all. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';
import type { Prepared } from './prepare.ts';
import { formatSizes } from './sizes.ts';

declare module 'vitest' {
  interface ProvidedContext {
    prepared: Prepared;
  }
}

export default function setup(project: TestProject): () => void {
  const consumer = mkdtempSync(join(tmpdir(), 'sconce-browser-'));
  const remove = (): void => rmSync(consumer, { recursive: true, force: true });
  try {
    const script = fileURLToPath(new URL('prepare.ts', import.meta.url));
    execFileSync(process.execPath, [script, consumer], {
      env: { ...process.env, NODE_ENV: 'production' },
      stdio: ['ignore', 2, 2],
    });
    const prepared = JSON.parse(readFileSync(join(consumer, 'prepared.json'), 'utf8')) as Prepared;
    project.provide('prepared', prepared);
    console.log(`\n${formatSizes(prepared.sizes)}\n`);
  } catch (error) {
    remove();
    throw error;
  }
  return remove;
}
