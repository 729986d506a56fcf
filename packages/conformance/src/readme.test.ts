import { runReadmeExample } from '@sconce/testing';
import { expect, test } from 'vitest';

test('the example in the README prints a report in which every layer passes', async () => {
  const { printed } = await runReadmeExample(new URL('../README.md', import.meta.url));
  expect(printed).toMatch(/^layers: [1-9]\d* passed, 0 failed/m);
});
