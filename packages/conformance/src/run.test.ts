/** A suite that is not met says so: wrong numbers fail, missing parts are unsupported, and every case is counted. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeSafetensors } from '@sconce/checkpoint';
import { tensor } from '@sconce/tensor';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { FixtureError } from './fixture-error.ts';
import { fixturesInMemory } from './fixture-source.ts';
import { Fixtures } from './fixtures.ts';
import { formatReport, formatTotals, summaryTable } from './report.ts';
import { runSuite } from './run.ts';
import { suites } from './suites/index.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sconce-fixtures-'));
  for (const name of ['layers', 'models']) mkdirSync(join(folder, name));
  const shared = { args: [], kwargs: {}, state: {}, inputs: ['x'], outputs64: [], train: false };
  const cases = [
    { ...shared, name: 'right', class: 'ReLU', printed: 'ReLU()', outputs: ['y'] },
    { ...shared, name: 'wrong number', class: 'ReLU', printed: 'ReLU()', outputs: ['z'] },
    { ...shared, name: 'wrong text', class: 'ReLU', printed: 'ReLU6()', outputs: ['y'] },
    { ...shared, name: 'not there', class: 'Quux', printed: 'Quux()', outputs: ['y'] },
  ];
  writeFileSync(join(folder, 'layers/layers.json'), JSON.stringify({ versions: { torch: '2.13.0' }, cases }));
  const tensors = { x: tensor([-1, 2]), y: tensor([0, 2]), z: tensor([0, 2.5]) };
  writeFileSync(join(folder, 'layers/layers.safetensors'), writeSafetensors(tensors));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('every case is judged on its own', async () => {
  const seen: string[] = [];
  const report = await runSuite(suites['layers']!, new Fixtures(folder), {
    onCase: ({ name }) => seen.push(name),
  });
  expect(report).toMatchObject({ suite: 'layers', passed: 1, failed: 2, unsupported: 1 });
  expect(report.versions).toMatchObject({ torch: '2.13.0' });
  expect(seen).toEqual(['right', 'wrong number', 'wrong text', 'not there']);
  expect(report.cases.map(({ status }) => status)).toEqual(['passed', 'failed', 'failed', 'unsupported']);
  expect(report.cases[1]?.reason).toMatch(/^element 1: expected 2\.5, got 2$/);
  expect(formatReport(report, { only: 'problems' })).not.toContain('right ');
  expect(formatTotals(report)).toContain('1 passed, 2 failed, 1 unsupported');
  expect(summaryTable([report])).toContain('layers            1       2            1');
});

test('only the cases that match are run', async () => {
  const report = await runSuite(suites['layers']!, new Fixtures(folder), { only: /^right$/ });
  expect(report.cases.map(({ name }) => name)).toEqual(['right']);
});

test('a folder that holds no fixtures is named', () => {
  expect(() => new Fixtures(join(folder, 'nowhere'))).toThrow(FixtureError);
  expect(() => new Fixtures(folder).bytes('onnx', 'x.onnx')).toThrow(/file not found: .*x\.onnx/);
});

test('fixtures in memory are read as those in a folder', async () => {
  const names = ['layers/layers.json', 'layers/layers.safetensors', 'models/a/model.json'];
  mkdirSync(join(folder, 'models/a'), { recursive: true });
  writeFileSync(join(folder, 'models/a/model.json'), '{}');
  const files = new Map(names.map((name) => [name, readFileSync(join(folder, name))]));
  const fixtures = new Fixtures(fixturesInMemory(files, 'https://localhost/fixtures'));
  const cases = async (source: Fixtures) => (await runSuite(suites['layers']!, source)).cases;
  expect(await cases(fixtures)).toEqual(await cases(new Fixtures(folder)));
  expect(fixtures.folders('models')).toEqual(['a']);
  expect(fixtures.has('models', 'a', 'model.json')).toBe(true);
  expect(() => fixtures.bytes('onnx', 'x.onnx')).toThrow(
    'file not found: https://localhost/fixtures/onnx/x.onnx',
  );
});
