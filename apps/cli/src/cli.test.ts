/** The command line as a person meets it: output, exit status, and one line for everything that goes wrong. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadSafetensors, readNpy, readSafetensors, writeNpy, writeSafetensors } from '@sconce/checkpoint';
import { zeros } from '@sconce/tensor';
import { createImage, readImage, writeImage } from '@sconce/vision';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { sconce } from './testing/run-command.ts';

const fixtures = fileURLToPath(new URL('../../../fixtures/', import.meta.url));
const digits = join(fixtures, 'models/digits/dynamo.onnx');
const detector = join(fixtures, 'models/cat-detector/dynamo.onnx');
const chelsea = join(fixtures, 'images/chelsea.png');

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sconce-cli-'));
  vi.stubEnv('INIT_CWD', folder);
});
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

describe('sconce run', () => {
  test('prints the best classes of a handwritten digit', async () => {
    const { tensors } = await loadSafetensors(join(fixtures, 'models/digits/test.safetensors'));
    const images = tensors.get('images')!;
    const labels = tensors.get('labels')!.tolist() as number[];
    writeFileSync(join(folder, 'digit.npy'), writeNpy(images.narrow(0, 0, 1)));
    const { status, out } = await sconce('run', digits, '--input', 'input=digit.npy', '--top', '3', '--json');
    expect(status).toBe(0);
    const { top, outputs } = JSON.parse(out) as {
      top: { class: number; probability: number }[][];
      outputs: Record<string, unknown>;
    };
    expect(top[0]).toHaveLength(3);
    expect(top[0]?.[0]?.class).toBe(labels[0]);
    expect(outputs['output']).toMatchObject({ dtype: 'float32', shape: [1, 10] });
  });

  test('takes an image and converts its channels and size to what the model asks for', async () => {
    const { status, out } = await sconce('run', digits, '--image', chelsea);
    expect(status).toBe(0);
    expect(out).toContain('output: float32 [1, 10]\ntensor([[');
  });

  test('takes a named tensor from safetensors and writes outputs to both formats', async () => {
    writeFileSync(
      join(folder, 'many.safetensors'),
      writeSafetensors({ other: zeros([2]), input: zeros([2, 1, 8, 8]) }),
    );
    expect(
      (await sconce('run', digits, '--input', 'input=many.safetensors', '--output', 'y.safetensors')).status,
    ).toBe(0);
    expect(
      (await sconce('run', digits, '--input', 'input=many.safetensors', '--output', 'y.npy')).status,
    ).toBe(0);
    const saved = readSafetensors(readFileSync(join(folder, 'y.safetensors'))).tensors.get('output');
    expect(saved?.shape).toEqual([2, 10]);
    expect(readNpy(readFileSync(join(folder, 'y.npy'))).tolist()).toEqual(saved?.tolist());
  });

  test('refuses what does not fit in one line and writes nothing', async () => {
    writeFileSync(join(folder, 'wide.npy'), writeNpy(zeros([1, 3, 8, 8])));
    const { status, out, err } = await sconce(
      'run',
      digits,
      '--input',
      'input=wide.npy',
      '--output',
      'never.npy',
    );
    expect(status).toBe(1);
    expect(out).toBe('');
    expect(err).toMatch(/^sconce: .*input.*\n$/);
    expect(readdirSync(folder).filter((name) => name.startsWith('never'))).toEqual([]);
  });
});

describe('sconce inspect', () => {
  test('shows operators, opsets, values, parameters and the module tree', async () => {
    const { status, out } = await sconce('inspect', digits);
    expect(status).toBe(0);
    for (const text of [
      'opsets ai.onnx 20',
      'input      input: float32 [batch, 1, 8, 8]',
      'Conv',
      '(conv1): Conv2d',
      'weight [',
    ]) {
      expect(out).toContain(text);
    }
  });

  test.each(['weights.pt', 'weights.safetensors'])('shows the tensors of %s', async (file) => {
    const { status, out } = await sconce('inspect', join(fixtures, 'models/digits', file), '--json');
    expect(status).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      parameters: { 'bn1.num_batches_tracked': { dtype: 'int64', shape: [] } },
    });
  });
});

describe('sconce detect', () => {
  interface Found {
    readonly label: string;
    readonly score: number;
    readonly box: readonly number[];
  }
  /** What the same detector finds with PyTorch. */
  const { detections } = JSON.parse(
    readFileSync(join(fixtures, 'models/cat-detector/model.json'), 'utf8'),
  ) as {
    detections: Record<string, Found[]>;
  };

  test.each(['chelsea.png', 'contact-sheet.png'])(
    'finds the one cat in %s where PyTorch finds it',
    async (name) => {
      const { status, out } = await sconce(
        'detect',
        detector,
        '--image',
        join(fixtures, 'images', name),
        '--json',
      );
      expect(status).toBe(0);
      const found = JSON.parse(out) as Found[];
      const [expected, ...others] = detections[name] ?? [];
      expect(others).toEqual([]);
      expect(found).toHaveLength(1);
      expect(found[0]?.label).toBe('cat');
      expect(found[0]?.score).toBeCloseTo(expected?.score ?? 0, 4);
      for (const [i, edge] of (expected?.box ?? []).entries()) expect(found[0]?.box[i]).toBeCloseTo(edge, 1);
    },
  );

  test('draws boxes and heat map in the size of the photograph', async () => {
    const { status } = await sconce(
      'detect',
      detector,
      '--image',
      chelsea,
      '--out',
      'cat.png',
      '--heatmap',
      'heat.png',
    );
    expect(status).toBe(0);
    for (const file of ['cat.png', 'heat.png']) {
      const { width, height } = await readImage(join(folder, file));
      expect([width, height]).toEqual([451, 300]);
    }
  });

  test('says so when nothing is found', async () => {
    await writeImage(join(folder, 'grey.png'), createImage(96, 64, 1, new Uint8Array(96 * 64).fill(127)));
    expect(await sconce('detect', detector, '--image', 'grey.png')).toMatchObject({
      status: 0,
      out: 'nothing found\n',
    });
    expect(JSON.parse((await sconce('detect', detector, '--image', 'grey.png', '--json')).out)).toEqual([]);
  });
});

