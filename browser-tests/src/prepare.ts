/**
 * `node prepare.ts FOLDER`: makes the consumer there, bundles its page with each bundler, measures sizes and writes
 * `prepared.json`. A command of its own, because inside vitest bundlers would not build for production.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Bundle, bundlers } from './bundle.ts';
import { makeConsumer } from './consumer.ts';
import { measureSizes, type SizeRow } from './sizes.ts';

/** What lies ready for the tests. */
export interface Prepared {
  readonly consumer: string;
  readonly packages: readonly string[];
  readonly bundles: readonly Bundle[];
  readonly sizes: readonly SizeRow[];
}

const [consumer] = process.argv.slice(2);
if (consumer === undefined) throw new Error('prepare.ts: expected the folder to prepare');
const packages = makeConsumer(consumer);
const bundles: Bundle[] = [];
for (const bundle of Object.values(bundlers)) {
  bundles.push(await bundle({ root: consumer, folder: join(consumer, `bundle-${bundles.length}`) }));
}
const prepared: Prepared = { consumer, packages, bundles, sizes: await measureSizes(consumer, packages) };
writeFileSync(join(consumer, 'prepared.json'), JSON.stringify(prepared));
