/** The one error of this package. */

/** Bytes that are no valid ONNX message, or a value that no ONNX message can hold. */
export class OnnxFormatError extends Error {
  override readonly name: string = 'OnnxFormatError';
  /** The message being read or written, and the place in it: `ModelProto.graph.node[3].attribute[0]`. */
  readonly path: string;
  /** What is wrong there. */
  readonly what: string;
  /** Offset in the bytes read; undefined when writing. */
  readonly offset: number | undefined;

  constructor(path: string, what: string, offset?: number) {
    super(offset === undefined ? `${path}: ${what}` : `${path}: ${what} (at byte ${offset})`);
    this.path = path;
    this.what = what;
    this.offset = offset;
  }
}
