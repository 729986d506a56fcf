import { tensor, zeros } from '@sconce/tensor';
import { expect, test } from 'vitest';
import { GraphBuilder } from './builder.ts';
import { printGraph } from './print.ts';

test('a graph reads as text', () => {
  const builder = new GraphBuilder('main');
  const x = builder.input('x', 'float32', ['N', 3, null]);
  const w = builder.initializer('w', zeros([4, 3, 3]));
  const axes = builder.initializer('axes', tensor([1n, 2n]));
  const y = builder.node('Conv', [x, w], {
    attributes: {
      auto_pad: { type: 'string', value: 'NOTSET' },
      group: { type: 'int', value: 1 },
      pads: { type: 'ints', value: [1, 1] },
    },
  });
  const [values, indices] = builder.nodes('MaxPool', [y], { outputs: ['values', ''] });
  builder.node('Constant', [], {
    attributes: { value: { type: 'tensor', value: tensor(0.5) } },
    outputs: ['half'],
  });
  builder.node('Clip', [values!, '', 'half'], { domain: 'my', outputs: ['z'] });
  builder.output('z', 'float32', ['N', 4, null]);
  expect([axes, indices]).toEqual(['axes', '']);
  expect(printGraph(builder.graph)).toBe(`graph main (opset 28)
  input x: float32[N, 3, ?]
  constant w: float32[4, 3, 3]
  constant axes: int64[2] = [1,2]
  conv = Conv(x, w; auto_pad="NOTSET", group=1, pads=[1, 1])
  values, _ = MaxPool(conv)
  half = Constant(value=float32[] = 0.5)
  z = my::Clip(values, _, half)
  output z: float32[N, 4, ?]
`);
});
