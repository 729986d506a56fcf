/** The command line of `sconce`: its commands, their options and help texts. */
import { Command } from 'commander';
import { conformanceCommand } from './commands/conformance.ts';
import { demoCommand } from './commands/demo.ts';
import { detectCommand } from './commands/detect.ts';
import { finetuneCommand } from './commands/finetune.ts';
import { inspectCommand } from './commands/inspect.ts';
import { runCommand } from './commands/run.ts';
import { trainCommand } from './commands/train.ts';
import { reportFailure } from './errors.ts';

/** Runs one command line and returns its exit status: 0, 1 for a failure, 2 for wrong usage. */
export async function runProgram(args: readonly string[]): Promise<number> {
  try {
    await createProgram().parseAsync(args, { from: 'user' });
    return 0;
  } catch (error) {
    return reportFailure(error, args.includes('--debug'));
  }
}

/** Builds the program. Nothing runs until it is parsed; wrong usage throws instead of ending the process. */
function createProgram(): Command {
  const program = new Command('sconce')
    .description('Trained PyTorch models in TypeScript: run, inspect, train and check them.')
    .version('0.1.0')
    .option('--debug', 'show the stack trace of an error');
  for (const command of [
    runCommand(),
    inspectCommand(),
    detectCommand(),
    trainCommand(),
    finetuneCommand(),
    conformanceCommand(),
    demoCommand(),
  ]) {
    program.addCommand(command);
  }
  for (const command of [program, ...program.commands]) {
    command.exitOverride().showHelpAfterError('(add --help for all options)');
    if (command !== program) command.option('--debug', 'show the stack trace of an error');
  }
  return program;
}
