/** Bundles a project with Vite and with esbuild, both as they come, and says what went into the bundle. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build as esbuild } from 'esbuild';
import { createLogger, build as vite } from 'vite';

/** Bundlers by name. */
export type Bundler = 'Vite' | 'esbuild';

/** A bundle. */
export interface Bundle {
  readonly bundler: Bundler;
  /** Where it lies. */
  readonly folder: string;
  /** Its JavaScript, by path below the folder. */
  readonly scripts: readonly string[];
  /** Ids of the modules that were looked at for it. */
  readonly modules: readonly string[];
  /** Modules that it imports and does not contain. */
  readonly imports: readonly string[];
  /** What the bundler complained about. */
  readonly warnings: readonly string[];
}

/** How a bundle is made. */
export interface BundleOptions {
  /** The folder with `index.html`, and with `main.ts`, which it names. */
  readonly root: string;
  /** The folder to write to. */
  readonly folder: string;
  /** esbuild's `--minify`. Vite does so by default. */
  readonly minify?: boolean;
}

/** Makes a bundle with each bundler. @throws Error when a bundler fails */
export const bundlers: Readonly<Record<Bundler, (options: BundleOptions) => Promise<Bundle>>> = {
  Vite: bundleWithVite,
  esbuild: bundleWithEsbuild,
};

/** `vite build`. */
async function bundleWithVite({ root, folder }: BundleOptions): Promise<Bundle> {
  const warnings: string[] = [];
  const logger = createLogger('silent');
  // The size of a chunk that holds a whole test is nothing to be warned of.
  const note = (text: string) => text.includes('chunks are larger than') || warnings.push(text);
  const built = await vite({
    root,
    logLevel: 'silent',
    customLogger: { ...logger, warn: note, warnOnce: note, error: note },
    build: { outDir: folder },
  });
  if (!('output' in built)) throw new Error('vite: expected one build');
  const chunks = built.output.filter((file) => file.type === 'chunk');
  const scripts = chunks.map(({ fileName }) => fileName);
  const modules = chunks.flatMap(({ moduleIds }) => moduleIds);
  const imports = await foreignImports(folder, scripts);
  return { bundler: 'Vite', folder, scripts, modules, imports, warnings };
}

/** `esbuild main.ts --bundle --format=esm --platform=browser`. */
async function bundleWithEsbuild({ root, folder, minify = false }: BundleOptions): Promise<Bundle> {
  const { metafile, warnings } = await esbuild({
    absWorkingDir: root,
    entryPoints: ['main.ts'],
    outdir: folder,
    bundle: true,
    format: 'esm',
    platform: 'browser',
    minify,
    metafile: true,
    logLevel: 'silent',
  });
  // Vite writes the page itself.
  const html = readFileSync(join(root, 'index.html'), 'utf8');
  writeFileSync(join(folder, 'index.html'), html.replace('./main.ts', './main.js'));
  const scripts = readdirSync(folder).filter((name) => name.endsWith('.js'));
  return {
    bundler: 'esbuild',
    folder,
    scripts,
    modules: Object.keys(metafile.inputs).map((name) => join(root, name)),
    imports: await foreignImports(folder, scripts),
    warnings: warnings.map(({ text }) => text),
  };
}

/** What scripts import, require or import dynamically and is no file beside them. */
async function foreignImports(folder: string, scripts: readonly string[]): Promise<string[]> {
  const { metafile } = await esbuild({
    absWorkingDir: folder,
    entryPoints: [...scripts],
    outdir: folder,
    write: false,
    bundle: true,
    external: ['*'],
    format: 'esm',
    metafile: true,
    logLevel: 'silent',
  });
  const imports = Object.values(metafile.inputs).flatMap((input) => input.imports);
  return imports.map(({ path }) => path).filter((path) => !/^[./]/.test(path));
}
