import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openProcess } from './node.ts';

describe('openProcess', () => {
  let place: Awaited<ReturnType<typeof openProcess>>;
  beforeAll(async () => {
    place = await openProcess(1);
  });
  afterAll(() => place?.close());

  it('tells what it runs on', () => {
    expect(place.started).toEqual({
      engine: 'wasm',
      versions: {
        node: process.versions.node,
        v8: process.versions.v8,
        'onnxruntime-web': expect.stringMatching(/^1\./),
      },
    });
  });

  it('measures a row beside onnxruntime-web', async () => {
    const row = await place.measure({ name: 'gemm 128x128x128', quick: true });
    expect(row).toMatchObject({
      name: 'gemm 128x128x128',
      threads: 1,
      engine: 'wasm',
      peer: 'onnxruntime-web',
    });
    expect(row.peerCallMs).toBeGreaterThan(row.peerMs);
  });

  it('tells what went wrong, and goes on', async () => {
    await expect(place.measure({ name: 'nothing', quick: true })).rejects.toThrow(
      'no row of this name, got nothing',
    );
    await expect(place.measure({ name: 'gemm 128x128x128', quick: true })).resolves.toBeDefined();
  });

  it('refuses a number of threads that the engine has not', async () => {
    await expect(openProcess(1000)).rejects.toThrow('threads');
  });
});
