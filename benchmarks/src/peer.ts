// The peer: onnxruntime-node on the CPU, as a user gets it.

import { env, InferenceSession, Tensor } from 'onnxruntime-node';
import type { Lane } from './measure.ts';
import { encodeSmallModel } from './onnx-model.ts';

/** The peer's name in reports. */
export const PEER = 'onnxruntime-node';

/** The peer's version. */
export function peerVersion(): string {
  const version = env.versions.node;
  if (version === undefined)
    throw new Error(`${PEER}: it does not tell its version, expected env.versions.node`);
  return version;
}

/** A float32 tensor by its elements. */
export interface FloatTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** A session with inputs and outputs in place, so that a call copies and allocates nothing in JavaScript. */
export class PeerRun implements Lane {
  readonly #session: InferenceSession;
  readonly #feeds: Readonly<Record<string, Tensor>>;
  readonly #fetches: Readonly<Record<string, Tensor>>;
  /** What the last call wrote. */
  readonly outputs: Readonly<Record<string, FloatTensor>>;

  private constructor(
    session: InferenceSession,
    feeds: Readonly<Record<string, FloatTensor>>,
    outputs: Readonly<Record<string, FloatTensor>>,
  ) {
    this.#session = session;
    this.#feeds = tensors(feeds);
    this.#fetches = tensors(outputs);
    this.outputs = outputs;
  }

  /**
   * Loads a model with onnxruntime's default optimisations and runs it once.
   *
   * @param threads onnxruntime's `intraOpNumThreads`
   * @param options.profile keep a profile in a file whose path starts so
   */
  static async create(
    model: Uint8Array,
    feeds: Readonly<Record<string, FloatTensor>>,
    threads: number,
    options: { readonly profile?: string } = {},
  ): Promise<PeerRun> {
    const session = await InferenceSession.create(model, {
      executionProviders: ['cpu'],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      logSeverityLevel: 3,
      ...(options.profile !== undefined && { enableProfiling: true, profileFilePrefix: options.profile }),
    });
    const first = await session.run(tensors(feeds));
    const outputs: Record<string, FloatTensor> = {};
    for (const [name, value] of Object.entries(first)) {
      if (!(value.data instanceof Float32Array)) {
        throw new Error(`${PEER}: output ${name} has another dtype, expected float32, got ${value.type}`);
      }
      outputs[name] = { shape: [...value.dims], data: new Float32Array(value.data.length) };
    }
    const run = new PeerRun(session, feeds, outputs);
    await run.repeat(1);
    return run;
  }

  async repeat(calls: number): Promise<void> {
    for (let i = 0; i < calls; i++) await this.#session.run(this.#feeds, this.#fetches);
  }

  /** Writes the profile. */
  endProfiling(): void {
    this.#session.endProfiling();
  }

  /** Frees the session. */
  release(): Promise<void> {
    return this.#session.release();
  }
}

/**
 * A model that computes next to nothing: what a call through the peer's JavaScript face costs by itself, its trip
 * through the event loop included.
 */
export function emptyPeerRun(): Promise<PeerRun> {
  const model = encodeSmallModel({
    nodes: [{ op: 'Relu', inputs: ['x'], output: 'y' }],
    inputs: { x: [1] },
    constants: {},
    output: { name: 'y', shape: [1] },
  });
  return PeerRun.create(model, { x: { shape: [1], data: new Float32Array(1) } }, 1);
}

function tensors(values: Readonly<Record<string, FloatTensor>>): Record<string, Tensor> {
  return Object.fromEntries(
    Object.entries(values).map(([name, { shape, data }]) => [name, new Tensor('float32', data, shape)]),
  );
}
