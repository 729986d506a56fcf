/** Sconce computes what PyTorch computed, and the same in Node and in Chromium, in each bundle, isolated or not. */
import { readFileSync } from 'node:fs';
import { readSafetensors } from '@sconce/checkpoint';
import type { CaseResult } from '@sconce/conformance';
import { fixtureBytes, fixtureJson } from '@sconce/testing';
import type { Detection } from '@sconce/vision';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { CommonResults, PageResults } from '../page/results.ts';
import type { Bundle } from './bundle.ts';
import { runPage, startChromium } from './chromium.ts';
import { runInNode } from './node-host.ts';
import { servePage } from './server.ts';

const { bundles, consumer } = inject('prepared');
let browser: Browser;
/** What the other hosts are compared with. */
let node: CommonResults;
const pages: PageResults[] = [];

beforeAll(async () => {
  [browser, node] = await Promise.all([startChromium(), runInNode(consumer, 'wasm')]);
});
afterAll(() => browser?.close());

interface Host {
  readonly host: string;
  /** What its engine runs on. */
  readonly targets: readonly string[];
  run(): Promise<CommonResults>;
}

const hosts: Host[] = [
  { host: 'Node, WebAssembly', targets: ['wasm'], run: async () => node },
  {
    host: "Node, the engine's choice",
    targets: runsMachineCode() ? ['avx512', 'avx2'] : ['wasm'],
    run: () => runInNode(consumer),
  },
  ...bundles.flatMap((bundle) =>
    [true, false].map((isolated) => ({
      host: `Chromium, ${bundle.bundler}, ${isolated ? '' : 'not '}isolated`,
      targets: ['wasm'],
      run: () => openPage(bundle, isolated),
    })),
  ),
];

/** Whether this machine runs what the engine turns into machine code. */
function runsMachineCode(): boolean {
  if (process.platform !== 'linux' || process.arch !== 'x64') return false;
  return /^flags\s*:.* avx2 .* fma |^flags\s*:.* fma .* avx2 /m.test(readFileSync('/proc/cpuinfo', 'latin1'));
}

async function openPage({ folder }: Bundle, isolated: boolean): Promise<PageResults> {
  const server = await servePage(folder, isolated);
  try {
    const results = await runPage(browser, server.url);
    expect(server.missing).toEqual([]);
    expect(results.crossOriginIsolated).toBe(isolated);
    expect(results.hasSharedArrayBuffer).toBe(isolated);
    pages.push(results);
    return results;
  } finally {
    await server.close();
  }
}

