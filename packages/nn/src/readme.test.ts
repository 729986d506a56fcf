import { readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { expect, it, vi } from 'vitest';

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');

it('the example of the README runs and prints what the README says', async () => {
  const [, code, printed] = /```ts\n(.*?)```.*?```\n(.*?)```/s.exec(read('../README.md')) ?? [];
  expect(read('testing/readme-example.ts')).toBe(
    `/** The README's example, which its test runs. */\n${code}`,
  );
  const lines: string[] = [];
  const log = vi.spyOn(console, 'log').mockImplementation((value: unknown) => {
    lines.push(typeof value === 'string' ? value : inspect(value));
  });
  await import('./testing/readme-example.ts');
  log.mockRestore();
  expect(`${lines.join('\n')}\n`).toBe(printed);
});
