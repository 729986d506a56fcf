/** The suite `curves`: whole training runs, each step's loss beside PyTorch's from the same seed. */
import type { Comparison } from '../compare.ts';
import { type Digits, trainingScripts } from '../curves/index.ts';
import type { Fixtures } from '../fixtures.ts';
import type { Suite, SuiteCase } from '../suite.ts';

/** PyTorch's losses, step by step. */
interface Curve {
  readonly oneThread: readonly number[];
  readonly twoThreads: readonly number[];
}

/** What `curves.json` holds. */
export interface CurvesFile {
  readonly versions: Readonly<Record<string, string>>;
  readonly curves: Readonly<Record<string, Curve>>;
}

/** The losses of the first steps agree to this. */
const START = { steps: 3, limit: 1e-5 };
/** All losses agree to this, or to a multiple of what PyTorch's own runs on one and two threads differ by. */
const WHOLE = { limit: 1e-3, ownDifferences: 3 };

export const curves: Suite = {
  name: 'curves',
  description: 'training runs of 200 steps, each loss beside that of PyTorch from the same seed',
  onRequest: true,
  versions: (fixtures) => readCurves(fixtures).versions,
  *cases(fixtures: Fixtures): Generator<SuiteCase> {
    for (const [name, { oneThread }] of Object.entries(readCurves(fixtures).curves)) {
      yield {
        name,
        judge: () => compareCurve(fixtures, name, runCurve(fixtures, name, oneThread.length)),
      };
    }
  },
};

/** PyTorch's losses. */
export function readCurves(fixtures: Fixtures): CurvesFile {
  return fixtures.json<CurvesFile>('curves', 'curves.json');
}

/** Trains for so many steps and gives their losses. @throws Error for a name that no script has */
export function runCurve(fixtures: Fixtures, name: string, steps: number): number[] {
  const train = trainingScripts[name];
  if (train === undefined) throw new Error(`there is no training script ${name}`);
  const digits = fixtures.tensors('curves', 'digits.safetensors');
  const data: Digits = { images: digits.get('images'), labels: digits.get('labels') };
  return [...train(steps, data)];
}

/** Compares losses with PyTorch's first ones. A run of all steps must also bring the loss to half. */
export function compareCurve(fixtures: Fixtures, name: string, losses: readonly number[]): Comparison {
  const { oneThread, twoThreads } = readCurves(fixtures).curves[name]!;
  const differences = losses.map((loss, i) => Math.abs(loss - oneThread[i]!));
  const own = Math.max(...oneThread.map((loss, i) => Math.abs(loss - twoThreads[i]!)));
  const limit = Math.max(WHOLE.limit, WHOLE.ownDifferences * own);
  const reasons: string[] = [];
  // NaN is no number to be below a limit.
  const beyond = differences.findIndex((by, i) => !(by <= (i < START.steps ? START.limit : limit)));
  if (beyond >= 0) {
    const allowed = beyond < START.steps ? START.limit : limit;
    reasons.push(
      `step ${beyond + 1}: loss ${losses[beyond]}, PyTorch ${oneThread[beyond]}, may differ by ${allowed}`,
    );
  }
  const [first, last] = [losses[0]!, mean(losses.slice(-10))];
  if (losses.length === oneThread.length && !(last <= first / 2))
    reasons.push(`the loss went from ${first} to ${last} only`);
  const maxRel = Math.max(...differences.map((by, i) => by / Math.abs(oneThread[i]!)));
  return { ok: reasons.length === 0, maxAbs: Math.max(...differences), maxRel, reason: reasons.join('; ') };
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;
