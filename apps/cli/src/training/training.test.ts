/** `sconce train` and `sconce finetune` as a person meets them, on crops of the photographs in fixtures/images. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadSafetensors, loadTorch } from '@sconce/checkpoint';
import { InferenceSession } from '@sconce/onnx';
import { randn, type Tensor } from '@sconce/tensor';
import { fixturePath } from '@sconce/testing';
import { crop, readImage, resize, writeImage } from '@sconce/vision';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { run as adaptDetector } from '../../examples/adapt-detector.ts';
import { run as ownModel } from '../../examples/own-model.ts';
import { sconce } from '../testing/run-command.ts';
import type { EpochRecord } from './checkpoint.ts';
import { plotLosses } from './loss-plot.ts';

let folder = '';
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sconce-train-'));
  // Commands take paths from where the user typed them, which pnpm tells in INIT_CWD.
  vi.stubEnv('INIT_CWD', folder);
  for (const name of ['cat', 'other']) mkdirSync(join(folder, 'photos', name), { recursive: true });
  const cat = await readImage(fixturePath('images/chelsea.png'));
  const sheet = await readImage(fixturePath('images/contact-sheet.png'));
  for (let i = 0; i < 8; i++) {
    const [top, left] = [10 * (i % 4), 20 * i];
    await writeImage(join(folder, `photos/cat/${i}.png`), resize(crop(cat, top, left, 240, 240), [48, 48]));
    // The coffee and the astronaut.
    const other = crop(sheet, top, 70 * i, 200, 200);
    await writeImage(join(folder, `photos/other/${i}.png`), resize(other, [48, 48]));
  }
});
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

interface Report {
  readonly classes: string[];
  readonly train: number;
  readonly validation: number;
  readonly history: EpochRecord[];
  readonly files: string[];
}
const small = ['--size', '24', '--batch-size', '4', '--json'];

describe('sconce train', () => {
  test('goes on from a checkpoint as if it had never stopped', async () => {
    const whole = await sconce(
      'train',
      'photos',
      '--epochs',
      '4',
      '--lr',
      '0.01',
      '--out',
      'whole',
      ...small,
    );
    expect([whole.status, whole.err.includes('BinaryImageClassification(')]).toEqual([0, true]);
    const report = JSON.parse(whole.out) as Report;
    expect(report).toMatchObject({ classes: ['cat', 'other'], train: 13, validation: 3 });
    expect(report.history.map(({ epoch, losses }) => [epoch, losses.length])).toEqual([
      [1, 4],
      [2, 4],
      [3, 4],
      [4, 4],
    ]);
    expect(report.history[3]!.loss).toBeLessThan(report.history[0]!.loss);
    await sconce('train', 'photos', '--epochs', '2', '--lr', '0.01', '--out', 'parts', ...small);
    const rest = await sconce(
      'train',
      'photos',
      '--epochs',
      '4',
      '--lr',
      '0.01',
      '--out',
      'parts',
      '--resume',
      ...small,
    );
    expect((JSON.parse(rest.out) as Report).history).toEqual(report.history);
    const files = ['whole', 'parts'].map((name) => readFileSync(join(folder, name, 'model.safetensors')));
    expect(Buffer.compare(files[0]!, files[1]!)).toBe(0);
    expect(readdirSync(join(folder, 'parts')).sort()).toEqual(
      ['best.safetensors', 'last.pt', 'losses.svg', 'model.onnx', 'model.safetensors'].sort(),
    );
  });

  test('writes a checkpoint in the form of PyTorch, and an ONNX model that says what its classes are', async () => {
    const checkpoint = (await loadTorch(join(folder, 'whole/last.pt'))) as Map<string, unknown>;
    expect(checkpoint.get('epoch')).toBe(4);
    const optimizer = checkpoint.get('optimizer') as Map<string, Map<number, Map<string, Tensor>>>;
    expect([...optimizer.get('state')!.get(0)!.keys()]).toEqual(['step', 'exp_avg', 'exp_avg_sq']);
    const { tensors } = await loadSafetensors(join(folder, 'whole/model.safetensors'));
    expect([...(checkpoint.get('model') as Map<string, Tensor>).keys()].sort()).toEqual(
      [...tensors.keys()].sort(),
    );
    const session = await InferenceSession.create(join(folder, 'whole/model.onnx'));
    expect(JSON.parse(session.metadata.custom.get('sconce.classifier')!)).toMatchObject({
      classes: ['cat', 'other'],
      size: 24,
      mean: [0.5, 0.5, 0.5],
    });
    const { scores } = await session.run({ image: randn([3, 3, 24, 24]) });
    expect(scores!.shape).toEqual([3, 2]);
  });

  test('stops at Ctrl-C with a checkpoint that goes on', async () => {
    const running = sconce('train', 'photos', '--epochs', '1000', '--out', 'stopped', ...small);
    await vi.waitFor(() => expect(readdirSync(folder)).toContain('stopped'), { timeout: 10_000 });
    await vi.waitFor(() => expect(readdirSync(join(folder, 'stopped'))).toContain('last.pt'), {
      timeout: 10_000,
    });
    process.emit('SIGINT');
    const { status, err } = await running;
    expect(status).toBe(130);
    expect(err).toMatch(/sconce: stopped in epoch \d+; .*last\.pt goes on with --resume\n$/);
    const { epoch } = Object.fromEntries(
      (await loadTorch(join(folder, 'stopped/last.pt'))) as Map<string, number>,
    );
    const more = await sconce(
      'train',
      'photos',
      '--epochs',
      String(epoch! + 1),
      '--out',
      'stopped',
      '--resume',
      ...small,
    );
    expect((JSON.parse(more.out) as Report).history).toHaveLength(epoch! + 1);
  });

  test('takes a model from a file', async () => {
    const index = new URL('../../../../packages/nn/src/index.ts', import.meta.url).href;
    writeFileSync(
      join(folder, 'own.ts'),
      `import * as nn from '${index}';
export default (classes: number) =>
  new nn.Sequential(new nn.Conv2d(3, 4, 3), new nn.AdaptiveAvgPool2d(1), new nn.Flatten(), new nn.Linear(4, classes));`,
    );
    const { status, err } = await sconce(
      'train',
      'photos',
      '--model',
      'own.ts',
      '--epochs',
      '1',
      '--out',
      'own',
      ...small,
    );
    expect([status, err.includes('Linear(in_features=4, out_features=2, bias=True)')]).toEqual([0, true]);
  });

  test.each([
    [['train', 'missing'], 1, 'there is no such folder'],
    [['train', 'photos', '--model', 'nothing'], 2, 'expected one of binary, small-resnet'],
    [['train', 'photos', '--epochs', '0'], 2, 'expected a positive whole number'],
    [['train', 'photos', '--optimizer', 'best'], 2, 'expected one of adamw, adam, sgd, rmsprop'],
    [['train', 'photos', '--validation', '0.01'], 2, 'expected some for training and some for validation'],
    [['train', 'photos', '--resume', 'none.pt'], 1, 'there is no such file'],
    [['train', 'photos', '--resume', 'whole/last.pt', '--size', '32'], 2, 'expected the same, got'],
    [['finetune', 'photos', '--model', 'binary'], 2, '--weights: expected a file with the weights of binary'],
    [['finetune', 'photos', '--head', 'stem.0'], 2, 'stem.0 is a Conv2d, expected a Linear as the head'],
  ])('%j is refused', async (args, status, message) => {
    const outcome = await sconce(...args);
    expect([outcome.status, outcome.err]).toEqual([status, expect.stringContaining(message)]);
  });
});

describe('sconce finetune', () => {
  test('puts a new head on the cat detector and learns nothing else', async () => {
    const { status, out } = await sconce(
      'finetune',
      'photos',
      '--epochs',
      '2',
      '--size',
      '32',
      '--lr',
      '0.01',
      '--out',
      'tuned',
    );
    expect(status).toBe(0);
    expect(out).toContain('new: classifier\nlearning 386 of ');
    const { tensors: after } = await loadSafetensors(join(folder, 'tuned/model.safetensors'));
    const { tensors: before } = await loadSafetensors(fixturePath('models/cat-detector/weights.safetensors'));
    const backbone = [...after].filter(([name]) => !name.startsWith('classifier.'));
    expect(backbone.length).toBeGreaterThan(200);
    expect(backbone.filter(([name, value]) => !value.equal(before.get(name)!))).toEqual([]);
  });

  test('takes the weights of a checkpoint, and trains layers besides the head', async () => {
    const { status, err } = await sconce(
      ...['finetune', 'photos', '--model', 'binary', '--weights', 'whole/last.pt', '--train', 'head.2'],
      ...['--epochs', '1', '--out', 'again', ...small],
    );
    expect([status, err]).toEqual([0, expect.stringContaining('2 classes (cat, other)')]);
    const [before, after] = await Promise.all(
      ['whole', 'again'].map(
        async (name) => (await loadSafetensors(join(folder, name, 'model.safetensors'))).tensors,
      ),
    );
    const changed = [...after!]
      .filter(([name, value]) => !value.equal(before!.get(name)!))
      .map(([name]) => name);
    expect(changed.sort()).toEqual(['head.2.bias', 'head.2.weight', 'head.7.bias', 'head.7.weight']);
  });
});

describe('the examples', () => {
  test("go from a model of one's own to onnxruntime", async () => {
    vi.spyOn(console, 'log').mockImplementation(() => undefined);
    const { printed, epochs, difference, files } = await ownModel(
      join(folder, 'photos'),
      join(folder, 'example'),
      3,
    );
    expect(printed).toContain('(conv2): Sequential(\n    (0): Conv2d(32, 64, kernel_size=(3, 3)');
    expect(epochs[2]!.loss).toBeLessThan(epochs[0]!.loss);
    expect(difference).toBeLessThan(1e-4);
    for (const file of files) expect(readdirSync(join(folder, 'example'))).toContain(file);
  });

  test('adapt the detector', async () => {
    const outcome = await adaptDetector(join(folder, 'photos'), join(folder, 'example'), 12, 48);
    expect(outcome.losses[11]).toBeLessThan(outcome.losses[0]! / 2);
    expect(outcome.accuracy).toBeGreaterThan(0.9);
    expect(outcome.frozen).toBe(true);
    expect(outcome.difference).toBeLessThan(1e-4);
    vi.restoreAllMocks();
  });
});

describe('plotLosses', () => {
  test('draws what there is, also without validation and with losses that are no numbers', () => {
    const record = { accuracy: 0.5, validationLoss: null, validationAccuracy: null };
    const history = [
      { ...record, epoch: 1, loss: 2, losses: [3, 1] },
      { ...record, epoch: 2, loss: Number.POSITIVE_INFINITY, losses: [1, Number.POSITIVE_INFINITY] },
    ];
    const svg = plotLosses(history, 'a<b');
    expect(svg).toContain('a&lt;b: loss');
    expect(svg).not.toMatch(/NaN|Infinity|validation/);
    expect(plotLosses([], 'nothing')).toContain('</svg>');
  });
});
