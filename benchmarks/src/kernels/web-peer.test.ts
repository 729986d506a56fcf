import { describe, expect, it } from 'vitest';
import type { SmallModel } from '../onnx-model.ts';
import { movingModel, webKernelMs } from './web-peer.ts';

describe('movingModel', () => {
  it('has the inputs and the output of a model and none of its work', () => {
    const model: SmallModel = {
      nodes: [{ op: 'MatMul', inputs: ['x', 'w'], output: 'y' }],
      inputs: { x: [2, 3] },
      constants: { w: { shape: [3, 4], data: new Float32Array(12) } },
      output: { name: 'y', shape: [2, 4] },
    };
    const moving = movingModel(model);
    expect(moving.inputs).toEqual(model.inputs);
    expect(moving.output).toEqual(model.output);
    expect(moving.nodes.map(({ op }) => op)).toEqual(['Identity']);
  });
});

describe('webKernelMs', () => {
  it('is a call less what moving costs', () => {
    expect(webKernelMs(3, 1)).toBe(2);
  });

  it('refuses kernels that do not show', () => {
    expect(() => webKernelMs(1, 1)).toThrow('too short to be measured');
  });
});
