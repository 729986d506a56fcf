// The rows that are compared on WebAssembly: products and convolutions.

import type { KernelCase } from '../kernels/case.ts';
import { convolutions } from '../kernels/convolution.ts';
import { matmul } from '../kernels/matmul.ts';

/** All rows; no two share a name. */
export const webCases: readonly KernelCase[] = [...matmul, ...convolutions];
