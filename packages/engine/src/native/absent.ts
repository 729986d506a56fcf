// Stands in for `start.ts` in bundles for browsers, so that no assembler comes into them.

import type { startNative as present } from './start.ts';

/** @throws Error always: there is no machine code here. */
export const startNative: typeof present = () => {
  throw new Error('machine code runs in Node only');
};
