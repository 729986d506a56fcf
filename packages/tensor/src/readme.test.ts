import { runReadmeExample } from '@sconce/testing';
import { expect, test } from 'vitest';

test('the example in the README prints what the README says', async () => {
  const { printed, shown } = await runReadmeExample(new URL('../README.md', import.meta.url));
  expect(printed).toBe(shown);
});

test('the layer in the README sees the call with its canonical options', async () => {
  const { printed } = await runReadmeExample(new URL('../README.md', import.meta.url), { example: 1 });
  expect(printed).toMatch(/^maxPool2d \{\s+kernelSize: \[ 2, 2 \],\s+stride: \[ 2, 2 \],/);
});
