/** Writes PyTorch's `.pt` files: what `torch.load(path, weights_only=True)` reads. */
import { type DType, dtypeInfo, Tensor } from '@sconce/tensor';
import { CheckpointError } from './errors.ts';
import { PickleWriter } from './pickle-write.ts';
import { storageTypes } from './torch.ts';
import { writeZip, type ZipEntry } from './zip-write.ts';

/**
 * What can be written: what `readTorch` gives, and plain objects, which become dicts: property names
 * that are whole numbers become int keys, the others strings. Whole numbers
 * become Python's ints, others floats. A Map that has module versions in `_metadata`, as `Module.stateDict()` returns,
 * becomes an `OrderedDict` with them.
 */
export type TorchSaveable =
  | null
  | undefined
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | Tensor
  | readonly TorchSaveable[]
  | ReadonlyMap<unknown, unknown>
  | ReadonlySet<unknown>
  | { readonly [name: string]: unknown };

/**
 * The bytes of a `.pt` file. Views keep their strides, and tensors that share a storage share it in the file.
 *
 * @throws {CheckpointError} for a value that has no counterpart in Python, a dtype that PyTorch cannot save so, lists
 * that hold themselves, and more than 4 GiB; the error names where in the value it lies
 */
export function writeTorch(value: TorchSaveable): Uint8Array {
  const writer = new TorchWriter();
  writer.value(value, '');
  return writer.finish();
}

/** The folder in the archive, and what PyTorch's own writer puts beside the pickle. */
const folder = 'archive/';
const constantMembers: Readonly<Record<string, string>> = {
  '.format_version': '1',
  '.storage_alignment': '64',
  byteorder: 'little',
};

class TorchWriter {
  readonly #pickle = new PickleWriter();
  readonly #storages = new Map<Tensor['storage'], { key: string; dtype: DType; tensor: Tensor }>();
  /** What is being written, from the outermost on. */
  readonly #open = new Set<object>();

  value(value: unknown, path: string): void {
    const pickle = this.#pickle;
    if (value === null || value === undefined) {
      pickle.none();
      return;
    }
    switch (typeof value) {
      case 'boolean':
        pickle.boolean(value);
        break;
      case 'number':
        if (Number.isSafeInteger(value) && !Object.is(value, -0)) pickle.integer(value);
        else pickle.float(value);
        break;
      case 'bigint':
        pickle.integer(value);
        break;
      case 'string':
        pickle.text(value);
        break;
      case 'object':
        this.#object(value, path);
        break;
      default:
        fail(`cannot save a ${typeof value}`, path);
    }
  }

  finish(): Uint8Array {
    const encoder = new TextEncoder();
    const entries: ZipEntry[] = [{ name: `${folder}data.pkl`, bytes: this.#pickle.finish() }];
    for (const [name, text] of Object.entries(constantMembers))
      entries.push({ name: folder + name, bytes: encoder.encode(text) });
    for (const { key, tensor } of this.#storages.values())
      entries.push({ name: `${folder}data/${key}`, bytes: tensor.storage.bytes() });
    entries.push({ name: `${folder}version`, bytes: encoder.encode('3\n') });
    return writeZip(entries);
  }

  #object(value: object, path: string): void {
    if (this.#open.has(value)) fail('cannot save something that holds itself', path);
    this.#open.add(value);
    if (value instanceof Tensor) this.#tensor(value, path);
    else if (value instanceof Uint8Array) this.#byteString(value);
    else if (Array.isArray(value)) this.#list(value, path);
    else if (value instanceof Map) this.#map(value, path);
    else if (value instanceof Set) this.#set(value, path);
    else if (isPlain(value)) this.#dict(Object.entries(value).map(withNumber), path);
    else fail(`cannot save an object of class ${value.constructor.name}`, path);
    this.#open.delete(value);
  }

  #list(items: readonly unknown[], path: string): void {
    this.#pickle.emptyList();
    this.#items(items, path);
    this.#pickle.append();
  }

  #items(items: Iterable<unknown>, path: string): void {
    this.#pickle.mark();
    let i = 0;
    for (const item of items) this.value(item, `${path}[${i++}]`);
  }

  #dict(entries: Iterable<readonly [unknown, unknown]>, path: string): void {
    this.#pickle.emptyDict();
    this.#entries(entries, path);
  }

