// The peer: onnxruntime-node on the CPU, as a user gets it.

import { env, InferenceSession, Tensor } from 'onnxruntime-node';
import { type FloatTensor, PeerSession } from './peer-session.ts';

export type { FloatTensor } from './peer-session.ts';

/** The peer's name in reports. */
export const PEER = 'onnxruntime-node';

/** The peer's version. */
export function peerVersion(): string {
  const version = env.versions.node;
  if (version === undefined)
    throw new Error(`${PEER}: it does not tell its version, expected env.versions.node`);
  return version;
}

/** Sessions of onnxruntime-node. */
export class PeerRun extends PeerSession {
  /**
   * Loads a model with onnxruntime's default optimisations and runs it once.
   *
   * @param threads onnxruntime's `intraOpNumThreads`
   * @param options.profile keep a profile in a file whose path starts so
   */
  static create(
    model: Uint8Array,
    feeds: Readonly<Record<string, FloatTensor>>,
    threads: number,
    options: { readonly profile?: string } = {},
  ): Promise<PeerSession> {
    return PeerSession.load({ InferenceSession, Tensor }, model, feeds, true, {
      executionProviders: ['cpu'],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      logSeverityLevel: 3,
      ...(options.profile !== undefined && { enableProfiling: true, profileFilePrefix: options.profile }),
    });
  }
}
