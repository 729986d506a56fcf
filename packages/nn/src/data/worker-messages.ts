/** What the loader and its workers say to each other, and how tensors travel between threads. */
import { type DType, fromBytes, Tensor } from '@sconce/tensor';

/** What a worker is started with. */
export interface WorkerStart {
  /** URL of the module with the dataset. */
  readonly module: string;
  readonly id: number;
  readonly numWorkers: number;
  readonly baseSeed: bigint;
  readonly batching: boolean;
  readonly dropLast: boolean;
}

/** What a worker is asked for: a batch, or to begin again with a new pass. */
export type WorkerRequest =
  | { readonly kind: 'fetch'; readonly pass: number; readonly task: number; readonly index: unknown }
  | { readonly kind: 'restart' };

/** What a worker answers. */
export interface WorkerReply {
  readonly pass: number;
  readonly task: number;
  readonly kind: 'batch' | 'end' | 'error';
  /** The packed batch, or the error's class and message. */
  readonly value: unknown;
  readonly stack?: string | undefined;
}

const mark = '@sconce/nn tensor';

interface PackedTensor {
  readonly [mark]: true;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

/** Copies a value so that it can be sent: tensors at any depth become their bytes. */
export function pack(value: unknown, transfer: ArrayBuffer[]): unknown {
  return mapTensors(value, (tensor) => {
    const bytes = tensor.toBytes();
    transfer.push(bytes.buffer as ArrayBuffer);
    return { [mark]: true, dtype: tensor.dtype, shape: [...tensor.shape], bytes } satisfies PackedTensor;
  });
}

/** The value that was packed. */
export function unpack(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (mark in value) {
    const { bytes, dtype, shape } = value as PackedTensor;
    return fromBytes(bytes, dtype, shape);
  }
  return mapMembers(value, unpack);
}

function mapTensors(value: unknown, change: (tensor: Tensor) => unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Tensor) return change(value);
  return mapMembers(value, (member) => mapTensors(member, change));
}

/** Applies a function to the members of a list, Map or plain object; anything else goes as it is. */
function mapMembers(value: object, change: (member: unknown) => unknown): unknown {
  if (Array.isArray(value)) return value.map(change);
  if (value instanceof Map) return new Map([...value].map(([key, member]) => [key, change(member)]));
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, change(member)]));
}
