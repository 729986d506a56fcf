import { describe, expect, it } from 'vitest';
import { broadcastStrides, dense, kernelCase } from './case.ts';
import { kernelCases } from './index.ts';
import { emptyPeerRun, nodePeer } from './node-peer.ts';
import { measureCase } from './run.ts';

describe('kernelCases', () => {
  it('gives every row a name of its own', () => {
    const names = kernelCases.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });
});

describe('strides', () => {
  it('are row-major where a shape is dense', () => {
    expect(dense([2, 3, 4])).toEqual([12, 4, 1]);
  });

  it('repeat what broadcasting repeats', () => {
    expect(broadcastStrides([3, 1], [2, 3, 4])).toEqual([0, 1, 0]);
    expect(broadcastStrides([4], [2, 3, 4])).toEqual([0, 0, 1]);
  });
});

describe('measureCase', () => {
  const relu = (fill: (y: Float32Array) => void) =>
    kernelCase({
      name: 'relu',
      group: 'test',
      flops: 16,
      note: 'by hand',
      operands: { x: { shape: [4, 4], range: [-1, 0] } },
      output: [4, 4],
      nodes: [{ op: 'Relu', inputs: ['x'], output: 'y' }],
      prepare: ({ y }) => {
        return () => {
          const bytes = y.storage.bytes();
          fill(new Float32Array(bytes.buffer, bytes.byteOffset, 16));
        };
      },
    });
  const run = async (fill: (y: Float32Array) => void) => {
    const empty = await emptyPeerRun();
    try {
      return await measureCase(relu(fill), {
        threads: 1,
        engine: 'test',
        quick: true,
        peer: nodePeer(empty),
      });
    } finally {
      await empty.release();
    }
  };

  it('reports a row whose results agree', async () => {
    const row = await run((y) => y.fill(0));
    expect(row).toMatchObject({ name: 'relu', group: 'test', threads: 1, engine: 'test' });
    expect(row.peer).toBe('onnxruntime-node');
  });

  it('gives an error instead of a number where results differ', async () => {
    await expect(run((y) => y.fill(1))).rejects.toThrow('results differ');
  });

  it('notices results that were not written', async () => {
    await expect(run(() => undefined)).rejects.toThrow('element 0 is not finite');
  });
});
