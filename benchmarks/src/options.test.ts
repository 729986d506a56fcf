import { resolve } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { parseOptions } from './options.ts';

const parse = (...args: string[]) => parseOptions('kernels', 'Kernels.', args);

/** What a wrong command line prints; the process's end is an error here. */
function complaint(...args: string[]): string {
  let printed = '';
  const write = vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    printed += String(text);
    return true;
  });
  const exit = vi.spyOn(process, 'exit').mockImplementation((code) => {
    throw new Error(`exit ${code}`);
  });
  try {
    expect(() => parse(...args)).toThrow('exit 1');
  } finally {
    write.mockRestore();
    exit.mockRestore();
  }
  return printed;
}

describe('parseOptions', () => {
  it('measures everything on one thread when asked for nothing', () => {
    expect(parse()).toEqual({ threads: [1], quick: false, save: false, list: false });
  });

  it('reads every option', () => {
    const options = parse('--only', 'conv3x3 64', '--threads', '1,2', '--engine', 'avx2', '--quick');
    expect(options.only?.test('Conv3x3 64->64@56')).toBe(true);
    expect(options.threads).toEqual([1, 2]);
    expect(options.engine).toBe('avx2');
    expect(options.quick).toBe(true);
  });

  it('makes the path of the report absolute', () => {
    const base = process.env['INIT_CWD'] ?? process.cwd();
    expect(parse('--json', 'out/report.json').json).toBe(resolve(base, 'out/report.json'));
  });

  it('refuses numbers of threads that are none', () => {
    expect(complaint('--threads', '0')).toContain('expected whole numbers from 1 up');
    expect(complaint('--threads', '1,x')).toContain('expected whole numbers from 1 up');
  });

  it('refuses a broken regular expression', () => {
    expect(complaint('--only', '(')).toContain('Invalid regular expression');
  });

  it('keeps no partial results', () => {
    expect(complaint('--save', '--quick')).toContain('--save keeps whole results only');
    expect(complaint('--save', '--only', 'gemm')).toContain('--save keeps whole results only');
  });
});
