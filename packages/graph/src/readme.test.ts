/** The README's first example runs as it stands there. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

test('the example in the README prints what it says', () => {
  const root = fileURLToPath(new URL('..', import.meta.url));
  const [, code = ''] = /```ts\n(.*?)```/s.exec(readFileSync(`${root}README.md`, 'utf8'))!;
  const options = ['--conditions=@sconce/source', '--input-type=module-typescript', '--eval', code];
  const printed = execFileSync(process.execPath, options, { cwd: root, encoding: 'utf8' });
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
