/** `pnpm bundle-sizes [--json]`: the sizes of bundles for browsers, from packed tarballs. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { version as esbuild } from 'esbuild';
import { version as vite } from 'vite';
import { makeConsumer } from './consumer.ts';
import { formatSizes, measureSizes } from './sizes.ts';

const { json } = parseArgs({ options: { json: { type: 'boolean', default: false } } }).values;
const consumer = mkdtempSync(join(tmpdir(), 'sconce-sizes-'));
try {
  const rows = await measureSizes(consumer, makeConsumer(consumer));
  const report = { versions: { esbuild, vite }, rows };
  console.log(json ? JSON.stringify(report, undefined, 2) : formatSizes(rows));
} finally {
  rmSync(consumer, { recursive: true, force: true });
}
