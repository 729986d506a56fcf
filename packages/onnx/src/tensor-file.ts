/** Reads a single tensor from a file of ONNX's own tensor format (`.pb`), as test data sets hold them. */
import { decodeTensor, OnnxFormatError } from '@sconce/onnx-proto';
import type { Tensor } from '@sconce/tensor';
import { OnnxError } from './errors.ts';
import { tensorFromProto } from './tensor-proto.ts';

/**
 * Reads the bytes of a serialized TensorProto.
 *
 * @param options.file named in errors
 * @throws {OnnxError} when the bytes are no tensor, its dtype is not supported, or its data do not fit its shape
 */
export function readTensorProto(bytes: Uint8Array, options: { readonly file?: string } = {}): Tensor {
  const problems: string[] = [];
  try {
    const proto = decodeTensor(bytes);
    const tensor = tensorFromProto(proto, proto.name ? `tensor ${proto.name}` : 'tensor', (problem) =>
      problems.push(problem),
    );
    if (tensor !== undefined) return tensor;
  } catch (cause) {
    if (!(cause instanceof OnnxFormatError)) throw cause;
    throw new OnnxError(`expected an ONNX tensor: ${cause.message}`, { file: options.file, cause });
  }
  throw new OnnxError(problems, { file: options.file });
}