  #entries(entries: Iterable<readonly [unknown, unknown]>, path: string): void {
    this.#pickle.mark();
    for (const [key, value] of entries) {
      const name = typeof key === 'string' && path === '' ? key : `${path}[${JSON.stringify(String(key))}]`;
      if (!['string', 'number', 'bigint', 'boolean'].includes(typeof key))
        fail(`cannot save a dict with a key of type ${typeof key}`, name);
      this.value(key, name);
      this.value(value, name);
    }
    this.#pickle.setItems();
  }

  #map(map: ReadonlyMap<unknown, unknown>, path: string): void {
    const metadata: unknown = (map as { _metadata?: unknown })._metadata;
    if (!(metadata instanceof Map)) {
      this.#dict(map, path);
      return;
    }
    this.#orderedDict(map, path);
    // The attribute `_metadata`, from which PyTorch's layers know which version wrote their state.
    this.#pickle.emptyDict();
    this.#pickle.mark();
    this.#pickle.text('_metadata');
    this.#orderedDict(metadata, `${path}._metadata`);
    this.#pickle.setItems();
    this.#pickle.build();
  }

  #orderedDict(entries: Iterable<readonly [unknown, unknown]>, path: string): void {
    this.#pickle.global('collections', 'OrderedDict');
    this.#pickle.emptyTuple();
    this.#pickle.reduce();
    this.#entries(entries, path);
  }

  #set(items: ReadonlySet<unknown>, path: string): void {
    this.#pickle.global('__builtin__', 'set');
    this.#pickle.mark();
    this.#list([...items], path);
    this.#pickle.tuple();
    this.#pickle.reduce();
  }

  /** Protocol 2 has no bytes: a text whose characters are the bytes, to be encoded when it is read. */
  #byteString(bytes: Uint8Array): void {
    let text = '';
    for (const byte of bytes) text += String.fromCharCode(byte);
    this.#pickle.global('_codecs', 'encode');
    this.#pickle.mark();
    this.#pickle.text(text);
    this.#pickle.text('latin1');
    this.#pickle.tuple();
    this.#pickle.reduce();
  }

  /** `_rebuild_tensor_v2(storage, offset, size, stride, requires_grad, backward_hooks)` */
  #tensor(tensor: Tensor, path: string): void {
    const type = Object.entries(storageTypes).find(([, dtype]) => dtype === tensor.dtype)?.[0];
    if (type === undefined)
      fail(`dtype ${tensor.dtype}, expected one of ${Object.values(storageTypes).join(' ')}`, path);
    const { storage, dtype } = tensor;
    let known = this.#storages.get(storage);
    if (known === undefined) {
      known = { key: String(this.#storages.size), dtype, tensor };
      this.#storages.set(storage, known);
    }
    if (known.dtype !== dtype)
      fail('cannot save multiple tensors that view the same data as different types', path);
    const pickle = this.#pickle;
    pickle.global('torch._utils', '_rebuild_tensor_v2');
    pickle.mark();
    pickle.mark();
    pickle.text('storage');
    pickle.global('torch', type);
    pickle.text(known.key);
    pickle.text('cpu');
    pickle.integer(storage.byteLength / dtypeInfo(dtype).bytes);
    pickle.tuple();
    pickle.persistent();
    pickle.integer(tensor.offset);
    this.#sizes(tensor.shape);
    this.#sizes(tensor.strides);
    pickle.boolean(tensor.requiresGrad);
    pickle.global('collections', 'OrderedDict');
    pickle.emptyTuple();
    pickle.reduce();
    pickle.tuple();
    pickle.reduce();
  }

  #sizes(sizes: readonly number[]): void {
    this.#pickle.mark();
    for (const size of sizes) this.#pickle.integer(size);
    this.#pickle.tuple();
  }
}

/** JavaScript has no whole numbers as property names: `'0'` stands for 0, as in optimizers' state dicts. */
function withNumber([name, value]: [string, unknown]): [string | number, unknown] {
  return [/^(0|[1-9]\d{0,8})$/.test(name) ? Number(name) : name, value];
}

function isPlain(value: object): value is Record<string, unknown> {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function fail(what: string, entry: string): never {
  throw new CheckpointError(what, entry === '' ? {} : { entry });
}
