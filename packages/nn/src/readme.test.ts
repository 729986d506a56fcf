import { readmeExamples, runReadmeExample } from '@sconce/testing';
import { expect, test } from 'vitest';

const readme = new URL('../README.md', import.meta.url);

test.each(readmeExamples(readme).map((_, example) => example))(
  'example %i in the README prints what the README says',
  async (example) => {
    const { printed, shown } = await runReadmeExample(readme, { example });
    expect(printed).toBe(shown);
  },
);
