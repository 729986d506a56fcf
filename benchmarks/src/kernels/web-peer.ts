// onnxruntime-web on WebAssembly as a peer of kernels. A call copies its inputs into the module's memory and its outputs
// out of it; what that costs is measured by a model that moves as much and computes nothing, and taken off.

import { encodeSmallModel, type SmallModel } from '../onnx-model.ts';
import { type FloatTensor, type OnnxRuntime, PeerSession } from '../peer-session.ts';
import { count } from './case.ts';
import type { KernelPeer } from './peer.ts';

/** The peer's name in reports. */
const WEB_PEER = 'onnxruntime-web';

/** @param runtime the package; the number of threads is the one that its module was started with */
export function webPeer(runtime: OnnxRuntime): KernelPeer {
  const load = (model: SmallModel, feeds: Readonly<Record<string, FloatTensor>>): Promise<PeerSession> =>
    PeerSession.load(runtime, encodeSmallModel(model), feeds, false, {
      executionProviders: ['wasm'],
      logSeverityLevel: 3,
    });
  return {
    name: WEB_PEER,
    async prepare(model, feeds) {
      const calls = await load(model, feeds);
      const moves = await load(movingModel(model), feeds);
      return {
        y: calls.outputs['y']!.data,
        lanes: [calls, moves],
        kernelMs: ([callMs, movesMs]) => webKernelMs(callMs!, movesMs!),
        release: async () => {
          await calls.release();
          await moves.release();
        },
      };
    },
  };
}

/** The same inputs, left alone, and an output of the same shape, which is a constant of the model. */
export function movingModel({ inputs, output }: SmallModel): SmallModel {
  const { shape } = output;
  return {
    nodes: [{ op: 'Identity', inputs: ['zeros'], output: output.name }],
    inputs,
    constants: { zeros: { shape, data: new Float32Array(count(shape)) } },
    output,
  };
}

/**
 * A call less what moving its data costs.
 *
 * @throws Error when nothing is left: the kernel is too short to be seen behind its call
 */
export function webKernelMs(callMs: number, movesMs: number): number {
  if (callMs > movesMs) return callMs - movesMs;
  throw new Error(
    `${WEB_PEER}: the kernel is too short to be measured, its call takes ${callMs} ms, moving its data ${movesMs} ms`,
  );
}
