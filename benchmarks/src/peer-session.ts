// A session of the peer's with inputs and outputs in place, for any package of onnxruntime.

import type * as onnxruntime from 'onnxruntime-node';
import type { LocalLane } from './measure.ts';

/** What is used of onnxruntime's packages. */
export type OnnxRuntime = Pick<typeof onnxruntime, 'InferenceSession' | 'Tensor'>;

type Tensors = Readonly<Record<string, onnxruntime.Tensor>>;

/** A float32 tensor by its elements. */
export interface FloatTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** A loaded model with its inputs. */
export class PeerSession implements LocalLane {
  readonly #session: onnxruntime.InferenceSession;
  readonly #feeds: Tensors;
  readonly #fetches: Tensors | undefined;
  /** What a call computes, whole numbers as floats. */
  readonly outputs: Readonly<Record<string, FloatTensor>>;

  protected constructor(
    session: onnxruntime.InferenceSession,
    feeds: Tensors,
    fetches: Tensors | undefined,
    outputs: Readonly<Record<string, FloatTensor>>,
  ) {
    this.#session = session;
    this.#feeds = feeds;
    this.#fetches = fetches;
    this.outputs = outputs;
  }

  /**
   * Loads a model and runs it.
   *
   * @param outputsInPlace whether calls write into tensors that are there; onnxruntime-web does not
   * @throws Error when an output is neither float32 nor int64
   */
  static async load(
    runtime: OnnxRuntime,
    model: Uint8Array,
    feeds: Readonly<Record<string, FloatTensor>>,
    outputsInPlace: boolean,
    options: onnxruntime.InferenceSession.SessionOptions,
  ): Promise<PeerSession> {
    const session = await runtime.InferenceSession.create(model, options);
    const inputs = tensors(runtime, feeds);
    const outputs: Record<string, FloatTensor> = {};
    const fetches: Record<string, onnxruntime.Tensor> = {};
    for (const [name, value] of Object.entries(await session.run(inputs))) {
      outputs[name] = { shape: [...value.dims], data: floatsOf(name, value) };
      fetches[name] = value;
    }
    return new PeerSession(session, inputs, outputsInPlace ? fetches : undefined, outputs);
  }

  async repeat(calls: number): Promise<void> {
    for (let i = 0; i < calls; i++) {
      if (this.#fetches === undefined) await this.#session.run(this.#feeds);
      else await this.#session.run(this.#feeds, this.#fetches);
    }
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

function floatsOf(name: string, { data, type }: onnxruntime.Tensor): Float32Array {
  if (data instanceof Float32Array) return data.slice();
  if (data instanceof BigInt64Array) return Float32Array.from(data, Number);
  throw new Error(`onnxruntime: output ${name} has another dtype, expected float32 or int64, got ${type}`);
}

function tensors({ Tensor }: OnnxRuntime, values: Readonly<Record<string, FloatTensor>>): Tensors {
  return Object.fromEntries(
    Object.entries(values).map(([name, { shape, data }]) => [name, new Tensor('float32', data, shape)]),
  );
}
