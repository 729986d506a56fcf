/** `sconce run`: one model on one image or on given tensors. */
import type { Tensor } from '@sconce/tensor';
import { Command, InvalidArgumentError } from 'commander';
import { UsageError } from '../errors.ts';
import { type ImageOptions, imageFeed } from '../image-feed.ts';
import { openSession } from '../session.ts';
import { readTensorFile, writeTensors } from '../tensor-files.ts';
import { print, printJson, table, userPath, withProgress } from '../terminal.ts';

interface RunOptions extends ImageOptions {
  readonly image?: string;
  readonly input: Readonly<Record<string, string>>;
  readonly output?: string;
  readonly top?: number;
  readonly json?: boolean;
}

export function runCommand(): Command {
  return new Command('run')
    .description('run a model on an image or on tensors from files')
    .argument('<model>', 'an ONNX file')
    .option(
      '--image <file>',
      'an image for the model’s only image input, resized to the size the model names',
    )
    .option(
      '--size <height>x<width>',
      'the size to resize the image to where the model names none',
      parseSize,
    )
    .option('--mean <numbers>', 'per channel, subtracted from pixels in 0..1, comma separated', parseNumbers)
    .option('--std <numbers>', 'per channel, divided by after the mean, comma separated', parseNumbers)
    .option(
      '--input <name=file>',
      'a tensor for a named input: .npy, .safetensors or .pb (repeatable)',
      collectInput,
      {},
    )
    .option('--output <file>', 'write the outputs: .safetensors, or .npy for a model with one output')
    .option('--top <k>', 'print the k largest scores of each row of the output', parseCount)
    .option('--json', 'print one JSON document')
    .action(async (modelPath: string, options: RunOptions) => {
      if (options.image === undefined && Object.keys(options.input).length === 0) {
        throw new UsageError('run: expected --image FILE or --input NAME=FILE');
      }
      const { outputs, milliseconds } = await withProgress(`running ${modelPath}`, async () => {
        const session = await openSession(modelPath);
        const feeds: Record<string, Tensor> = {};
        for (const [name, file] of Object.entries(options.input))
          feeds[name] = await readTensorFile(userPath(file), name);
        if (options.image !== undefined) {
          const { name, tensor } = await imageFeed(
            session,
            userPath(options.image),
            options,
            Object.keys(feeds),
          );
          feeds[name] = tensor;
        }
        const start = performance.now();
        const results: Record<string, Tensor> = await session.run(feeds);
        return { outputs: results, milliseconds: performance.now() - start };
      });
      if (options.output !== undefined) await writeTensors(userPath(options.output), outputs);
      const top = options.top === undefined ? undefined : topScores(outputs, options.top);
      if (options.json) {
        const described = Object.entries(outputs).map(([name, tensor]) => [
          name,
          { dtype: tensor.dtype, shape: tensor.shape, data: jsonSafe(tensor.tolist()) },
        ]);
        printJson({
          milliseconds,
          outputs: Object.fromEntries(described),
          ...(top === undefined ? {} : { top }),
        });
        return;
      }
      for (const [name, tensor] of Object.entries(outputs)) {
        print(`${name}: ${tensor.dtype} [${tensor.shape.join(', ')}]`);
        if (top === undefined) print(String(tensor));
      }
      for (const row of top ?? []) {
        print(
          table([
            ['class', 'score', 'probability'],
            ...row.map((one) => [String(one.class), one.score.toFixed(4), one.probability.toFixed(4)]),
          ]),
        );
      }
      print(`${milliseconds.toFixed(1)} ms`);
    });
}

/** One class among the best of a row. */
interface Score {
  readonly class: number;
  readonly score: number;
  /** Softmax over the row's scores. */
  readonly probability: number;
}

/** The k best classes of every row of the model's only two-dimensional output. */
function topScores(outputs: Readonly<Record<string, Tensor>>, k: number): Score[][] {
  const rows = Object.entries(outputs).filter(([, tensor]) => tensor.ndim === 2);
  const [only] = rows;
  if (only === undefined || rows.length > 1) {
    const shapes = Object.entries(outputs).map(([name, tensor]) => `${name} [${tensor.shape.join(', ')}]`);
    throw new UsageError(
      `run: --top: expected one output of shape [rows, classes], got ${shapes.join(', ')}`,
    );
  }
  return (only[1].tolist() as number[][]).map((row) => {
    const largest = Math.max(...row);
    const total = row.reduce((sum, score) => sum + Math.exp(score - largest), 0);
    return row
      .map((score, index) => ({ class: index, score, probability: Math.exp(score - largest) / total }))
      .sort((a, b) => b.score - a.score)
      .slice(0, k);
  });
}

/** JSON has no big integers and no NaN: they become strings. */
function jsonSafe(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(jsonSafe);
  if (typeof value === 'bigint' || (typeof value === 'number' && !Number.isFinite(value)))
    return String(value);
  return value;
}

function collectInput(text: string, previous: Readonly<Record<string, string>>): Record<string, string> {
  const at = text.indexOf('=');
  if (at < 1 || at === text.length - 1) throw new InvalidArgumentError('expected NAME=FILE');
  return { ...previous, [text.slice(0, at)]: text.slice(at + 1) };
}

function parseSize(text: string): readonly [number, number] {
  const match = /^(\d+)x(\d+)$/.exec(text);
  if (match === null || Number(match[1]) === 0 || Number(match[2]) === 0)
    throw new InvalidArgumentError('expected HEIGHTxWIDTH, for example 224x224');
  return [Number(match[1]), Number(match[2])];
}

function parseNumbers(text: string): readonly number[] {
  const numbers = text.split(',').map(Number);
  if (text.trim() === '' || numbers.some((number) => !Number.isFinite(number)))
    throw new InvalidArgumentError('expected numbers separated by commas');
  return numbers;
}

function parseCount(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError('expected a positive whole number');
  return Number(text);
}