describe.each(hosts)('$host', ({ run, targets }) => {
  let results: CommonResults;
  beforeAll(async () => {
    results = await run();
  });

  test('the engine says what it runs on', () => {
    expect(targets).toContain(results.engine.target);
    expect(results.engine.reason).not.toBe('');
  });

  test('two threads compute what one does, bit for bit, where threads can share memory', () => {
    const { threads, ready, refusal, alone, together } = results.threads;
    expect(together).toEqual(alone);
    expect(new Set(alone).size).toBe(2);
    if (results.engine.target === 'wasm') expect(alone).toEqual(node.threads.alone);
    const reason = 'the page is not cross-origin isolated, so threads can share no memory';
    const page = pages.find((one) => one === results);
    if (page === undefined || page.crossOriginIsolated) {
      expect({ threads, ready, refusal }).toEqual({ threads: 2, ready: 2, refusal: undefined });
      expect(results.engine.threadsReason).toBe('one for each core that the process may use');
      if (page !== undefined) expect(results.engine.threads).toBe(page.cores);
    } else {
      expect({ threads, ready }).toEqual({ threads: 1, ready: 1 });
      expect(refusal).toBe(`EngineError: setNumThreads: ${reason}, expected 1, got 2`);
      expect(results.engine.threads).toBe(1);
      expect(results.engine.threadsReason).toBe(reason);
      expect(page.workers).toBe(0);
    }
  });

  test.each(['operators', 'opdb', 'moduledb', 'optimdb', 'layers', 'onnx', 'models'])(
    'no case of the suite %s fails',
    (name) => {
      const [report, reference] = [results, node].map(
        ({ suites }) => suites.find(({ suite }) => suite === name)!,
      );
      expect(report!.cases.filter(({ status }) => status === 'failed')).toEqual([]);
      expect(report!.cases.map(verdict)).toEqual(reference!.cases.map(verdict));
      expect(report!.passed).toBeGreaterThan(100);
    },
  );

  test('tensors print as PyTorch prints them', () => {
    const { cases } = fixtureJson<{ cases: { printed: string; recorded?: string }[] }>(
      'tensor/printing.json',
    );
    const plain = cases.filter(({ recorded }) => recorded === undefined);
    expect(results.printedTensors).toEqual(plain.map(({ printed }) => printed));
  });

  test("a seeded module has Node's weights bit for bit, and prints as there", () => {
    expect(Object.keys(results.module.state)).toContain('5.bias');
    expect(results.module.state).toEqual(node.module.state);
    expect(results.module.printed).toBe(node.module.printed);
    expectClose(results.module.output, node.module.output, 1e-6);
  });

  test('exportOnnx writes the bytes that it writes in Node, and the file gives what the module gave', () => {
    expect(results.module.exported.length).toBeGreaterThan(1000);
    expect(results.module.exported).toEqual(node.module.exported);
    expectClose(results.module.exportedOutput, results.module.output, 1e-6);
  });

  test('training that disposes of nothing, in a loop that yields, holds no more and more memory', () => {
    const { losses, held } = results.training;
    expect(losses[1]!).toBeLessThan(losses[0]! / 2);
    expectClose(losses, node.training.losses, 1e-3);
    const MiB = 2 ** 20;
    expect(held.second - held.first).toBeLessThan(16 * MiB);
    expect(held.second - held.start).toBeLessThan(64 * MiB);
  });

  test("a session reads the digits model by URL and gives PyTorch's outputs", () => {
    const { inputs, outputs, tolerance } = fixtureJson<{
      inputs: { name: string }[];
      outputs: { name: string }[];
      tolerance: { wholeModel: number };
    }>('models/digits/model.json');
    const trace = readSafetensors(fixtureBytes('models/digits/trace.safetensors')).tensors;
    expect(results.digits.inputNames).toEqual(inputs.map(({ name }) => name));
    expect(Object.keys(results.digits.outputs)).toEqual(outputs.map(({ name }) => name));
    for (const { name } of outputs) {
      const expected = Array.from(trace.get(`output:${name}`)!.toTypedArray(), Number);
      expectClose(results.digits.outputs[name]!, expected, tolerance.wholeModel);
    }
  });

  test('checkpoints read by URL hold the tensors that Node reads, bit for bit', () => {
    expect(results.checkpoints).toEqual(node.checkpoints);
    const digits = ['pt', 'safetensors'].map(
      (ending) => results.checkpoints[`models/digits/weights.${ending}`],
    );
    expect(Object.keys(digits[0]!).length).toBeGreaterThan(10);
    expect(digits[0]).toEqual(digits[1]);
  });

  test('the photograph has the same pixels, whichever way it was read', () => {
    expect(new Set(Object.values(results.photographs))).toEqual(new Set(Object.values(node.photographs)));
  });

  test("the detector finds PyTorch's box in the photograph, whichever way it was read", () => {
    const { detections } = fixtureJson<{ detections: Record<string, Detection[]> }>(
      'models/cat-detector/model.json',
    );
    const expected = detections['chelsea.png']!;
    const ways = Object.entries(results.detections);
    expect(ways.length).toBeGreaterThan(0);
    for (const [way, found] of ways) {
      expect(
        found.map(({ label }) => label),
        way,
      ).toEqual(expected.map(({ label }) => label));
      expected.forEach(({ box, score }, i) => {
        expect(Math.abs(found[i]!.score - score), way).toBeLessThan(0.001);
        box.forEach((edge, side) => {
          expect(Math.abs(found[i]!.box[side]! - edge), way).toBeLessThan(1);
        });
      });
    }
  });
});

describe('pages', () => {
  test('get the face of @sconce/vision for browsers', () => {
    expect(pages.length).toBe(4);
    for (const { visionExports } of pages) {
      expect(visionExports).toEqual(expect.arrayContaining(['fromImageBitmap', 'fromImageData', 'resize']));
      expect(visionExports).not.toContain('readImage');
    }
  });
});

function verdict({ name, status }: CaseResult): string {
  return `${name}: ${status}`;
}

/** Differences are taken relative to the largest expected value. */
function expectClose(actual: readonly number[], expected: readonly number[], limit: number): void {
  expect(actual.length).toBe(expected.length);
  const largest = Math.max(...expected.map(Math.abs));
  const differences = actual.map((value, i) => Math.abs(value - expected[i]!));
  // A NaN is never within the limit.
  expect(differences.filter((difference) => !(difference <= limit * largest))).toEqual([]);
}
