/** Options that `train` and `finetune` share, and how their texts are read. */
import * as nn from '@sconce/nn';
import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';

/** Options as they are after parsing. */
export interface TrainOptions {
  readonly model: string;
  readonly head?: string;
  readonly out: string;
  readonly size: number;
  readonly epochs: number;
  readonly batchSize: number;
  readonly optimizer: string;
  readonly lr: number;
  readonly weightDecay: number;
  readonly validation: number;
  readonly seed: number;
  readonly flip: boolean;
  readonly onnx: boolean;
  readonly resume?: string | true;
  readonly json?: boolean;
}

/** Makes an optimizer of the parameters that are learned. */
type OptimizerMaker = (params: nn.Parameter[], lr: number, weightDecay: number) => nn.optim.Optimizer;

const optimizers: Readonly<Record<string, OptimizerMaker>> = {
  adamw: (params, lr, weightDecay) => new nn.optim.AdamW(params, { lr, weightDecay }),
  adam: (params, lr, weightDecay) => new nn.optim.Adam(params, { lr, weightDecay }),
  sgd: (params, lr, weightDecay) => new nn.optim.SGD(params, { lr, weightDecay, momentum: 0.9 }),
  rmsprop: (params, lr, weightDecay) => new nn.optim.RMSprop(params, { lr, weightDecay }),
};

/** The optimizer that the options name. */
export function makeOptimizer(params: nn.Parameter[], options: TrainOptions): nn.optim.Optimizer {
  return optimizers[options.optimizer]!(params, options.lr, options.weightDecay);
}

/** Adds the shared options to a command. */
export function addTrainOptions(
  command: Command,
  defaults: { readonly lr: number; readonly epochs: number; readonly size: number },
): Command {
  return command
    .option('--out <folder>', 'where checkpoints, weights, model and plot go', 'out/training')
    .option('--size <pixels>', 'side of the square the model sees', positive, defaults.size)
    .option('--epochs <count>', 'how often to go through the photographs, in all', positive, defaults.epochs)
    .option('--batch-size <count>', 'photographs in a batch', positive, 16)
    .option('--optimizer <name>', Object.keys(optimizers).join(', '), optimizerName, 'adamw')
    .option('--lr <rate>', 'learning rate', notNegative, defaults.lr)
    .option('--weight-decay <rate>', 'weight decay', notNegative, 0.01)
    .option('--validation <part>', 'part of the photographs kept for validation', part, 0.2)
    .option('--seed <number>', 'seed of weights, order, dropout and mirroring', whole, 0)
    .option('--no-flip', 'do not mirror photographs at random')
    .option('--no-onnx', 'do not write model.onnx at the end')
    .option('--resume [file]', 'go on from a checkpoint (default: last.pt in the output folder)')
    .option('--json', 'print one JSON document with every epoch');
}

function number(text: string, fits: (value: number) => boolean, expected: string): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (!fits(value)) throw new InvalidArgumentError(`expected ${expected}`);
  return value;
}

function positive(text: string): number {
  return number(text, (value) => Number.isSafeInteger(value) && value > 0, 'a positive whole number');
}

function whole(text: string): number {
  return number(text, (value) => Number.isSafeInteger(value) && value >= 0, 'a whole number');
}

function notNegative(text: string): number {
  return number(text, (value) => Number.isFinite(value) && value >= 0, 'a number from 0 on');
}

function part(text: string): number {
  return number(text, (value) => value >= 0 && value < 1, 'a number from 0 to less than 1');
}

function optimizerName(text: string): string {
  if (!Object.hasOwn(optimizers, text))
    throw new InvalidArgumentError(`expected one of ${Object.keys(optimizers).join(', ')}`);
  return text;
}
