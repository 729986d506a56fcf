import { runReadmeExample } from '@sconce/testing';
import { expect, test } from 'vitest';

test('the example in the README prints what it says', async () => {
  const { printed } = await runReadmeExample(new URL('../README.md', import.meta.url));
  expect(printed).toBe(`graph example (opset 28)
  input x: float32[N, 2]
  constant w: float32[2, 2] = [[1,-1],[2,1]]
  matmul = MatMul(x, w)
  y = Relu(matmul)
  output y: float32[N, 2]

tensor([[1., 0.],
        [1., 2.]])
`);
});
