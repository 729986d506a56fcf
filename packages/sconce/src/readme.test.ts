import { runReadmeExample } from '@sconce/testing';
import { expect, test } from 'vitest';

test('the example in the README prints what the README says', async () => {
  const { printed, shown } = await runReadmeExample(new URL('../README.md', import.meta.url));
  expect(printed).toBe(shown);
});
