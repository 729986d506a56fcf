/** What a page pays for Sconce: the size of bundles, minified and compressed. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { type Bundle, type Bundler, bundlers } from './bundle.ts';

/** A bundle's bytes. */
interface Size {
  readonly bytes: number;
  readonly gzip: number;
}

/** What is imported, and how large it is in each bundler's bundle. */
export interface SizeRow {
  readonly name: string;
  readonly sizes: Readonly<Record<Bundler, Size>>;
}

/** Parts that pages import by themselves, beside the whole face of each package. */
const uses: Readonly<Record<string, string>> = {
  'a tensor and its sum':
    "import { tensor } from '@sconce/tensor'; console.log(String(tensor([1, 2]).sum()));",
  'a model run by URL':
    "import { InferenceSession } from '@sconce/onnx'; const session = await InferenceSession.create('model.onnx'); console.log(session.inputNames);",
};

/** Bundles every package on its own, and the usual uses. */
export async function measureSizes(consumer: string, packages: readonly string[]): Promise<SizeRow[]> {
  const whole = packages.map((name) => [name, `import * as face from '${name}'; globalThis.face = face;`]);
  const rows: SizeRow[] = [];
  for (const [name, code] of [...whole, ...Object.entries(uses)] as [string, string][]) {
    const root = join(consumer, 'sizes', String(rows.length));
    mkdirSync(root, { recursive: true });
    writeFileSync(join(root, 'main.ts'), code);
    writeFileSync(join(root, 'index.html'), '<script type="module" src="./main.ts"></script>');
    const measure = async (bundler: Bundler): Promise<Size> =>
      sizeOf(await bundlers[bundler]({ root, folder: join(root, bundler), minify: true }));
    rows.push({ name, sizes: { esbuild: await measure('esbuild'), Vite: await measure('Vite') } });
  }
  return rows;
}

function sizeOf({ folder, scripts }: Bundle): Size {
  const files = scripts.map((name) => readFileSync(join(folder, name)));
  const sum = (sizes: number[]): number => sizes.reduce((a, b) => a + b, 0);
  return {
    bytes: sum(files.map(({ length }) => length)),
    gzip: sum(files.map((file) => gzipSync(file).length)),
  };
}

/** The sizes as a table for people. */
export function formatSizes(rows: readonly SizeRow[]): string {
  const cell = ({ bytes, gzip }: Size): string =>
    `${(bytes / 1000).toFixed(1).padStart(8)} ${(gzip / 1000).toFixed(1).padStart(8)}`;
  const width = Math.max(...rows.map(({ name }) => name.length));
  return [
    `${'minified kB, gzip kB'.padEnd(width)}${'esbuild'.padStart(19)}${'Vite'.padStart(19)}`,
    ...rows.map(({ name, sizes }) => `${name.padEnd(width)}  ${cell(sizes.esbuild)}  ${cell(sizes.Vite)}`),
  ].join('\n');
}