describe('sconce conformance', () => {
  test('reports one suite as JSON', async () => {
    const { status, out } = await sconce('conformance', 'layers', '--filter', '^ReLU6', '--json');
    expect(status).toBe(0);
    const [report] = JSON.parse(out) as { suite: string; passed: number; cases: unknown[] }[];
    expect(report).toMatchObject({ suite: 'layers', failed: 0, unsupported: 0 });
    expect(report?.passed).toBe(report?.cases.length);
    expect(report?.passed).toBeGreaterThan(0);
  });
});

describe('conformance that is not met', () => {
  test('is status 1, with the case and its reason', async () => {
    for (const name of ['layers', 'models']) mkdirSync(join(folder, 'bad', name), { recursive: true });
    const one = {
      name: 'ReLU of one',
      class: 'ReLU',
      args: [],
      kwargs: {},
      printed: 'ReLU()',
      state: {},
      train: false,
    };
    const cases = [{ ...one, inputs: ['x'], outputs: ['y'], outputs64: [] }];
    writeFileSync(join(folder, 'bad/layers/layers.json'), JSON.stringify({ versions: {}, cases }));
    writeFileSync(
      join(folder, 'bad/layers/layers.safetensors'),
      writeSafetensors({ x: zeros([1]), y: zeros([1]).add(1) }),
    );
    const { status, out } = await sconce('conformance', 'layers', '--fixtures', 'bad');
    expect(status).toBe(1);
    expect(out).toContain('ReLU of one');
    expect(out).toContain('element 0: expected 1, got 0');
  });
});

describe('what goes wrong', () => {
  const hostile = (name: string): string => join(fixtures, 'hostile', name);

  test.each([
    ['a model that is not there', ['inspect', 'missing.onnx'], /missing\.onnx.*does not exist/],
    ['a truncated model', ['inspect', hostile('truncated.onnx')], /truncated\.onnx/],
    ['a file that is no ONNX', ['inspect', hostile('not-onnx.onnx')], /not-onnx\.onnx/],
    [
      'an unknown operator',
      ['inspect', hostile('unknown-operator.onnx')],
      /unknown-operator\.onnx.*(operator|Operator)/,
    ],
    ['a checkpoint that wants to run code', ['inspect', hostile('evil.pt')], /evil\.pt.*refuse/],
    ['an unreadable image', ['detect', detector, '--image', hostile('truncated.png')], /truncated\.png/],
    ['an image that is not there', ['detect', detector, '--image', 'missing.jpg'], /missing\.jpg/],
    ['a model that is no detector', ['detect', digits, '--image', chelsea], /no detector/],
    ['an input of another name', ['run', digits, '--input', 'x=digit.npy'], /x/],
  ])('%s is one line and status 1', async (_, args, message) => {
    const { status, out, err } = await sconce(...args);
    expect(status).toBe(1);
    expect(out).toBe('');
    expect(err).toMatch(message);
    expect(err.trimEnd().split('\n')).toHaveLength(1);
  });

  test('--debug shows where it happened', async () => {
    expect((await sconce('inspect', 'missing.onnx', '--debug')).err).toMatch(/\n\s+at /);
  });

  test.each([
    ['no command at all', []],
    ['an unknown command', ['fly']],
    ['an unknown option', ['inspect', digits, '--wings']],
    ['a missing argument', ['run']],
    ['neither image nor input', ['run', digits]],
    ['a size that is none', ['run', digits, '--image', chelsea, '--size', 'big']],
    ['an unknown suite', ['conformance', 'vibes']],
    ['a filter that is no regular expression', ['conformance', '--filter', '(']],
  ])('%s is wrong usage: status 2', async (_, args) => {
    expect((await sconce(...args)).status).toBe(2);
  });

  test.each([[], ['run'], ['inspect'], ['detect'], ['conformance'], ['demo']])(
    'help for %s',
    async (...command) => {
      const { status, out } = await sconce(...command, '--help');
      expect(status).toBe(0);
      expect(out).toContain('Usage: sconce');
    },
  );
});
