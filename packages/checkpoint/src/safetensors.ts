/**
 * The safetensors format, read and written: https://github.com/huggingface/safetensors#format. Reading is as strict
 * as the reference implementation: every byte of the data belongs to exactly one tensor.
 */
import { type DType, dtypeInfo, fromBytes, type Tensor } from '@sconce/tensor';
import { countElements } from './bytes.ts';
import { CheckpointError } from './errors.ts';

/** The reference implementation's limit on the header. */
const MAX_HEADER_BYTES = 100_000_000;

const names: Readonly<Record<DType, string>> = {
  float64: 'F64',
  float32: 'F32',
  float16: 'F16',
  bfloat16: 'BF16',
  int64: 'I64',
  int32: 'I32',
  int16: 'I16',
  int8: 'I8',
  uint8: 'U8',
  uint16: 'U16',
  uint32: 'U32',
  uint64: 'U64',
  bool: 'BOOL',
};
const dtypes = new Map(Object.entries(names).map(([dtype, name]) => [name, dtype as DType]));

/** dtypes of the format for which there is no tensor dtype. */
const unsupported = new Set(['C64', 'F8_E5M2', 'F8_E4M3', 'F8_E8M0', 'F6_E2M3', 'F6_E3M2', 'F4']);

/** One tensor of a safetensors file, not yet made. */
export interface SafetensorsEntry {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** The tensor's bytes: a view of the file's bytes. */
  readonly bytes: Uint8Array;
}

/** A safetensors file whose tensors are made when asked for. */
export interface SafetensorsFile {
  /** What `__metadata__` holds; empty when it is absent. */
  readonly metadata: Readonly<Record<string, string>>;
  /** The tensors in order of the header. */
  readonly entries: ReadonlyMap<string, SafetensorsEntry>;
}

/** Options of the readers. */
export interface ReadOptions {
  /** Name of the file, for error messages. */
  readonly file?: string | undefined;
}

/**
 * Reads and checks the header of a safetensors file; no tensor is made and nothing is copied.
 *
 * @throws {CheckpointError} when the header is malformed, or its offsets overlap, leave gaps or run past the file.
 */
export function openSafetensors(bytes: Uint8Array, options: ReadOptions = {}): SafetensorsFile {
  const { file } = options;
  const { header, data } = splitFile(bytes, file);
  const metadata = readMetadata(header['__metadata__'], file);
  const placed: { entry: SafetensorsEntry; begin: number; end: number }[] = [];
  for (const [name, description] of Object.entries(header)) {
    if (name !== '__metadata__') placed.push(readEntry(name, description, data, file));
  }
  checkLayout(placed, data.length, file);
  return { metadata, entries: new Map(placed.map(({ entry }) => [entry.name, entry])) };
}

/**
 * Reads a safetensors file. Tensors are copies of the file's bytes, in order of the header.
 *
 * @throws {CheckpointError} as {@link openSafetensors}.
 */
export function readSafetensors(
  bytes: Uint8Array,
  options: ReadOptions = {},
): { tensors: Map<string, Tensor>; metadata: Record<string, string> } {
  const { metadata, entries } = openSafetensors(bytes, options);
  const tensors = new Map<string, Tensor>();
  for (const entry of entries.values()) {
    tensors.set(entry.name, fromBytes(entry.bytes, entry.dtype, entry.shape));
  }
  return { tensors, metadata: { ...metadata } };
}

/**
 * Writes a safetensors file: larger elements first, so that all are aligned, otherwise in the order given.
 *
 * @param metadata texts to keep in `__metadata__`, which is left out when there are none
 * @throws {CheckpointError} when a tensor is called `__metadata__`
 */
export function writeSafetensors(
  tensors: ReadonlyMap<string, Tensor> | Readonly<Record<string, Tensor>>,
  metadata?: Readonly<Record<string, string>>,
): Uint8Array {
  const list: [string, Tensor][] =
    tensors instanceof Map ? [...tensors] : Object.entries(tensors as Record<string, Tensor>);
  list.sort(([, a], [, b]) => dtypeInfo(b.dtype).bytes - dtypeInfo(a.dtype).bytes);
  const header: [string, unknown][] = [];
  if (metadata !== undefined && Object.keys(metadata).length > 0) header.push(['__metadata__', metadata]);
  let at = 0;
  for (const [name, tensor] of list) {
    if (name === '__metadata__') throw new CheckpointError('no tensor can have this name', { entry: name });
    const end = at + tensor.numel() * dtypeInfo(tensor.dtype).bytes;
    header.push([name, { dtype: names[tensor.dtype], shape: tensor.shape, data_offsets: [at, end] }]);
    at = end;
  }
  const json = header.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(',');
  const text = new TextEncoder().encode(`{${json}}`);
  const start = 8 + Math.ceil(text.length / 8) * 8;
  const bytes = new Uint8Array(start + at).fill(0x20, 8, start);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(start - 8), true);
  bytes.set(text, 8);
  let to = start;
  for (const [, tensor] of list) {
    const elements = tensor.toBytes();
    bytes.set(elements, to);
    to += elements.length;
  }
  return bytes;
}

