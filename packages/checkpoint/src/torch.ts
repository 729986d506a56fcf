/**
 * PyTorch's `.pt` and `.pth` files (`torch.save`, zip form): a pickle, and one archive member per storage. As with
 * `torch.load(weights_only=True)` only a fixed set of names may occur in the pickle, and nothing is executed.
 */
import { type DType, dtypeInfo, type Tensor } from '@sconce/tensor';
import { countElements, storageFrom, swapBytes, viewOf } from './bytes.ts';
import { CheckpointError } from './errors.ts';
import { type PickleCallable, unpickle } from './pickle.ts';
import type { ReadOptions } from './safetensors.ts';
import { isZip, readZip, type ZipMember } from './zip.ts';

/**
 * What a `.pt` file can hold. Dicts are Maps, lists, tuples and `torch.Size` arrays, integers beyond 2^53 bigints,
 * `torch.dtype` and `torch.device` their texts (`torch.float32`, `cuda:0`), parameters plain tensors.
 */
export type TorchValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | Tensor
  | TorchValue[]
  | Map<TorchValue, TorchValue>
  | Set<TorchValue>;

/** Element types by the name of their storage class. */
export const storageTypes: Readonly<Record<string, DType>> = {
  DoubleStorage: 'float64',
  FloatStorage: 'float32',
  HalfStorage: 'float16',
  BFloat16Storage: 'bfloat16',
  LongStorage: 'int64',
  IntStorage: 'int32',
  ShortStorage: 'int16',
  CharStorage: 'int8',
  ByteStorage: 'uint8',
  BoolStorage: 'bool',
};

/** Storage classes that PyTorch has and Sconce has no dtype for. */
const otherStorageTypes = /^(Complex(Float|Double|Half)|Q(U?Int8|Int32|U?Int4x2|UInt2x4))Storage$/;

const dtypeNames =
  /^torch\.((float|bfloat|u?int|complex)(8|16|32|64|128)|bool|float8_\w+|half|float|double|short|int|long|q(u?int8|int32))$/;

