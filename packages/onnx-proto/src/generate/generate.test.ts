import { expect, test } from 'vitest';
import { currentText, generate } from './generate.ts';

test('onnx.gen.ts is what onnx.proto compiles to', () => {
  expect(currentText()).toBe(generate());
});
