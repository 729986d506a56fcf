/** The page bundles without configuration, and nothing of Node's comes into a bundle. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, inject, test } from 'vitest';

const { bundles, packages, sizes } = inject('prepared');

describe.each(bundles)('the bundle by $bundler', ({ folder, scripts, modules, imports, warnings }) => {
  test('is made without a warning', () => {
    expect(warnings).toEqual([]);
  });

  test('comes from the installed tarballs', () => {
    const ours = modules.filter((id) => /node_modules\/@sconce\/[\w-]+\/dist\//.test(id));
    expect(ours.length).toBeGreaterThan(100);
    expect(modules.filter((id) => id.includes('/packages/'))).toEqual([]);
  });

  test('contains neither koffi nor sharp nor a stand-in for a module of Node', () => {
    const foreign = /node_modules\/(koffi|sharp|@img|@koromix)\/|(^|:)node:|vite-browser-external/;
    expect(modules.filter((id) => foreign.test(id))).toEqual([]);
  });

  test('contains neither the assembler for x86-64 nor what calls machine code', () => {
    const text = scripts.map((script) => readFileSync(join(folder, script), 'utf8')).join('\n');
    expect(text).toContain('WebAssembly.Instance');
    for (const native of ['vfmadd231ps', 'libc.so.6', 'koffi']) expect(text).not.toContain(native);
  });

  test('imports nothing from outside', () => {
    expect(imports).toEqual([]);
    expect(scripts.length).toBeGreaterThan(0);
  });
});

test('every package can be bundled on its own, and has a size', () => {
  for (const name of packages) {
    const row = sizes.find((one) => one.name === name);
    expect(row?.sizes.esbuild.bytes, name).toBeGreaterThan(1000);
    expect(row?.sizes.Vite.bytes, name).toBeGreaterThan(1000);
  }
});

test('a bundle holds what it uses and leaves the rest out', () => {
  const bytes = (name: string): number => sizes.find((one) => one.name === name)!.sizes.Vite.bytes;
  expect(bytes('a model run by URL')).toBeLessThan(bytes('@sconce/onnx'));
});
