import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { avx2Target, avx512Target } from '@sconce/codegen';
import { afterAll, describe, expect, it } from 'vitest';
import type { EngineInfo } from '../engine-info.ts';
import { type Outcome, packageFolder, runChild } from '../testing/child.ts';
import { nativeBasis } from '../testing/native-basis.ts';

const tell = `
  import { allocate, elementwise, engineInfo } from './src/index.ts';
  const slice = () => ({ storage: allocate(400), offset: 0, strides: [1] });
  const [x, y] = [slice(), slice()];
  new Float32Array(x.storage.bytes().buffer, x.storage.bytes().byteOffset, 100).fill(-3);
  elementwise({ op: 'abs', inputs: [x], output: y, shape: [100] });
  const bytes = y.storage.bytes();
  if (!new Float32Array(bytes.buffer, bytes.byteOffset, 100).every((value) => value === 3)) throw new Error('wrong');
  console.log(JSON.stringify(engineInfo()));
`;

type Options = Parameters<typeof runChild>[1];

/** What the engine says in a process of its own, after it has computed something. */
async function infoIn(options?: Options): Promise<EngineInfo> {
  const { code, stdout, stderr } = await runChild(tell, options);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  return JSON.parse(stdout) as EngineInfo;
}

async function failureIn(options?: Options, source: string = tell): Promise<string> {
  const outcome: Outcome = await runChild(source, options);
  expect(outcome.code).toBe(1);
  expect(outcome.stdout).toBe('');
  return outcome.stderr;
}

const reasonOf = ({ passedOver }: EngineInfo, wanted: string): string | undefined =>
  passedOver.find(({ target }) => target === wanted)?.reason;

const basis = nativeBasis();
const noNative = typeof basis === 'string' ? basis : undefined;
const flags = noNative === undefined ? readFileSync('/proc/cpuinfo', 'utf8') : '';
const runs = (features: readonly string[]): boolean =>
  noNative === undefined &&
  features.every((feature) => new RegExp(`^flags.*\\b${feature}\\b`, 'm').test(flags));
const supported = { avx512: runs(avx512Target.features), avx2: runs(avx2Target.features) };

describe('the choice of target', () => {
  it('takes the first that the CPU supports and says why, the others that come before with their reasons', async () => {
    const info = await infoIn();
    const expected = supported.avx512 ? 'avx512' : supported.avx2 ? 'avx2' : 'wasm';
    expect(info.target).toBe(expected);
    expect(info.passedOver.map(({ target }) => target)).toEqual(
      ['avx512', 'avx2', 'wasm'].slice(0, ['avx512', 'avx2', 'wasm'].indexOf(expected)),
    );
  });

  it.each(['avx512', 'avx2', 'wasm'] as const)(
    'runs on %s when SCONCE_ENGINE asks for it, or says why not',
    async (target) => {
      const options = { env: { SCONCE_ENGINE: target } };
      if (target === 'wasm' || supported[target]) {
        const info = await infoIn(options);
        expect(info.target).toBe(target);
        expect(info.reason).toContain('asked for by SCONCE_ENGINE');
      } else {
        expect(await failureIn(options)).toMatch(
          new RegExp(`SCONCE_ENGINE: the target that it asks for cannot run here \\(${target}: `),
        );
      }
    },
  );

  it('refuses a target that there is not', async () => {
    const stderr = await failureIn({ env: { SCONCE_ENGINE: 'neon' } });
    expect(stderr).toContain(
      "EngineError: SCONCE_ENGINE: unknown target, expected avx512 or avx2 or wasm, got 'neon'",
    );
  });

  it('lets options go before the environment, until the engine has started', async () => {
    const source = `
      import { configureEngine, engineInfo } from './src/index.ts';
      configureEngine({ target: 'wasm' });
      console.log(engineInfo().target, engineInfo().reason);
      try {
        configureEngine({ target: 'wasm' });
      } catch (error) {
        console.log(String(error));
      }
    `;
    const { stdout } = await runChild(source, { env: { SCONCE_ENGINE: 'neon' } });
    expect(stdout).toMatch(/^wasm .*asked for by configureEngine\n/);
    expect(stdout).toContain('EngineError: configureEngine: the engine has started already');
  });

  it('refuses options that make no sense', async () => {
    const configure = (options: string): string =>
      `import { configureEngine } from './src/index.ts'; configureEngine(${options});`;
    expect(await failureIn({}, configure("{ target: 'sse' }"))).toContain(
      "unknown target, expected avx512 or avx2 or wasm, got 'sse'",
    );
    expect(await failureIn({}, configure('{ threads: 0 }'))).toContain(
      'configureEngine: invalid number of threads, expected a whole number from 1 to 128, got 0',
    );
  });
});