/** A storage class as named in the pickle. */
class StorageType {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

/** A storage of the archive, whose bytes are read when the first tensor on it is built. */
class StorageReference {
  readonly key: string;
  /** Undefined for an untyped storage, whose tensors carry their dtype themselves. */
  readonly dtype: DType | undefined;
  readonly bytes: number;
  constructor(key: string, dtype: DType | undefined, bytes: number) {
    this.key = key;
    this.dtype = dtype;
    this.bytes = bytes;
  }
}

/**
 * Reads a `.pt` file written by `torch.save`. Tensors keep their strides, and those that shared a storage share it
 * again. What lay on a GPU comes to the CPU.
 *
 * @throws {CheckpointError} when the archive or the pickle is damaged, a storage is shorter than its tensors, a dtype
 * has no counterpart here, or the pickle names anything but tensors and containers (`refuses to call os.system`)
 */
export function readTorch(bytes: Uint8Array, options: ReadOptions = {}): TorchValue {
  const { file } = options;
  if (!isZip(bytes)) throw new CheckpointError(notAnArchive(bytes), { file });
  const members = readZip(bytes, file);
  const pickle = [...members.values()].find(({ name }) => /^[^/]+\/data\.pkl$/.test(name));
  if (!pickle)
    throw new CheckpointError('not a PyTorch file, expected data.pkl in the zip archive', { file });
  const folder = pickle.name.slice(0, -'data.pkl'.length);
  if (members.has(`${folder}constants.pkl`)) {
    throw new CheckpointError('is a TorchScript archive, expected a file written by torch.save', { file });
  }
  const loader = new Loader(members, folder, file);
  return unpickle(pickle.read(), loader, { file, entry: pickle.name }) as TorchValue;
}

/**
 * Reads a state dict written by `torch.save(model.state_dict(), path)`: its tensors by name, in order.
 *
 * @throws {CheckpointError} as {@link readTorch}, and when the file holds anything but named tensors
 */
export function readStateDict(bytes: Uint8Array, options: ReadOptions = {}): Map<string, Tensor> {
  const value = readTorch(bytes, options);
  const { file } = options;
  const hint = 'expected a state dict (names and tensors); readTorch reads the whole file';
  if (!(value instanceof Map)) throw new CheckpointError(`holds ${describe(value)}, ${hint}`, { file });
  for (const [key, tensor] of value) {
    if (typeof key !== 'string') throw new CheckpointError(`has the key ${String(key)}, ${hint}`, { file });
    if (!isTensor(tensor))
      throw new CheckpointError(`holds ${describe(tensor)}, ${hint}`, { file, entry: key });
  }
  return value as Map<string, Tensor>;
}

function isTensor(value: unknown): value is Tensor {
  return typeof value === 'object' && value !== null && 'storage' in value && 'dtype' in value;
}

function describe(value: unknown): string {
  if (value === null) return 'None';
  if (value instanceof Map) return 'a dict';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

function notAnArchive(bytes: Uint8Array): string {
  const legacy = bytes[0] === 0x80 && bytes[1] !== undefined && bytes[1] <= 5;
  return legacy
    ? 'is a pickle without an archive (PyTorch before 1.6), expected the zip form; load it in PyTorch and torch.save it again'
    : 'not a PyTorch file, expected a zip archive';
}

/** Knows the names a PyTorch pickle may use, and makes tensors of the archive's storages. */
class Loader {
  readonly #members: ReadonlyMap<string, ZipMember>;
  readonly #folder: string;
  readonly #file: string | undefined;
  readonly #bigEndian: boolean;
  readonly #storages = new Map<string, Tensor>();
  readonly #callables: ReadonlyMap<string, PickleCallable>;

  constructor(members: ReadonlyMap<string, ZipMember>, folder: string, file: string | undefined) {
    this.#members = members;
    this.#folder = folder;
    this.#file = file;
    this.#bigEndian = this.#byteOrder() === 'big';
    this.#callables = new Map(
      (
        [
          ['collections.OrderedDict', (args) => this.#orderedDict(args)],
          ['__builtin__.set', (args) => this.#set(args)],
          ['builtins.set', (args) => this.#set(args)],
          ['torch._utils._rebuild_tensor', (args) => this.#tensor(args)],
          ['torch._utils._rebuild_tensor_v2', (args) => this.#tensor(args)],
          ['torch._utils._rebuild_tensor_v3', (args) => this.#tensor(args, args[6])],
          ['torch._utils._rebuild_parameter', (args) => this.#parameter(args)],
          ['torch.Size', (args) => this.#size(args)],
          ['torch.device', (args) => args.join(':')],
          ['_codecs.encode', (args) => this.#encode(args)],
        ] as [string, (args: readonly unknown[]) => unknown][]
      ).map(([global, call]) => [global, { global, call }]),
    );
  }

  /** PickleHost */
  readonly global = (name: string): unknown => {
    const callable = this.#callables.get(name);
    if (callable) return callable;
    if (dtypeNames.test(name)) return name;
    const storage = /^torch(?:\.storage)?\.(\w+Storage)$/.exec(name)?.[1];
    if (storage === undefined) return undefined;
    const known = storage in storageTypes || storage === 'UntypedStorage' || otherStorageTypes.test(storage);
    return known ? new StorageType(storage) : undefined;
  };

  /** PickleHost: `('storage', class, key, location, number of elements)`. */
  readonly persistent = (id: unknown): StorageReference => {
    const [kind, type, key, , count] = Array.isArray(id) ? (id as unknown[]) : [];
    if (kind !== 'storage' || !(type instanceof StorageType) || typeof key !== 'string') {
      return this.#fail('a persistent id is not valid, expected a storage');
    }
    const dtype = storageTypes[type.name];
    if (dtype === undefined && type.name !== 'UntypedStorage') {
      return this.#fail(
        `storage of type ${type.name}, expected one of ${Object.keys(storageTypes).join(' ')}`,
        key,
      );
    }
    const elements = countElements([count]);
    if (elements === undefined) return this.#fail(`storage of ${String(count)} elements`, key);
    return new StorageReference(key, dtype, elements * (dtype === undefined ? 1 : dtypeInfo(dtype).bytes));
  };

  #fail(what: string, key?: string): never {
    const entry = `${this.#folder}${key === undefined ? 'data.pkl' : `data/${key}`}`;
    throw new CheckpointError(what, { file: this.#file, entry });
  }

  #byteOrder(): string {
    const member = this.#members.get(`${this.#folder}byteorder`);
    if (!member) return 'little';
    const order = new TextDecoder().decode(member.read());
    if (order !== 'little' && order !== 'big') {
      throw new CheckpointError(`expected little or big, got ${JSON.stringify(order.slice(0, 20))}`, {
        file: this.#file,
        entry: member.name,
      });
    }
    return order;
  }

  #orderedDict(args: readonly unknown[]): Map<unknown, unknown> {
    const pairs = args[0] ?? [];
    if (!Array.isArray(pairs) || !pairs.every((pair) => Array.isArray(pair) && pair.length === 2)) {
      return this.#fail('arguments of collections.OrderedDict are not valid, expected pairs');
    }
    return new Map(pairs as [unknown, unknown][]);
  }

  #set(args: readonly unknown[]): Set<unknown> {
    const items = args[0] ?? [];
    if (!Array.isArray(items)) return this.#fail('arguments of set are not valid, expected a list');
    return new Set(items);
  }

  #size(args: readonly unknown[]): unknown {
    if (countElements(args[0]) === undefined)
      return this.#fail('arguments of torch.Size are not valid, expected sizes');
    return args[0];
  }

  #parameter(args: readonly unknown[]): unknown {
    if (!isTensor(args[0])) return this.#fail('arguments of torch._utils._rebuild_parameter are not valid');
    return args[0];
  }

  /** How protocol 2 writes bytes: a text whose characters are the bytes. */
  #encode(args: readonly unknown[]): Uint8Array {
    const [text, encoding] = args;
    if (typeof text !== 'string' || encoding !== 'latin1')
      return this.#fail('refuses to call _codecs.encode so');
    return Uint8Array.from(text, (character) => character.charCodeAt(0));
  }

  /** `(storage, offset, size, stride, ...)`, all in elements. */
  #tensor(args: readonly unknown[], dtypeName?: unknown): Tensor {
    const [reference, offset, size, stride] = args;
    if (!(reference instanceof StorageReference))
      return this.#fail('a tensor is not valid, expected a storage');
    const { key } = reference;
    const dtype = dtypeName === undefined ? reference.dtype : dtypeOf(dtypeName);
    if (dtype === undefined) {
      return this.#fail(
        `tensor of dtype ${String(dtypeName)}, expected one of ${Object.values(storageTypes).join(' ')}`,
        key,
      );
    }
    const count = countElements(size);
    if (count === undefined) return this.#fail(`tensor size ${JSON.stringify(size)} is not valid`, key);
    const shape = size as number[];
    const strides = stride as number[];
    if (countElements([offset]) === undefined || !Array.isArray(stride) || strides.length !== shape.length) {
      return this.#fail(
        `tensor offset ${String(offset)} or stride ${JSON.stringify(stride)} is not valid`,
        key,
      );
    }
    // The last element touched lies at offset + sum((size - 1) * stride); an empty tensor touches none.
    let last = count === 0 ? -1 : (offset as number);
    for (const [i, step] of strides.entries()) {
      if (countElements([step]) === undefined)
        return this.#fail(`tensor stride ${String(step)} is not valid`, key);
      if (count > 0) last += (shape[i]! - 1) * step;
    }
    const needed = (last + 1) * dtypeInfo(dtype).bytes;
    if (needed > reference.bytes) {
      return this.#fail(
        `storage is shorter than its tensor, expected at least ${needed} bytes, got ${reference.bytes}`,
        key,
      );
    }
    const storage = this.#storage(reference, dtypeInfo(dtype).bytes);
    return viewOf(storage, dtype, shape, strides, count === 0 ? 0 : (offset as number));
  }

  #storage(reference: StorageReference, size: number): Tensor {
    const known = this.#storages.get(reference.key);
    if (known) {
      if (known.numel() < reference.bytes)
        this.#fail(`storage holds ${known.numel()} bytes, expected ${reference.bytes}`, reference.key);
      return known;
    }
    const member = this.#members.get(`${this.#folder}data/${reference.key}`);
    if (!member) return this.#fail('storage is missing from the archive', reference.key);
    if (member.size !== reference.bytes) {
      return this.#fail(`storage holds ${member.size} bytes, expected ${reference.bytes}`, reference.key);
    }
    const bytes = member.read();
    const storage = storageFrom(this.#bigEndian ? swapBytes(bytes, size) : bytes);
    this.#storages.set(reference.key, storage);
    return storage;
  }
}

/** `torch.float32` as a dtype of Sconce; undefined when there is none. */
function dtypeOf(name: unknown): DType | undefined {
  const dtype = String(name).replace(/^torch\./, '');
  return Object.values(storageTypes).find((known) => known === dtype);
}
