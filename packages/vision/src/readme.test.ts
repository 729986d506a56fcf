import { fixturePath, runReadmeExample } from '@sconce/testing';
import { expect, test } from 'vitest';

test('the example in the README runs', async () => {
  const { printed, written } = await runReadmeExample(new URL('../README.md', import.meta.url), {
    files: { 'photo.jpg': fixturePath('images/chelsea.png'), 'boxes.png': 'scratch' },
  });
  expect(printed).toContain('451 300 3');
  expect(printed).toContain('[ 3, 224, 224 ]');
  expect(written.get('boxes.png')!.length).toBeGreaterThan(10_000);
});