describe('without what machine code needs', () => {
  const folders: string[] = [];
  afterAll(() => {
    for (const folder of folders) rmSync(folder, { recursive: true });
  });

  /** A copy of this package beside a koffi of the given source, or beside none. */
  function packageWith(koffi?: string): string {
    const folder = mkdtempSync(join(tmpdir(), 'sconce-engine-'));
    folders.push(folder);
    cpSync(join(packageFolder, 'src'), join(folder, 'src'), { recursive: true });
    cpSync(join(packageFolder, 'package.json'), join(folder, 'package.json'));
    const modules = join(folder, 'node_modules');
    mkdirSync(join(modules, '@sconce'), { recursive: true });
    symlinkSync(
      realpathSync(join(packageFolder, 'node_modules', '@sconce', 'codegen')),
      join(modules, '@sconce', 'codegen'),
    );
    if (koffi !== undefined) {
      mkdirSync(join(modules, 'koffi'));
      writeFileSync(join(modules, 'koffi', 'index.js'), koffi);
    }
    return folder;
  }

  it('runs on WebAssembly when koffi is not installed, and says so', async () => {
    const cwd = packageWith();
    const info = await infoIn({ cwd });
    expect(info.target).toBe('wasm');
    if (process.platform === 'linux')
      expect(reasonOf(info, 'avx2')).toMatch(/^koffi cannot be loaded: Cannot find module 'koffi'/);
    expect(await failureIn({ cwd, env: { SCONCE_ENGINE: 'avx2' } })).toMatch(
      /EngineError: SCONCE_ENGINE: the target that it asks for cannot run here \(avx2: /,
    );
  });

  it('runs on WebAssembly when Node forbids native addons, and says so', async () => {
    const info = await infoIn({ args: ['--permission', '--allow-fs-read=*'] });
    expect(info.target).toBe('wasm');
    if (noNative === undefined)
      expect(reasonOf(info, 'avx2')).toMatch(/^koffi cannot be loaded: .*(disabled|permission)/i);
  });

  it('runs on WebAssembly when koffi is broken, and says so', async () => {
    const info = await infoIn({ cwd: packageWith("throw new Error('invalid ELF header');") });
    expect(info.target).toBe('wasm');
    if (process.platform === 'linux')
      expect(reasonOf(info, 'avx512')).toBe('koffi cannot be loaded: invalid ELF header');
  });

  describe.skipIf(noNative)(
    `with a koffi that is changed${noNative ? ` (skipped: ${noNative})` : ''}`,
    () => {
      const real = JSON.stringify(createRequire(import.meta.url).resolve('koffi'));
      /** Koffi with other functions in the C library, or another way to call machine code. */
      const changed = (changes: string): string => `
      const koffi = require(${real});
      const libraryWith = (library, other) => ({
        func: (name, ...rest) => other[name] ? other[name](library) : library.func(name, ...rest),
      });
      module.exports = { ...koffi, ${changes} };
    `;
      const fastest = supported.avx512 ? 'avx512' : 'avx2';
      const onNative = describe.skipIf(!supported.avx2);

      it('runs on WebAssembly when there is no C library by any name', async () => {
        const cwd = packageWith(changed("load: (name) => { throw new Error('no ' + name); }"));
        const info = await infoIn({ cwd });
        expect(info.target).toBe('wasm');
        expect(reasonOf(info, 'avx512')).toBe(
          'the C library cannot be loaded (libc.so.6: no libc.so.6; libc.musl-x86_64.so.1: no libc.musl-x86_64.so.1; the process itself: no null)',
        );
      });

      it('runs on WebAssembly when the host makes no page executable', async () => {
        const cwd = packageWith(
          changed('load: (name) => libraryWith(koffi.load(name), { mprotect: () => () => -1 })'),
        );
        const info = await infoIn({ cwd });
        expect(info.target).toBe('wasm');
        expect(reasonOf(info, 'avx2')).toMatch(/^mprotect refused/);
      });

      it('runs on WebAssembly when the CPU has no AVX2, and on AVX2 when it has no AVX-512', async () => {
        const without = (mask: string): string =>
          changed(`decode: (address, type) => {
          const run = koffi.decode(address, type);
          return (block) => {
            const leaf = block instanceof Uint32Array ? block[0] : -1;
            const result = run(block);
            if (leaf === 7) block[1] &= ${mask};
            return result;
          };
        }`);
        const old = await infoIn({ cwd: packageWith(without('~0x20')) });
        expect(old.target).toBe('wasm');
        expect(reasonOf(old, 'avx2')).toBe('the CPU has no avx2');
        if (!supported.avx2) return;
        const middle = await infoIn({ cwd: packageWith(without('0x0fffffff & ~0x30000')) });
        expect(middle.target).toBe('avx2');
        expect(reasonOf(middle, 'avx512')).toMatch(/^the CPU has no avx512f, avx512dq/);
      });

      onNative('where the CPU has AVX2', () => {
        it('runs natively with the allocator as it is where the C library has no mallopt, as musl', async () => {
          const none = "() => { throw new Error('Cannot find function'); }";
          const cwd = packageWith(
            changed(`load: (name) => {
            if (name === 'libc.so.6') throw new Error('no such file');
            return libraryWith(koffi.load(null), { mallopt: ${none}, malloc_trim: ${none} });
          }`),
          );
          const info = await infoIn({ cwd });
          expect(info.target).toBe(fastest);
          expect(info.reason).toContain(
            "the allocator's thresholds are as they were (the C library has no mallopt)",
          );
        });

        it('leaves the allocator as it is with SCONCE_MALLOPT=0', async () => {
          expect((await infoIn()).reason).toContain('the allocator keeps freed blocks (mallopt)');
          const { reason } = await infoIn({ env: { SCONCE_MALLOPT: '0' } });
          expect(reason).toContain("the allocator's thresholds are as they were (SCONCE_MALLOPT=0)");
        });

        it('passes over a target that fails its self-check', async () => {
          const cwd = packageWith(
            changed(`decode: (address, type) => {
            const run = koffi.decode(address, type);
            // Kernels get an address, and do nothing; the other functions get buffers.
            return (block) => typeof block === 'number' ? undefined : run(block);
          }`),
          );
          const info = await infoIn({ cwd });
          expect(info.target).toBe('wasm');
          expect(reasonOf(info, 'avx2')).toMatch(
            /^the self-check failed: element \(0, 0\) of a product: expected -?\d+, got/,
          );
        });

        it('writes the map of kernels for perf when asked to', async () => {
          const source = `${tell} import { readFileSync, rmSync } from 'node:fs';
          const file = '/tmp/perf-' + process.pid + '.map';
          console.log(readFileSync(file, 'utf8'));
          rmSync(file);`;
          const { stdout, stderr } = await runChild(source, { env: { SCONCE_PERF_MAP: '1' } });
          expect(stderr).toBe('');
          expect(stdout).toMatch(new RegExp(`^[0-9a-f]+ [0-9a-f]+ sconce ${fastest} fused`, 'm'));
        });
      });
    },
  );
});
