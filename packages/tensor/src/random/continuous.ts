/** Fills tensors in place from distributions whose numbers are made one by one in double precision. */
import { type DType, dtypeInfo } from '../dtype.ts';
import { fail } from '../errors.ts';
import type { Tensor } from '../tensor.ts';
import { cppNames, MANY, refuseUnsigned } from './distributions.ts';
import { fillByKernels, throughKernels } from './doubles.ts';
import { fillEach } from './filling.ts';
import { fma64 } from './fused.ts';
import type { Generator } from './generator.ts';

function requireContinuous(operator: string, name: string, dtype: DType, shown: string): void {
  if (dtypeInfo(dtype).kind === 'float') return;
  fail(
    operator,
    `${name} distribution is a continuous probability distribution. dtype must be a floating point but you specified ${shown}`,
  );
}

/** Numbers of density `lambda * exp(-lambda * x)`. */
export function fillExponential(tensor: Tensor, lambda: number, { engine }: Generator): void {
  requireContinuous('exponential_', 'Exponential', tensor.dtype, dtypeInfo(tensor.dtype).scalarName);
  if (!(lambda > 0)) fail('exponential_', `exponential_ expects lambda > 0.0, but found lambda=${lambda}`);
  const scale = -1 / lambda;
  const exact = (u: number): number => scale * Math.log1p(-u);
  if (throughKernels(tensor, MANY)) {
    fillByKernels(tensor, engine, {
      from: 0,
      to: -1,
      transform: (chunk, run) => {
        run('log1p', [chunk]);
        run('mul', [chunk, scale]);
      },
      exact,
      doubtful: 0,
    });
  } else fillEach(tensor, () => exact(engine.uniform53()));
}

/** Numbers of density `sigma / (pi * ((x - median)^2 + sigma^2))`. */
export function fillCauchy(tensor: Tensor, median: number, sigma: number, { engine }: Generator): void {
  if (!(sigma > 0)) fail('cauchy_', `cauchy_ expects sigma > 0.0, but found sigma=${sigma}`);
  requireContinuous('cauchy_', 'Cauchy', tensor.dtype, cppNames[tensor.dtype]);
  const exact = (u: number): number => fma64(sigma, Math.tan(Math.PI * (u - 0.5)), median);
  if (throughKernels(tensor, MANY)) {
    fillByKernels(tensor, engine, {
      from: -0.5,
      to: 0.5,
      transform: (chunk, run) => {
        run('mul', [chunk, Math.PI]);
        run('tan', [chunk]);
        run('mul', [chunk, sigma]);
        run('add', [chunk, median]);
      },
      exact,
      // Where the median takes most of a number away, so it does of its precision.
      doubtful: Math.abs(median) / 8,
    });
  } else fillEach(tensor, () => exact(engine.uniform53()));
}

/** Numbers whose logarithm is normal. */
export function fillLogNormal(tensor: Tensor, mean: number, std: number, generator: Generator): void {
  if (!(std > 0)) fail('logNormal_', `log_normal_ expects std > 0.0, but found std=${std}`);
  const { kind, scalarName } = dtypeInfo(tensor.dtype);
  if (kind !== 'float') fail('logNormal_', `"log_normal_cpu" not implemented for '${scalarName}'`);
  fillEach(tensor, () => Math.exp(fma64(generator.normal(), std, mean)));
}

/** How many trials of success `p` it takes to succeed. */
export function fillGeometric(tensor: Tensor, p: number, { engine }: Generator): void {
  if (!(p > 0 && p < 1)) fail('geometric_', `geometric_ expects p to be in (0, 1), but got p=${p}`);
  refuseUnsigned('geometric_', 'geometric_cpu', tensor);
  if (tensor.dtype === 'bool') fail('geometric_', `"geometric_cpu" not implemented for 'Bool'`);
  const scale = Math.log1p(-p);
  fillEach(tensor, () => Math.ceil(Math.log(engine.uniform53()) / scale));
}
