import { fixturePath, runReadmeExample } from '@sconce/testing';
import { expect, test } from 'vitest';

test('the example in the README prints what it says', async () => {
  const { printed } = await runReadmeExample(new URL('../README.md', import.meta.url), {
    files: { 'model.onnx': fixturePath('models/digits/dynamo.onnx') },
  });
  expect(printed).toContain("name: 'input',\n    dtype: 'float32',\n    shape: [ 'batch', 1, 8, 8 ]");
  expect(printed).toContain('[ 2, 10 ]\n[ 5, 2 ]\n');
});
