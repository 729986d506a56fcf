// The kernel that docs/kernels.md follows from its source to machine code.
import { input, integer, kernel, output, overVectors } from '../packages/codegen/dist/index.js';

export const addRelu = kernel(
  'addRelu',
  { x: input('f32'), y: input('f32'), sum: output('f32'), n: integer() },
  (k) => {
    const [x, y, sum] = [k.pointer('x'), k.pointer('y'), k.pointer('sum')];
    overVectors(k, 'f32', k.integer('n'), [x, y, sum], (at) => {
      at.store(k.pmax(k.add(at.load(x), at.load(y)), 0), sum);
    });
  },
);
