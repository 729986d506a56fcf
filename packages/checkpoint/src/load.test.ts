import { mkdtemp, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tensor } from '@sconce/tensor';
import { fixtureUrl } from '@sconce/testing';
import { expect, test } from 'vitest';
import { CheckpointError, load, loadSafetensors, saveSafetensors } from './index.ts';
import { valuesOf } from './testing/describe.ts';
import { expectedTensors } from './testing/fixtures.ts';

const folder = await mkdtemp(join(tmpdir(), 'sconce-checkpoint-'));

test('files are recognised by what they hold', async () => {
  const { stateDict } = expectedTensors();
  const torch = await load(fixtureUrl('checkpoint/state-dict.pt'));
  expect([...torch.keys()]).toEqual(Object.keys(stateDict));
  expect([...(await load(fixtureUrl('checkpoint/arrays.npz'))).keys()]).toEqual(['base', 'float64']);
  const npy = await load(fixtureUrl('checkpoint/float32.npy'));
  expect(valuesOf(npy.get('float32')!)).toEqual(stateDict['float32']!.values);
  await saveSafetensors(join(folder, 'misnamed.pt'), torch);
  expect([...(await load(join(folder, 'misnamed.pt'))).keys()].sort()).toEqual(Object.keys(stateDict).sort());
});

test('safetensors files are saved whole, with their metadata, leaving nothing beside them', async () => {
  const path = join(folder, 'saved.safetensors');
  await saveSafetensors(path, { w: tensor([1, 2]) }, { note: 'hello' });
  const { tensors, metadata } = await loadSafetensors(path);
  expect(tensors.get('w')!.tolist()).toEqual([1, 2]);
  expect(metadata).toEqual({ note: 'hello' });
  expect((await readdir(folder)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
});

test('what cannot be read or written is named', async () => {
  await expect(load(join(folder, 'missing.pt'))).rejects.toThrow(
    /missing\.pt: cannot be read, there is no such file/,
  );
  await expect(load(folder)).rejects.toThrow('cannot be read, it is a folder');
  await writeFile(join(folder, 'notes.txt'), 'these are notes, not weights');
  await expect(load(join(folder, 'notes.txt'))).rejects.toThrow(
    'notes.txt: is no checkpoint, expected a safetensors, .pt, .npy or .npz file',
  );
  await expect(saveSafetensors(join(folder, 'no', 'w.safetensors'), {})).rejects.toThrow(CheckpointError);
});
