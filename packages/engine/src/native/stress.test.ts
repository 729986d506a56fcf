import { input, integer } from '@sconce/codegen';
import { describe, expect, it } from 'vitest';
import { conv2d } from '../kernels/conv2d.ts';
import { elementwise } from '../kernels/elementwise.ts';
import { gemm } from '../kernels/gemm.ts';
import { pool2d } from '../kernels/pool2d.ts';
import { softmax } from '../kernels/softmax.ts';
import { allocate } from '../memory/allocate.ts';
import { withExecutor } from '../runtime/executor.ts';
import { family, type Launchable } from '../runtime/family.ts';
import { wholeOf } from '../runtime/region.ts';
import { ChurningMemory } from '../testing/churning-memory.ts';
import { nativeBasis } from '../testing/native-basis.ts';
import { expectClose, numbers } from '../testing/operands.ts';
import { targets } from '../testing/targets.ts';
import type { Slice } from '../types.ts';
import { NativeCode } from './native-code.ts';
import { NativeExecutor, runningValues } from './native-executor.ts';
import { nodeHost } from './native-memory.ts';

const basis = nativeBasis();
const native = targets.filter(({ executor }) => executor instanceof NativeExecutor);

/** A chain of operations whose operands nobody holds but the call itself. */
function chain(seed: number): Float32Array {
  const slice = (values: Float32Array): Slice => {
    const storage = allocate(values.byteLength);
    storage.bytes().set(new Uint8Array(values.buffer));
    return { storage, offset: 0 };
  };
  const fresh = (elements: number): Slice => ({ storage: allocate(elements * 4), offset: 0 });
  const image = { inHeight: 9, inWidth: 9, outHeight: 9, outWidth: 9 };
  const shape = {
    batch: 1,
    inChannels: 3,
    outChannels: 20,
    groups: 1,
    stride: [1, 1],
    dilation: [1, 1],
  } as const;

  let y = fresh(20 * 81);
  conv2d({
    ...image,
    ...shape,
    kernel: [3, 3],
    padding: [1, 1, 1, 1],
    x: slice(numbers(seed, 3 * 81)),
    w: slice(numbers(seed + 1, 20 * 27)),
    bias: slice(numbers(seed + 2, 20)),
    y,
  });
  let x = y;
  y = fresh(20 * 16);
  pool2d({
    kind: 'max',
    planes: 20,
    inHeight: 9,
    inWidth: 9,
    outHeight: 4,
    outWidth: 4,
    kernel: [3, 3],
    stride: [2, 2],
    padding: [0, 0, 0, 0],
    x,
    y,
  });
  x = y;
  y = fresh(20 * 33);
  gemm({ m: 20, n: 33, k: 16, a: x, b: slice(numbers(seed + 3, 33 * 16)), c: y, transB: true });
  x = y;
  y = fresh(20 * 33);
  softmax({ outer: 20, size: 33, inner: 1, x, y });
  x = y;
  y = fresh(20 * 33);
  elementwise({
    op: 'mul',
    shape: [20, 33],
    inputs: [
      { ...x, strides: [33, 1] },
      { ...slice(numbers(seed + 4, 33)), strides: [0, 1] },
    ],
    output: { ...y, strides: [33, 1] },
  });
  return new Float32Array(y.storage.bytes().slice().buffer);
}

describe.skipIf(native.length === 0)('a native launch', () => {
  it.each(native)(
    'on $name holds what the kernel was given until it has returned, and no longer',
    ({ executor }) => {
      if (!(executor instanceof NativeExecutor)) throw new Error('skipped above');
      const held: unknown[] = [];
      // Code that is JavaScript looks at what is held while it runs.
      const compiled = () => ({ address: 0, run: () => held.push(runningValues()) });
      const code = { kernel: compiled, addressFunction: () => () => 0 };
      const looking = new NativeExecutor(executor.target, code as unknown as NativeCode, executor.memory);
      const values = { x: wholeOf(executor.memory.allocate(64)), n: 3 };
      const kernel = family('looking', { x: input('f32'), n: integer() }, () => {});
      looking.launch(kernel({}), values);
      expect(held[0]).toBe(values);
      expect(runningValues()).toBeUndefined();
    },
  );
});

describe.skipIf(native.length === 0)(
  'native memory under a collector that runs between every two steps',
  () => {
    it.each(native)('keeps what kernels of $name are given', ({ executor }) => {
      if (typeof basis === 'string' || !(executor instanceof NativeExecutor))
        throw new Error('skipped above');
      const code = new NativeCode(basis.koffi, basis.libc);
      const memory = new ChurningMemory(nodeHost(code.addressFunction(), basis.libc.trim));
      class ChurningExecutor extends NativeExecutor {
        override launch<V>(kernel: Launchable<V>, values: NoInfer<V>): void {
          memory.churn();
          super.launch(kernel, values);
          memory.churn();
        }
      }
      const churning = new ChurningExecutor(executor.target, code, memory);
      for (let seed = 0; seed < 6; seed++) {
        const expected = withExecutor(executor, () => chain(seed));
        const got = withExecutor(churning, () => chain(seed));
        expectClose(got, expected, 0);
      }
      expect(memory.churns).toBeGreaterThan(100);
      churning.dispose();
    });
  },
);
