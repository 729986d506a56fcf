/** How training goes, as lines of text. */
import type { EpochResult, FitProgress, FitState, Means } from './types.ts';

/** How {@link progressLine} writes. */
export interface ProgressLineOptions {
  /** Characters of the bar (default 24). */
  readonly width?: number;
  /** What samples are called (default `samples`): `images`. */
  readonly unit?: string;
}

/**
 * One line: `epoch 2/10 [=======>        ] 31/64  loss 0.3127  accuracy 0.874  842 images/s  0:41 left`. Only characters
 * that every terminal has.
 */
export function progressLine(state: FitState, options: ProgressLineOptions = {}): string {
  const { width = 24, unit = 'samples' } = options;
  const { epoch, epochs, batch, batches, samplesPerSecond, secondsLeft, phase } = state;
  const parts = [`epoch ${epoch}/${epochs}`];
  if (phase === 'validate') parts.push('validation');
  if (batches === undefined) parts.push(`batch ${batch}`);
  else parts.push(`[${bar(batch / batches, width)}] ${batch}/${batches}`);
  const texts = [parts.join(' '), ...meansTexts(state)];
  if (Number.isFinite(samplesPerSecond)) texts.push(`${short(samplesPerSecond)} ${unit}/s`);
  if (secondsLeft !== undefined) texts.push(`${clock(secondsLeft)} left`);
  return texts.join('  ');
}

/** One line for an epoch that is finished. */
export function epochLine(result: EpochResult, epochs: number, options: ProgressLineOptions = {}): string {
  const { unit = 'samples' } = options;
  const { epoch, validation, samplesPerSecond, seconds } = result;
  const texts = [`epoch ${epoch}/${epochs}`, ...meansTexts(result)];
  if (validation !== undefined) texts.push(...meansTexts(validation).map((text) => `validation ${text}`));
  texts.push(`${short(samplesPerSecond)} ${unit}/s`, clock(seconds));
  return texts.join('  ');
}

/** Writes a line for each epoch (by default with `console.log`). */
export function textProgress(
  write: (line: string) => void = console.log,
  options: ProgressLineOptions = {},
): FitProgress {
  return { epoch: (result, epochs) => write(epochLine(result, epochs, options)) };
}

function meansTexts({ loss, metrics }: Means): string[] {
  return [
    `loss ${loss.toPrecision(4)}`,
    ...Object.entries(metrics).map(([name, value]) => `${name} ${value.toFixed(3)}`),
  ];
}

function bar(done: number, width: number): string {
  const filled = Math.min(width, Math.floor(done * width));
  const head = filled < width ? '>' : '';
  return `${'='.repeat(filled)}${head}${' '.repeat(width - filled - head.length)}`;
}

/** Three digits, without more. */
function short(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

/** Seconds as `m:ss` or `h:mm:ss`. */
function clock(seconds: number): string {
  const whole = Math.round(seconds);
  const two = (value: number): string => String(value).padStart(2, '0');
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}
