import { fixturePath, runReadmeExample } from '@sconce/testing';
import { expect, test } from 'vitest';
import { readSafetensors } from './index.ts';

test('the example in the README runs', async () => {
  const { printed, written } = await runReadmeExample(new URL('../README.md', import.meta.url), {
    files: { 'weights.pt': fixturePath('models/digits/weights.pt'), 'weights.safetensors': 'scratch' },
  });
  expect(printed).toContain('conv1.weight float32 [ 16, 1, 3, 3 ]');
  const { tensors } = readSafetensors(written.get('weights.safetensors')!);
  expect(tensors.get('conv1.weight')!.shape).toEqual([16, 1, 3, 3]);
});
