/** `sconce train`: a classifier of photographs, from a folder with one folder a class. */
import { Command } from 'commander';
import { modelNames } from '../training/models.ts';
import { addTrainOptions, type TrainOptions } from '../training/options.ts';
import { runTraining } from '../training/run.ts';

export function trainCommand(): Command {
  const command = new Command('train')
    .description('train a classifier on a folder of photographs, one folder a class')
    .argument('<photographs>', 'a folder: cat/001.jpg is of class cat')
    .option(
      '--model <name>',
      `${modelNames.join(', ')}, or a file (.js, .ts) that exports a model`,
      'binary',
    );
  return addTrainOptions(command, { lr: 1e-3, epochs: 10, size: 64 }).action(
    async (folder: string, options: TrainOptions) => await runTraining(folder, options),
  );
}
