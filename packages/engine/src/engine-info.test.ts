import { expect, it } from 'vitest';
import { engineInfo } from './engine-info.ts';

it('says what the engine runs on and why', () => {
  const info = engineInfo();
  expect(info.threads).toBeGreaterThanOrEqual(1);
  expect(info.lanes).toBe({ avx512: 16, avx2: 8, wasm: 4 }[info.target]);
  expect(info.reason.length).toBeGreaterThan(20);
});
