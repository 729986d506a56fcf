import { expect, it } from 'vitest';
import { engineInfo } from './engine-info.ts';

it('says what the engine runs on and why', () => {
  const info = engineInfo();
  expect(info).toMatchObject({ target: 'wasm', threads: 1, lanes: 4 });
  expect(info.reason).toContain(info.relaxedSimd ? 'has relaxed SIMD' : 'has no relaxed SIMD');
});
