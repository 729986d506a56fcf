/** The damaged and malicious files that `fixtures/generators/hostile.py` made. */
import { fixturesLike, fixtureUrl } from '@sconce/testing';
import { expect, test } from 'vitest';
import { CheckpointError, load } from './index.ts';

/** What the error has to say about each file. */
const messages: Readonly<Record<string, string>> = {
  'evil.pt': 'refuses to call',
  'missing-storage.pt': 'storage is missing from the archive',
  'not-a-zip.pt': 'is no checkpoint, expected a safetensors, .pt, .npy or .npz file',
  'truncated.pt': 'zip archive is truncated, its directory (at the end of the file) is missing',
  'backwards.safetensors': 'run past the data, expected begin <= end',
  'hole.safetensors': 'leaves a gap before it',
  'huge-header.safetensors': 'safetensors header too long',
  'not-json.safetensors': 'safetensors header is not valid, expected JSON',
  'outside.safetensors': 'run past the data',
  'overlapping.safetensors': 'overlaps another tensor',
  'short.safetensors': 'is no checkpoint',
  'truncated.safetensors': 'run past the data',
  'unknown-dtype.safetensors': 'unknown dtype "Q7"',
  'wrong-size.safetensors': 'holds 8 bytes, expected 12',
};

test.each(fixturesLike('hostile/*.{pt,safetensors}'))('%s is refused, with what is wrong', async (path) => {
  const file = path.replace(/^.*[\\/]/, '');
  const message = messages[file];
  expect(message, `an entry for ${file}`).toBeDefined();
  const error: unknown = await load(fixtureUrl(path)).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(CheckpointError);
  expect((error as CheckpointError).message).toContain(message);
  expect((error as CheckpointError).message).toContain(`${file}: `);
});

test('every expected file is there', () => {
  const files = fixturesLike('hostile/*.{pt,safetensors}').map((path) => path.replace(/^.*[\\/]/, ''));
  expect(files.sort()).toEqual(Object.keys(messages).sort());
});
