import { describe, expect, it } from 'vitest';
import { encodeSmallModel } from './onnx-model.ts';
import { operatorTime, ProfiledPeer, type ProfileEvent, peerKernelMs } from './peer-profile.ts';

const kernel = (name: string, op: string, dur: number): ProfileEvent => ({
  cat: 'Node',
  name: `${name}_kernel_time`,
  dur,
  args: { op_name: op },
});

describe('operatorTime', () => {
  it('adds up the medians of the operators', () => {
    const events = [
      kernel('a', 'Mul', 10),
      kernel('b', 'Add', 100),
      kernel('a', 'Mul', 30),
      kernel('a', 'Mul', 12),
    ];
    expect(operatorTime(events)).toEqual({ ms: 0.112, operators: 2 });
  });

  it('leaves changes of layout and whole runs out', () => {
    const events = [
      kernel('in', 'ReorderInput', 50),
      kernel('y', 'Conv', 7),
      kernel('out', 'ReorderOutput', 60),
      { cat: 'Session', name: 'model_run', dur: 200 },
    ];
    expect(operatorTime(events)).toEqual({ ms: 0.007, operators: 1 });
  });

  it('refuses a profile without operators', () => {
    expect(() => operatorTime([{ cat: 'Session', name: 'model_run', dur: 200 }])).toThrow(
      'holds no operator',
    );
  });
});

describe('peerKernelMs', () => {
  it('takes the operators where the call costs more', () => {
    expect(peerKernelMs(0.3, 0.01, { ms: 0.09, operators: 1 })).toBeCloseTo(0.0905, 12);
  });

  it('takes the call where it costs less, but not less than the profile shows', () => {
    expect(peerKernelMs(0.0122, 0.01, { ms: 0.002, operators: 1 })).toBeCloseTo(0.0022, 12);
    expect(peerKernelMs(0.0112, 0.01, { ms: 0.002, operators: 1 })).toBe(0.002);
  });

  it('is positive for operators that the profile cannot see', () => {
    expect(peerKernelMs(0.009, 0.01, { ms: 0, operators: 1 })).toBe(0.0005);
  });
});

describe('ProfiledPeer', () => {
  it('finds the operators of a model it ran', async () => {
    const shape = [2, 3];
    const model = encodeSmallModel({
      nodes: [
        { op: 'Add', inputs: ['x', 'c'], output: 'sum' },
        { op: 'ReduceMean', inputs: ['sum', 'axes'], output: 'y', attributes: { keepdims: { int: 0 } } },
      ],
      inputs: { x: shape },
      constants: {
        c: { shape: [3], data: Float32Array.of(1, 2, 3) },
        axes: { shape: [1], data: BigInt64Array.of(1n) },
      },
      output: { name: 'y', shape: [2] },
    });
    const peer = await ProfiledPeer.create(model, { x: { shape, data: new Float32Array(6) } }, 1);
    try {
      await peer.repeat(3);
      expect((await peer.finish()).operators).toBe(2);
    } finally {
      await peer.release();
    }
  });
});
