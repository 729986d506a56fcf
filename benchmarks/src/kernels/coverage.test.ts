import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as engine from '@sconce/engine';
import { describe, expect, it } from 'vitest';

/** Functions that compute nothing a row could time, and why. */
const noKernels: Readonly<Record<string, string>> = {
  allocate: 'gives memory',
  blockedElements: 'counts elements',
  blockedLanes: 'says how wide blocks are',
  chooseConv2d: 'chooses a method',
  configureEngine: 'sets options',
  conv2dBorder: 'says which border a method reads',
  engineInfo: 'describes the engine',
  getNumThreads: 'tells the number of threads',
  memoryStatistics: 'counts bytes',
  planMemory: 'lays out memory',
  recordProgram: 'records what kernels do; the networks time programs',
  setNumThreads: 'sets the number of threads',
};

const gradient =
  'onnxruntime has gradients in its training builds only; `pnpm bench:tensor` times them beside PyTorch';

const besidePyTorch = '`pnpm bench:tensor` times the operators that it serves beside PyTorch';

const drawn = "PyTorch's very numbers, which onnxruntime does not draw";

const trained = '`pnpm bench:train` times recurrent layers beside PyTorch';

/** Kernels that no row times, and why. */
const untimed: Readonly<Record<string, string>> = {
  adaptivePool: 'ONNX has no adaptive pooling; its windows are averaged as those of pool2d',
  addRows: gradient,
  batchNormBackward: gradient,
  batchNormTraining: 'onnxruntime normalizes by the statistics of a batch in its training builds only',
  convolutionGradBias: 'a sum over batch and pixels: see the reductions',
  convolutionGradInput: 'conv2dGradInput, which it calls for images, has rows',
  convolutionGradWeight: 'conv2dGradWeight, which it calls for images, has rows',
  convTranspose2d: 'convolutionTranspose has rows, with the same kernels',
  crossEntropyBackward: gradient,
  fill: 'nothing but stores: see cast and the copies',
  foldElements: besidePyTorch,
  fusedSpans: 'what optimizers do; ONNX has them in its training preview only',
  gatherElements: besidePyTorch,
  groupNormBackward: gradient,
  indicesInRange: 'the check that gatherElements makes',
  layerNormBackward: gradient,
  mersenneTwister: drawn,
  pool1d: 'pool2d of images with one row',
  randomBernoulli: drawn,
  randomNormal: drawn,
  randomUniform: drawn,
  recurrentBackward: gradient,
  recurrentForward: trained,
  rmsNormBackward: gradient,
  scan: besidePyTorch,
  scaledDotProductAttentionBackward: gradient,
  scatterElements: besidePyTorch,
  softmaxBackward: gradient,
};

/** What the files of the rows take from the engine, types left out. */
function usedByRows(): Set<string> {
  const folder = fileURLToPath(new URL('.', import.meta.url));
  const files = globSync('*.ts', { cwd: folder }).filter(
    (name) => !/\.test\.ts$|^(run|case)\.ts$/.test(name),
  );
  const names = files.flatMap((name) => {
    const text = readFileSync(folder + name, 'utf8');
    const imports = [...text.matchAll(/^import \{([^}]*)\} from '@sconce\/engine';/gm)];
    return imports.flatMap(([, list]) => list!.split(',').map((item) => item.trim()));
  });
  return new Set(names.filter((name) => name !== '' && !name.startsWith('type ')));
}

/** Functions of the engine's face that are no classes. */
const functions = Object.entries(engine)
  .filter(([, value]) => typeof value === 'function' && !/^class\b/.test(String(value)))
  .map(([name]) => name);

describe('rows', () => {
  it('use every kernel that the engine exports, or a reason is given here', () => {
    const used = usedByRows();
    const missing = functions.filter((name) => !used.has(name) && !(name in noKernels) && !(name in untimed));
    expect(missing).toEqual([]);
  });

  it('leave no reason behind that is not needed any more', () => {
    const used = usedByRows();
    const reasons = [...Object.keys(noKernels), ...Object.keys(untimed)];
    expect(reasons.filter((name) => !functions.includes(name))).toEqual([]);
    expect(Object.keys(untimed).filter((name) => used.has(name))).toEqual([]);
  });
});
