/** The type of lowering tables: one entry for each operation. */

import type { FunctionWriter } from './function-writer.ts';

/** What the target does for each operation; leaving one out does not compile. */
export type X64Handlers<O extends { code: string }> = {
  readonly [C in O['code']]: (w: FunctionWriter, operation: Extract<O, { code: C }>, at: number) => void;
};
