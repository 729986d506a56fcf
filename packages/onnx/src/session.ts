/** `InferenceSession`: an ONNX file, ready to run. */
import {
  type Graph,
  GraphSession,
  type GraphSessionOptions,
  type RunOptions,
  type ValueInfo,
} from '@sconce/graph';
import { DataLocation, type ModelProto } from '@sconce/onnx-proto';
import type { Tensor } from '@sconce/tensor';
import { type ModelFile, readModelFile } from './files.ts';
import { decode, type ImportedModel, type ImportOptions, modelFromProto } from './import.ts';
import type { ModelInfo } from './model-info.ts';
import { isInnerLocation } from './tensor-proto.ts';

/** Options of {@link InferenceSession.create}. */
export type InferenceSessionOptions = ImportOptions & GraphSessionOptions;

/**
 * A model that can be run, with onnxruntime's shape of API.
 *
 * @example
 * const session = await InferenceSession.create('model.onnx');
 * const { logits } = await session.run({ input: rand([1, 3, 224, 224]) });
 */
export class InferenceSession {
  readonly #session: GraphSession;
  /** What the file says about itself: producer, opsets, custom key-value pairs, ... */
  readonly metadata: ModelInfo;

  private constructor(model: ImportedModel, options: InferenceSessionOptions) {
    this.#session = new GraphSession(model.graph, options);
    this.metadata = model.info;
  }

  /**
   * Reads a model: a path or URL, or the file's bytes. External data are read from the files beside it.
   *
   * @throws OnnxError with everything that is wrong, naming the file
   */
  static async create(
    source: string | URL | Uint8Array | ArrayBuffer,
    options: InferenceSessionOptions = {},
  ): Promise<InferenceSession> {
    if (source instanceof Uint8Array || source instanceof ArrayBuffer) {
      const bytes = source instanceof Uint8Array ? source : new Uint8Array(source);
      return new InferenceSession(modelFromProto(decode(bytes, options.file), options), options);
    }
    const file = await readModelFile(source);
    const named = { file: file.name, ...options };
    const model = decode(file.bytes, named.file);
    const data = await readExternalData(model, file);
    const externalData = options.externalData ?? ((location: string) => data.get(location));
    return new InferenceSession(modelFromProto(model, { ...named, externalData }), named);
  }

  /** The graph at the newest opset. */
  get graph(): Graph {
    return this.#session.graph;
  }

  /** The values to feed, with dtypes and shapes. */
  get inputs(): readonly ValueInfo[] {
    return this.#session.inputs;
  }

  /** The values a run gives. */
  get outputs(): readonly ValueInfo[] {
    return this.#session.outputs;
  }

  get inputNames(): readonly string[] {
    return this.inputs.map((input) => input.name);
  }

  get outputNames(): readonly string[] {
    return this.outputs.map((output) => output.name);
  }

  /**
   * Runs the model without holding up the event loop.
   *
   * @param feeds a tensor for every input
   * @param fetches names of the values to return, inner ones too; all outputs when left out
   * @throws GraphError for feeds that do not fit, and for a node that fails (named)
   */
  run(
    feeds: Readonly<Record<string, Tensor>>,
    fetches?: readonly string[],
    options?: RunOptions,
  ): Promise<Record<string, Tensor>> {
    return this.#session.run(feeds, fetches, options);
  }

  /** Runs the model in one go; blocks until it is done. */
  runSync(feeds: Readonly<Record<string, Tensor>>, fetches?: readonly string[]): Record<string, Tensor> {
    return this.#session.runSync(feeds, fetches);
  }

  /** Frees the weights. */
  dispose(): void {
    this.#session.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** Reads every external file that the model's tensors name, each once. */
async function readExternalData(model: ModelProto, file: ModelFile): Promise<Map<string, Uint8Array>> {
  const locations = new Set<string>();
  const attributes =
    model.graph?.node.flatMap((node) => node.attribute.flatMap(({ t }) => (t ? [t] : []))) ?? [];
  for (const tensor of [...(model.graph?.initializer ?? []), ...attributes]) {
    if (tensor.dataLocation !== DataLocation.EXTERNAL) continue;
    const location = tensor.externalData.find(({ key }) => key === 'location')?.value ?? '';
    if (isInnerLocation(location)) locations.add(location);
  }
  const read = new Map<string, Uint8Array>();
  for (const location of locations) {
    const bytes = await file.readBeside(location);
    if (bytes) read.set(location, bytes);
  }
  return read;
}
