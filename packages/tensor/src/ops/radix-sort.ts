/**
 * Stable sorting of positions by 32-bit keys: insertion for short lines, else a radix sort from the lowest digit up that
 * leaves out digits which all keys share.
 */

/** Lines up to this length are sorted by insertion. */
const SHORT = 24;

/**
 * The positions 0 to n - 1 in the stable order of their keys. Keys of 64 bits come as two arrays, the low words first.
 * @param start the order that equal keys stay in, 0 to n - 1 if left out; may be overwritten
 * @param descending from the largest to the smallest key; equal ones stay in their order
 */
export function argsortWords(
  words: readonly Uint32Array[],
  n: number,
  descending: boolean,
  start?: Uint32Array,
): Uint32Array {
  const flip = descending ? 0xffffffff : 0;
  let order: Uint32Array = start ?? new Uint32Array(n);
  if (start === undefined) for (let i = 0; i < n; i++) order[i] = i;
  const keys = new Uint32Array(n);
  for (let w = 0; w < words.length; w++) {
    const word = words[w]!;
    for (let p = 0; p < n; p++) keys[p] = word[order[p]!]! ^ flip;
    order = n <= SHORT ? insertionSort(keys, order) : radixSort(keys, order);
  }
  return order;
}

function insertionSort(keys: Uint32Array, order: Uint32Array): Uint32Array {
  for (let p = 1; p < keys.length; p++) {
    const key = keys[p]!;
    const position = order[p]!;
    let q = p - 1;
    for (; q >= 0 && keys[q]! > key; q--) {
      keys[q + 1] = keys[q]!;
      order[q + 1] = order[q]!;
    }
    keys[q + 1] = key;
    order[q + 1] = position;
  }
  return order;
}

function radixSort(firstKeys: Uint32Array, firstOrder: Uint32Array): Uint32Array {
  const n = firstKeys.length;
  const width = n < 4096 ? 8 : 11;
  const passes = Math.ceil(32 / width);
  const mask = (1 << width) - 1;
  const counts = countDigits(firstKeys, width, passes);
  let keys = firstKeys;
  let order = firstOrder;
  let otherKeys: Uint32Array = new Uint32Array(n);
  let otherOrder: Uint32Array = new Uint32Array(n);
  for (let pass = 0; pass < passes; pass++) {
    const shift = pass * width;
    const places = counts.subarray(pass << width, (pass + 1) << width);
    if (places[(keys[0]! >>> shift) & mask] === n) continue;
    let total = 0;
    for (let digit = 0; digit <= mask; digit++) {
      const count = places[digit]!;
      places[digit] = total;
      total += count;
    }
    for (let p = 0; p < n; p++) {
      const key = keys[p]!;
      const to = places[(key >>> shift) & mask]!++;
      otherKeys[to] = key;
      otherOrder[to] = order[p]!;
    }
    [keys, otherKeys] = [otherKeys, keys];
    [order, otherOrder] = [otherOrder, order];
  }
  return order;
}

function countDigits(keys: Uint32Array, width: number, passes: number): Uint32Array {
  const mask = (1 << width) - 1;
  const counts = new Uint32Array(passes << width);
  for (let pass = 0; pass < passes; pass++) {
    const shift = pass * width;
    const base = pass << width;
    for (let p = 0; p < keys.length; p++) counts[base + ((keys[p]! >>> shift) & mask)]!++;
  }
  return counts;
}