function splitFile(
  bytes: Uint8Array,
  file: string | undefined,
): { header: object & Record<string, unknown>; data: Uint8Array } {
  if (bytes.length < 8) {
    throw new CheckpointError(`not a safetensors file, expected at least 8 bytes, got ${bytes.length}`, {
      file,
    });
  }
  const length = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  if (length > MAX_HEADER_BYTES || length > bytes.length - 8) {
    const most = Math.min(MAX_HEADER_BYTES, bytes.length - 8);
    throw new CheckpointError(`safetensors header too long, expected at most ${most} bytes, got ${length}`, {
      file,
    });
  }
  const start = 8 + Number(length);
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(8, start)));
  } catch (cause) {
    throw new CheckpointError('safetensors header is not valid, expected JSON', { file }, { cause });
  }
  if (!isRecord(header))
    throw new CheckpointError('safetensors header is not valid, expected a JSON object', { file });
  return { header, data: bytes.subarray(start) };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function readMetadata(value: unknown, file: string | undefined): Record<string, string> {
  if (value === undefined) return {};
  if (!isRecord(value) || Object.values(value).some((text) => typeof text !== 'string')) {
    throw new CheckpointError('expected an object of texts', { file, entry: '__metadata__' });
  }
  return value as Record<string, string>;
}

function readEntry(
  name: string,
  description: unknown,
  data: Uint8Array,
  file: string | undefined,
): { entry: SafetensorsEntry; begin: number; end: number } {
  const fail = (what: string): never => {
    throw new CheckpointError(what, { file, entry: name });
  };
  if (!isRecord(description)) return fail('expected an object with dtype, shape and data_offsets');
  const { dtype: dtypeName, shape, data_offsets: offsets } = description;
  const dtype = dtypes.get(String(dtypeName));
  if (dtype === undefined) {
    const problem = unsupported.has(String(dtypeName)) ? 'unsupported' : 'unknown';
    return fail(
      `${problem} dtype ${JSON.stringify(dtypeName)}, expected one of ${[...dtypes.keys()].join(' ')}`,
    );
  }
  const count = countElements(shape);
  if (count === undefined)
    return fail(`shape ${JSON.stringify(shape)} is not valid, expected a list of sizes`);
  if (!Array.isArray(offsets) || offsets.length !== 2 || offsets.some((offset) => !isOffset(offset))) {
    return fail(`data_offsets ${JSON.stringify(offsets)} are not valid, expected [begin, end]`);
  }
  const [begin, end] = offsets as [number, number];
  if (begin > end || end > data.length) {
    return fail(`data_offsets [${begin}, ${end}] run past the data, expected begin <= end <= ${data.length}`);
  }
  const expected = count * dtypeInfo(dtype).bytes;
  if (end - begin !== expected) {
    return fail(
      `holds ${end - begin} bytes, expected ${expected} for ${dtypeName} [${(shape as number[]).join(', ')}]`,
    );
  }
  return { entry: { name, dtype, shape: shape as number[], bytes: data.subarray(begin, end) }, begin, end };
}

function isOffset(value: unknown): boolean {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

/** Every byte of the data belongs to exactly one tensor. */
function checkLayout(
  placed: readonly { entry: SafetensorsEntry; begin: number; end: number }[],
  length: number,
  file: string | undefined,
): void {
  let at = 0;
  for (const { entry, begin, end } of [...placed].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== at) {
      const problem = begin < at ? 'overlaps another tensor' : 'leaves a gap before it';
      throw new CheckpointError(`${problem}, expected to begin at byte ${at}, got ${begin}`, {
        file,
        entry: entry.name,
      });
    }
    at = end;
  }
  if (at !== length) {
    throw new CheckpointError(`expected ${at} bytes of data as the header says, got ${length}`, { file });
  }
}
