/** How samples become a batch (`torch.utils.data.default_collate`). */
import { fromTypedArray, stack, Tensor, type TypedArray, tensor } from '@sconce/tensor';

/** What {@link defaultCollate} makes of samples of a type. */
export type Collated<Item> = Item extends Tensor
  ? Tensor
  : Item extends number | bigint | boolean
    ? Tensor
    : Item extends string
      ? string[]
      : Item extends TypedArray
        ? Tensor
        : Item extends readonly unknown[]
          ? { -readonly [K in keyof Item]: Collated<Item[K]> }
          : Item extends ReadonlyMap<infer Key, infer Value>
            ? Map<Key, Collated<Value>>
            : { -readonly [K in keyof Item]: Collated<Item[K]> };

/**
 * A list of samples as one batch, with a new first dimension.
 *
 * - Tensors are stacked; typed arrays too, with their dtype.
 * - Whole numbers become int64 when all of the batch are whole, as class numbers are; other numbers float64; bigints
 *   int64; booleans bool. A target that is a number by nature is better given as a tensor, whose dtype is certain.
 * - Strings stay a list.
 * - Lists, objects and Maps are collated member by member.
 *
 * @throws {TypeError} for values that cannot be collated
 * @throws {RangeError} for lists of unequal lengths
 */
export function defaultCollate<Item>(batch: readonly Item[]): Collated<Item> {
  return collate(batch) as Collated<Item>;
}

function collate(batch: readonly unknown[]): unknown {
  const [first] = batch;
  if (first instanceof Tensor) return stack(batch as readonly Tensor[]);
  switch (typeof first) {
    case 'number':
      return collateNumbers(batch as readonly number[]);
    case 'bigint':
    case 'boolean':
      return tensor(batch as readonly boolean[]);
    case 'string':
      return [...batch];
    case 'object':
      if (first !== null) return collateObjects(batch as readonly object[], first);
  }
  throw new TypeError(
    `default_collate: batch must contain tensors, typed arrays, numbers, objects or lists; found ${kindOf(first)}`,
  );
}

function collateNumbers(batch: readonly number[]): Tensor {
  if (!batch.every((value) => Number.isSafeInteger(value)))
    return fromTypedArray(Float64Array.from(batch), [batch.length]);
  return fromTypedArray(BigInt64Array.from(batch, BigInt), [batch.length]);
}

function collateObjects(batch: readonly object[], first: object): unknown {
  if (isTypedArray(first)) return stack(batch.map((one) => asTensor(one as TypedArray)));
  if (Array.isArray(first)) {
    const lists = batch as readonly unknown[][];
    if (lists.some((list) => list.length !== first.length))
      throw new RangeError('each element in list of batch should be of equal size');
    return first.map((_, i) => collate(lists.map((list) => list[i])));
  }
  if (first instanceof Map) {
    const maps = batch as readonly Map<unknown, unknown>[];
    return new Map([...first.keys()].map((key) => [key, collate(maps.map((map) => member(map, key)))]));
  }
  const objects = batch as readonly Record<string, unknown>[];
  return Object.fromEntries(
    Object.keys(first).map((key) => [key, collate(objects.map((object) => member(object, key)))]),
  );
}

function member(holder: Map<unknown, unknown> | Record<string, unknown>, key: unknown): unknown {
  const found = holder instanceof Map ? holder.has(key) : Object.hasOwn(holder, key as string);
  if (!found) throw new TypeError(`default_collate: a sample of the batch has no ${JSON.stringify(key)}`);
  return holder instanceof Map ? holder.get(key) : holder[key as string];
}

/** Typed arrays as tensors, at any depth; the rest as it is (`torch.utils.data.default_convert`). */
export function defaultConvert(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || value instanceof Tensor) return value;
  if (isTypedArray(value)) return asTensor(value);
  if (Array.isArray(value)) return value.map(defaultConvert);
  if (value instanceof Map) return new Map([...value].map(([key, one]) => [key, defaultConvert(one)]));
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, defaultConvert(one)]));
}

function isTypedArray(value: object): value is TypedArray {
  return ArrayBuffer.isView(value) && !(value instanceof DataView);
}

function asTensor(array: TypedArray): Tensor {
  return fromTypedArray(array, [array.length]);
}

function kindOf(value: unknown): string {
  return value === null || value === undefined ? String(value) : typeof value;
}
