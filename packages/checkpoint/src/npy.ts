/** NumPy's `.npy` and `.npz` files: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html */
import { type DType, dtypeInfo, fromBytes, type Tensor } from '@sconce/tensor';
import { countElements, storageFrom, swapBytes, viewOf } from './bytes.ts';
import { CheckpointError, type Place } from './errors.ts';
import type { ReadOptions } from './safetensors.ts';
import { isZip, readZip } from './zip.ts';

/** NumPy's type codes without the byte order. bfloat16 has none. */
const codes: Readonly<Partial<Record<DType, string>>> = {
  float64: 'f8',
  float32: 'f4',
  float16: 'f2',
  int64: 'i8',
  int32: 'i4',
  int16: 'i2',
  int8: 'i1',
  uint8: 'u1',
  uint16: 'u2',
  uint32: 'u4',
  uint64: 'u8',
  bool: 'b1',
};
const dtypes = new Map(Object.entries(codes).map(([dtype, code]) => [code, dtype as DType]));

const MAGIC = '\x93NUMPY';
const HEADER =
  /^\{\s*'descr':\s*'([^']*)',\s*'fortran_order':\s*(True|False),\s*'shape':\s*\(([\d,\sL]*)\),?\s*\}\s*$/;

/** Whether the bytes begin as an `.npy` file does. */
export function isNpy(bytes: Uint8Array): boolean {
  return bytes.length >= 6 && String.fromCharCode(...bytes.subarray(0, 6)) === MAGIC;
}

/**
 * Reads an `.npy` file (format 1 to 3). Both byte orders are read; an array in Fortran order becomes a tensor with
 * its strides.
 *
 * @throws {CheckpointError} when the file is damaged, or its type has no counterpart here (text, complex, objects)
 */
export function readNpy(bytes: Uint8Array, options: ReadOptions = {}): Tensor {
  return readArray(bytes, { file: options.file });
}

/**
 * Writes an `.npy` file (format 1), byte for byte as NumPy does.
 *
 * @throws {CheckpointError} for bfloat16, which NumPy does not have
 */
export function writeNpy(tensor: Tensor): Uint8Array {
  const code = codes[tensor.dtype];
  if (code === undefined) {
    throw new CheckpointError(
      `npy files have no ${tensor.dtype}, expected one of ${Object.keys(codes).join(' ')}`,
    );
  }
  const order = dtypeInfo(tensor.dtype).bytes === 1 ? '|' : '<';
  const { shape } = tensor;
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`;
  const text = `{'descr': '${order}${code}', 'fortran_order': False, 'shape': ${tuple}, }`;
  // Magic, version and length take 10 bytes; the header ends with a newline at a multiple of 64.
  const start = Math.ceil((10 + text.length + 1) / 64) * 64;
  const data = tensor.toBytes();
  const bytes = new Uint8Array(start + data.length);
  const header = `${MAGIC}\x01\x00${String.fromCharCode((start - 10) & 255, (start - 10) >> 8)}${text.padEnd(start - 11)}\n`;
  for (let i = 0; i < start; i++) bytes[i] = header.charCodeAt(i);
  bytes.set(data, start);
  return bytes;
}

/**
 * Reads an `.npz` file: its arrays by name, without the ending `.npy`.
 *
 * @throws {CheckpointError} as {@link readNpy}, and when the archive is damaged or unpacks to far more than it is
 */
export function readNpz(bytes: Uint8Array, options: ReadOptions = {}): Map<string, Tensor> {
  const { file } = options;
  if (!isZip(bytes)) throw new CheckpointError('not an npz file, expected a zip archive', { file });
  const arrays = new Map<string, Tensor>();
  for (const member of readZip(bytes, file).values()) {
    arrays.set(member.name.replace(/\.npy$/, ''), readArray(member.read(), { file, entry: member.name }));
  }
  return arrays;
}

function readArray(bytes: Uint8Array, place: Place): Tensor {
  const fail = (what: string): never => {
    throw new CheckpointError(what, place);
  };
  if (!isNpy(bytes)) return fail('not an npy file, expected it to begin with \\x93NUMPY');
  const { header, data } = splitFile(bytes, fail);
  const match = HEADER.exec(header);
  if (!match) return fail('npy header is not valid, expected a dict with descr, fortran_order and shape');
  const [, descr, fortran, sizes] = match as unknown as [string, string, string, string];
  const dtype = dtypes.get(descr.slice(1));
  if (dtype === undefined || !'<>=|'.includes(descr[0]!)) {
    return fail(`dtype ${descr} is not supported, expected one of ${[...dtypes.keys()].join(' ')}`);
  }
  const shape = sizes
    .replaceAll('L', '')
    .split(',')
    .map((size) => size.trim())
    .filter(Boolean)
    .map(Number);
  const count = countElements(shape);
  if (count === undefined) return fail(`shape (${sizes}) is not valid`);
  const expected = count * dtypeInfo(dtype).bytes;
  if (data.length !== expected) return fail(`holds ${data.length} bytes of data, expected ${expected}`);
  const elements = descr.startsWith('>') ? swapBytes(data, dtypeInfo(dtype).bytes) : data;
  if (fortran === 'False') return fromBytes(elements, dtype, shape);
  let step = 1;
  const strides = shape.map((size) => {
    const stride = step;
    step *= Math.max(size, 1);
    return stride;
  });
  return viewOf(storageFrom(elements), dtype, shape, strides, 0);
}

function splitFile(bytes: Uint8Array, fail: (what: string) => never): { header: string; data: Uint8Array } {
  const major = bytes[6] ?? 0;
  if (major < 1 || major > 3) return fail(`npy format ${major}, expected 1, 2 or 3`);
  const lengthSize = major === 1 ? 2 : 4;
  if (bytes.length < 8 + lengthSize) return fail('npy file ends early, expected its header');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = lengthSize === 2 ? view.getUint16(8, true) : view.getUint32(8, true);
  const start = 8 + lengthSize + length;
  if (start > bytes.length) return fail(`npy file ends early, expected a header of ${length} bytes`);
  return {
    header: new TextDecoder().decode(bytes.subarray(8 + lengthSize, start)),
    data: bytes.subarray(start),
  };
}
