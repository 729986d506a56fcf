// onnxruntime-node as a peer of kernels, judged by its own profile and by its calls.

import type { Lane } from '../measure.ts';
import { encodeSmallModel } from '../onnx-model.ts';
import { PEER, PeerRun } from '../peer.ts';
import { ProfiledPeer, peerKernelMs } from '../peer-profile.ts';
import type { KernelPeer } from './peer.ts';

/** @param empty a call that computes next to nothing: what a call costs by itself, as {@link emptyPeerRun} makes it */
export function nodePeer(empty: Lane): KernelPeer {
  return {
    name: PEER,
    async prepare(smallModel, feeds, threads) {
      const model = encodeSmallModel(smallModel);
      const calls = await PeerRun.create(model, feeds, threads);
      const profiled = await ProfiledPeer.create(model, feeds, threads);
      return {
        y: calls.outputs['y']!.data,
        lanes: [calls, profiled, empty],
        kernelMs: async ([callMs, , emptyMs]) => peerKernelMs(callMs!, emptyMs!, await profiled.finish()),
        release: async () => {
          await calls.release();
          await profiled.release();
        },
      };
    },
  };
}

/** A model of one element through `Relu`: the trip through JavaScript and the event loop. */
export function emptyPeerRun(): ReturnType<typeof PeerRun.create> {
  const model = encodeSmallModel({
    nodes: [{ op: 'Relu', inputs: ['x'], output: 'y' }],
    inputs: { x: [1] },
    constants: {},
    output: { name: 'y', shape: [1] },
  });
  return PeerRun.create(model, { x: { shape: [1], data: new Float32Array(1) } }, 1);
}
