/** The README's first example runs as it stands there, with its file in another place. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { fixtureUrl } from './testing/fixtures.ts';

test('the example in the README prints what it says', () => {
  const root = fileURLToPath(new URL('..', import.meta.url));
  const [, code = ''] = /```ts\n(.*?)```/s.exec(readFileSync(`${root}README.md`, 'utf8'))!;
  const model = JSON.stringify(fileURLToPath(fixtureUrl('models/digits/dynamo.onnx')));
  const options = ['--conditions=@sconce/source', '--input-type=module-typescript', '--eval'];
  const printed = execFileSync(process.execPath, [...options, code.replace("'model.onnx'", model)], {
    cwd: root,
    encoding: 'utf8',
  });
  expect(printed).toContain("name: 'input',\n    dtype: 'float32',\n    shape: [ 'batch', 1, 8, 8 ]");
  expect(printed).toContain('[ 2, 10 ]\n[ 5, 2 ]\n');
});
