/** The README's first example runs as it stands there, with its files in other places. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { readSafetensors } from './index.ts';

test('the example in the README runs', () => {
  const root = fileURLToPath(new URL('..', import.meta.url));
  const out = mkdtempSync(join(tmpdir(), 'sconce-readme-'));
  const fixtures = fileURLToPath(new URL('../../../fixtures/', import.meta.url));
  const places: Record<string, string> = {
    'weights.pt': join(fixtures, 'models/digits/weights.pt'),
    'weights.safetensors': join(out, 'weights.safetensors'),
  };
  let [, code] = /```ts\n(.*?)```/s.exec(readFileSync(join(root, 'README.md'), 'utf8'))! as unknown as [
    string,
    string,
  ];
  for (const [name, place] of Object.entries(places)) {
    expect(code).toContain(`'${name}'`);
    code = code.replaceAll(`'${name}'`, JSON.stringify(place));
  }
  const options = ['--conditions=@sconce/source', '--input-type=module-typescript', '--eval', code];
  const printed = execFileSync(process.execPath, options, { cwd: root, encoding: 'utf8' });
  expect(printed).toContain('conv1.weight float32 [ 16, 1, 3, 3 ]');
  const { tensors } = readSafetensors(readFileSync(join(out, 'weights.safetensors')));
  expect(tensors.get('conv1.weight')!.shape).toEqual([16, 1, 3, 3]);
});
