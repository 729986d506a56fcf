/** Vectors from memory and to it on the interpreter. */

import type { Address, Handlers, MemoryOperation } from '../operations.ts';
import { type ElementType, elementBytes, type Integer, type Vector } from '../types.ts';
import { readLane, writeLane } from './elements.ts';
import type { Lane, Machine } from './machine.ts';

export const memoryHandlers: Handlers<MemoryOperation, Machine> = {
  prefetch(m, { at }) {
    m.get(at.pointer); // any address will do, but there must be one
  },
  scalar(m, { to, slot }) {
    const value = m.slots[slot] as Lane;
    m.setLanes(to, () => (to.type === 'i64' ? BigInt(value) : Number(value)));
  },
  load(m, { to, at, aligned }) {
    load(m, to, at, m.laneCount(to), aligned);
  },
  loadPartial(m, { to, at, count, fill }) {
    const rest = m.words(fill);
    m.setWords(to, (word) => rest[word]!);
    load(m, to, at, lanesWithin(m, count, to), false);
  },
  broadcast(m, { to, at }) {
    const place = m.access(at, elementBytes[to.type], false);
    const value = readLane(to.type, place.bytes, place.at);
    m.setLanes(to, () => value);
  },
  store(m, { from, at, aligned }) {
    store(m, from, at, m.laneCount(from), aligned);
  },
  storePartial(m, { from, at, count }) {
    store(m, from, at, lanesWithin(m, count, from), false);
  },
  storeFirst(m, { from, at }) {
    store(m, from, at, 1, false);
  },
  gather(m, { to, at, stride, count, fill }) {
    const [rest, lanes, step] = [m.lanes(fill), lanesWithin(m, count, to), m.integer(stride)];
    m.setLanes(to, (lane) => {
      if (lane >= lanes) return rest[lane]!;
      const place = m.access({ ...at, bytes: at.bytes + lane * step }, elementBytes[to.type], false);
      return readLane(to.type, place.bytes, place.at);
    });
  },
  scatter(m, { from, at, stride, count }) {
    const [values, lanes, step] = [m.lanes(from), lanesWithin(m, count, from), m.integer(stride)];
    for (let lane = 0; lane < lanes; lane++) {
      const place = m.access({ ...at, bytes: at.bytes + lane * step }, elementBytes[from.type], true);
      writeLane(from.type, place.bytes, place.at, values[lane]!);
    }
  },
  loadWide(m, { to, at, element, count }) {
    const lanes = lanesWithin(m, count, to);
    m.setLanes(to, () => 0);
    load(m, to, at, lanes, false, element);
  },
  storeNarrow(m, { from, at, element, count }) {
    store(m, from, at, lanesWithin(m, count, from), false, element);
  },
};

/** All lanes, or as many of them as the count says. */
function lanesWithin(m: Machine, count: Integer | undefined, vector: Vector): number {
  return count ? Math.min(m.integer(count), m.laneCount(vector)) : m.laneCount(vector);
}

/** Loads the first lanes as one access and keeps the others. */
function load(
  m: Machine,
  to: Vector,
  at: Address,
  lanes: number,
  aligned: boolean,
  element: ElementType = to.type,
): void {
  if (lanes <= 0) return;
  const width = elementBytes[element];
  const place = m.access(at, lanes * width, false, aligned);
  const rest = lanes < m.laneCount(to) ? m.lanes(to) : undefined;
  m.setLanes(to, (lane) =>
    lane < lanes ? readLane(element, place.bytes, place.at + lane * width) : rest![lane]!,
  );
}

/** Stores the first lanes as one access. */
function store(
  m: Machine,
  from: Vector,
  at: Address,
  lanes: number,
  aligned: boolean,
  element: ElementType = from.type,
): void {
  if (lanes <= 0) return;
  const width = elementBytes[element];
  const values = m.lanes(from);
  const place = m.access(at, lanes * width, true, aligned);
  for (let i = 0; i < lanes; i++) writeLane(element, place.bytes, place.at + i * width, values[i]!);
}
