/**
 * A process of its own for kernels that touch the last bytes before a page that cannot be touched: it prints `done`, or dies.
 * Arguments: the target's name, and how many elements more than there are the kernels are told of.
 */

import { input, integer, kernel, output, overVectors, type Pointer, writeArguments } from '../index.ts';
import { avx2Target, avx512Target, compileX64 } from '../x64/target.ts';
import { nativeHost } from './native.ts';

const [name, excess] = process.argv.slice(2);
const target = [avx512Target, avx2Target].find((candidate) => candidate.name === name)!;
const { map, guarded, address, memory } = await nativeHost();

const contract = { x: input('f32'), y: output('f32'), n: integer() } as const;
const narrow = { i8: 1, i16: 2, f16: 2 } as const;
/** Copies narrow elements through 32-bit lanes. */
const narrowKernel = (type: keyof typeof narrow) =>
  kernel(`copy ${type}`, { x: input(type), y: output(type), n: integer() }, (k) => {
    const [x, y] = [k.pointer('x') as Pointer<'i8'>, k.pointer('y') as Pointer<'i8'>];
    overVectors(k, 'i32', k.integer('n'), [x, y], (at) => at.storeNarrow(at.loadWide(x), y));
  });
const kernels = [
  kernel('copy', contract, (k) => {
    const [x, y] = [k.pointer('x'), k.pointer('y')];
    overVectors(k, 'f32', k.integer('n'), [x, y], (at) => at.store(at.load(x, 3), y));
  }),
  kernel('copyStrided', contract, (k) => {
    const n = k.integer('n');
    const value = k.loadStrided(k.pointer('x'), 0, 1, n);
    k.storeStrided(value, k.pointer('y'), 0, 1, n);
  }),
  kernel('copyElements', contract, (k) => {
    const [x, y] = [k.pointer('x'), k.pointer('y')];
    k.loop(k.integer('n'), () => {
      k.copyElement(x, 0, y, 0);
      k.advance(x, 1);
      k.advance(y, 1);
    });
  }),
];

const narrowKernels = (Object.keys(narrow) as (keyof typeof narrow)[]).map(
  (type) => [narrowKernel(type), narrow[type]] as const,
);

const lanes = target.lanes('f32');
const [from, to] = [guarded(4096), guarded(4096)];
new Float32Array(from.view.buffer).forEach((_, i, all) => {
  all[i] = i;
});
for (const [subject, bytes] of [...kernels.map((subject) => [subject, 4] as const), ...narrowKernels]) {
  const run = map(compileX64(subject, target).code);
  const most = subject.name === 'copyStrided' ? lanes : 2 * lanes + 3;
  for (let n = 0; n <= most; n++) {
    to.view.fill(0);
    const values = { x: from.end - bytes * n, y: to.end - bytes * n, n: n + Number(excess) };
    writeArguments(contract, new DataView(memory.buffer, memory.byteOffset), 0, values);
    run(address);
    const [expected, got] = [from, to].map(({ view }) => view.subarray(view.length - bytes * n));
    if (got!.some((byte, i) => byte !== expected![i]))
      throw new Error(`${subject.name}: ${n} elements differ`);
    if (to.view.subarray(0, to.view.length - bytes * n).some((byte) => byte !== 0)) {
      throw new Error(`${subject.name}: wrote before its buffer`);
    }
  }
}
console.log('done');
