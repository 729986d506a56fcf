import { fixturePath, runReadmeExample } from '@sconce/testing';
import { expect, test } from 'vitest';
import { decodeModel } from './index.ts';

test('the example in the README runs', async () => {
  const { printed, written } = await runReadmeExample(new URL('../README.md', import.meta.url), {
    files: { 'model.onnx': fixturePath('models/digits/legacy.onnx'), 'renamed.onnx': 'scratch' },
  });
  expect(printed).toContain('pytorch 17');
  expect(printed).toContain("'Conv'");
  expect(decodeModel(written.get('renamed.onnx')!).producerName).toBe('me');
});
