// Places what is needed for a while in one block of memory, so that what is needed at different times shares bytes.

/** Bytes that are needed for a while. */
export interface MemoryRequest {
  readonly bytes: number;
  /** The first and the last step that need them; steps are numbered in the order in which they run. */
  readonly first: number;
  readonly last: number;
}

/** Where everything lies. */
export interface MemoryPlan {
  /** Bytes before each request's place, in their order; multiples of 64. */
  readonly offsets: readonly number[];
  /** Bytes of the whole block. */
  readonly bytes: number;
}

const ALIGNMENT = 64;

/** Whether two requests are needed at the same time. */
function together(a: MemoryRequest, b: MemoryRequest): boolean {
  return a.first <= b.last && b.first <= a.last;
}

/**
 * Gives each request a place that no other one has at the same time: the largest first, each at the lowest place that is
 * free for as long as it is needed.
 * @param conflict - which requests may not share bytes; those whose steps overlap unless given.
 * @example
 * planMemory([
 *   { bytes: 256, first: 0, last: 1 },
 *   { bytes: 128, first: 1, last: 2 },
 *   { bytes: 256, first: 2, last: 3 },
 * ]); // { offsets: [0, 256, 0], bytes: 384 }
 */
export function planMemory<R extends { readonly bytes: number } = MemoryRequest>(
  requests: readonly R[],
  conflict: (a: R, b: R) => boolean = together as unknown as (a: R, b: R) => boolean,
): MemoryPlan {
  const offsets = requests.map(() => 0);
  const placed: number[] = [];
  let bytes = 0;
  const order = [...requests.keys()].sort((a, b) => requests[b]!.bytes - requests[a]!.bytes);
  for (const i of order) {
    const request = requests[i]!;
    const others = placed
      .filter((other) => conflict(request, requests[other]!))
      .sort((a, b) => offsets[a]! - offsets[b]!);
    let offset = 0;
    for (const other of others) {
      if (offset + request.bytes <= offsets[other]!) break;
      offset = Math.max(offset, align(offsets[other]! + requests[other]!.bytes));
    }
    offsets[i] = offset;
    placed.push(i);
    bytes = Math.max(bytes, offset + align(request.bytes));
  }
  return { offsets, bytes };
}

function align(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}
