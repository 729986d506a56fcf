/**
 * Selecting and sorting of positions by keys as the GNU C++ library does it: `nth_element`, `partial_sort`, `sort`.
 * PyTorch's CPU operators are built on them, so which of several equal elements comes out, and in which order, is
 * decided by these very steps (introselect and introsort with a median-of-three pivot, heaps, final insertion).
 */

/** Ranges up to this length are left to insertion. */
const THRESHOLD = 16;

/** Positions to be ordered, and the keys they are ordered by. */
export class Selection {
  readonly #keys: Float64Array;
  readonly #sign: number;
  /** The positions; ranges of it are reordered. */
  readonly order: Int32Array;

  /** @param descending whether larger keys come first */
  constructor(keys: Float64Array, descending: boolean) {
    this.#keys = keys;
    this.#sign = descending ? -1 : 1;
    this.order = new Int32Array(keys.length);
    for (let i = 0; i < keys.length; i++) this.order[i] = i;
  }

  #less(a: number, b: number): boolean {
    return this.#sign > 0 ? this.#keys[a]! < this.#keys[b]! : this.#keys[a]! > this.#keys[b]!;
  }

  #swap(i: number, j: number): void {
    const own = this.order[i]!;
    this.order[i] = this.order[j]!;
    this.order[j] = own;
  }

  /** Brings to `nth` what would stand there after sorting; smaller ones stand before it, larger ones behind. */
  nthElement(first: number, nth: number, last: number): void {
    if (first === last || nth === last) return;
    let [from, to] = [first, last];
    let depth = 2 * floorLog2(last - first);
    while (to - from > 3) {
      if (depth === 0) {
        this.#heapSelect(from, nth + 1, to);
        this.#swap(from, nth);
        return;
      }
      depth--;
      const cut = this.#partitionByPivot(from, to);
      if (cut <= nth) from = cut;
      else to = cut;
    }
    this.#insertionSort(from, to);
  }

  /** Sorts the `middle - first` smallest ones to the front. */
  partialSort(first: number, middle: number, last: number): void {
    this.#heapSelect(first, middle, last);
    this.#sortHeap(first, middle);
  }

  /** Sorts a range; equal ones end up in the order that introsort leaves them in. */
  sort(first: number, last: number): void {
    if (first === last) return;
    this.#introsort(first, last, 2 * floorLog2(last - first));
    if (last - first > THRESHOLD) {
      this.#insertionSort(first, first + THRESHOLD);
      for (let i = first + THRESHOLD; i < last; i++) this.#insertUnguarded(i);
    } else this.#insertionSort(first, last);
  }

  #introsort(first: number, last: number, limit: number): void {
    let to = last;
    let depth = limit;
    while (to - first > THRESHOLD) {
      if (depth === 0) {
        this.partialSort(first, to, to);
        return;
      }
      depth--;
      const cut = this.#partitionByPivot(first, to);
      this.#introsort(cut, to, depth);
      to = cut;
    }
  }

  #partitionByPivot(first: number, last: number): number {
    const middle = first + Math.floor((last - first) / 2);
    this.#medianToFirst(first, first + 1, middle, last - 1);
    const { order } = this;
    let from = first + 1;
    let to = last;
    for (;;) {
      while (this.#less(order[from]!, order[first]!)) from++;
      to--;
      while (this.#less(order[first]!, order[to]!)) to--;
      if (from >= to) return from;
      this.#swap(from, to);
      from++;
    }
  }

  #medianToFirst(result: number, a: number, b: number, c: number): void {
    const { order } = this;
    const [x, y, z] = [order[a]!, order[b]!, order[c]!];
    if (this.#less(x, y)) {
      if (this.#less(y, z)) this.#swap(result, b);
      else this.#swap(result, this.#less(x, z) ? c : a);
    } else if (this.#less(x, z)) this.#swap(result, a);
    else this.#swap(result, this.#less(y, z) ? c : b);
  }

  #insertionSort(first: number, last: number): void {
    const { order } = this;
    for (let i = first + 1; i < last; i++) {
      const own = order[i]!;
      if (this.#less(own, order[first]!)) {
        order.copyWithin(first + 1, first, i);
        order[first] = own;
      } else this.#insertUnguarded(i);
    }
  }

  #insertUnguarded(place: number): void {
    const { order } = this;
    const own = order[place]!;
    let at = place;
    while (this.#less(own, order[at - 1]!)) {
      order[at] = order[at - 1]!;
      at--;
    }
    order[at] = own;
  }

  #heapSelect(first: number, middle: number, last: number): void {
    const length = middle - first;
    for (let parent = Math.floor((length - 2) / 2); length >= 2 && parent >= 0; parent--) {
      this.#adjustHeap(first, parent, length, this.order[first + parent]!);
    }
    for (let i = middle; i < last; i++) {
      if (this.#less(this.order[i]!, this.order[first]!)) this.#popHeap(first, middle, i);
    }
  }

  #sortHeap(first: number, last: number): void {
    for (let end = last; end - first > 1; end--) this.#popHeap(first, end - 1, end - 1);
  }

  #popHeap(first: number, last: number, result: number): void {
    const value = this.order[result]!;
    this.order[result] = this.order[first]!;
    this.#adjustHeap(first, 0, last - first, value);
  }

  #adjustHeap(first: number, hole: number, length: number, value: number): void {
    const { order } = this;
    let at = hole;
    let child = at;
    while (child < Math.floor((length - 1) / 2)) {
      child = 2 * (child + 1);
      if (this.#less(order[first + child]!, order[first + child - 1]!)) child--;
      order[first + at] = order[first + child]!;
      at = child;
    }
    if (length % 2 === 0 && child === Math.floor((length - 2) / 2)) {
      child = 2 * (child + 1);
      order[first + at] = order[first + child - 1]!;
      at = child - 1;
    }
    let parent = Math.floor((at - 1) / 2);
    while (at > hole && this.#less(order[first + parent]!, value)) {
      order[first + at] = order[first + parent]!;
      at = parent;
      parent = Math.floor((at - 1) / 2);
    }
    order[first + at] = value;
  }
}

function floorLog2(n: number): number {
  return 31 - Math.clz32(n);
}

/**
 * Reorders positions so that the k-th smallest key stands at place k, by the steps of PyTorch's own quick select
 * (Numerical Recipes' partition with a median of three).
 */
export function quickSelect(keys: Float64Array, order: Int32Array, k: number): void {
  const swap = (i: number, j: number): void => {
    const own = order[i]!;
    order[i] = order[j]!;
    order[j] = own;
  };
  const above = (i: number, j: number): boolean => keys[order[i]!]! > keys[order[j]!]!;
  let left = 0;
  let right = keys.length - 1;
  while (right > left) {
    if (right === left + 1) {
      if (above(left, right)) swap(left, right);
      return;
    }
    swap(left + Math.floor((right - left) / 2), left + 1);
    if (above(left + 1, right)) swap(left + 1, right);
    if (above(left, right)) swap(left, right);
    if (above(left + 1, left)) swap(left + 1, left);
    let i = left + 1;
    let j = right;
    const pivot = keys[order[left]!]!;
    for (;;) {
      do i++;
      while (pivot > keys[order[i]!]!);
      do j--;
      while (keys[order[j]!]! > pivot);
      if (j < i) break;
      swap(i, j);
    }
    swap(left, j);
    if (j <= k) left = i;
    if (j >= k) right = j - 1;
  }
}
