/** Progress of a training at the terminal: a line that changes, and one line for each epoch that stays. */
import { epochLine, type FitProgress, progressLine } from '@sconce/nn';
import ora from 'ora';

/** Shows progress on standard error; lines of epochs go to `print`. Without a terminal only these are written. */
export function terminalProgress(print: (line: string) => void): FitProgress {
  const unit = 'images';
  if (!process.stderr.isTTY) return { epoch: (result, epochs) => print(epochLine(result, epochs, { unit })) };
  const spinner = ora({ stream: process.stderr, discardStdin: false });
  return {
    update: (state) => {
      spinner.text = progressLine(state, { unit });
      if (!spinner.isSpinning) spinner.start();
    },
    epoch: (result, epochs) => {
      spinner.stop();
      print(epochLine(result, epochs, { unit }));
    },
    end: () => void spinner.stop(),
  };
}
