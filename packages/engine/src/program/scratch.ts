// Scratch memory of kernels that are recorded: it gets its place when all launches are known.

import type { Memory } from '../memory/memory.ts';
import { EngineStorage } from '../memory/storage.ts';
import type { Region } from '../runtime/region.ts';
import { planMemory } from './plan-memory.ts';
import type { RecordedLaunch, Section } from './recording.ts';

/** Where addresses of memory without a place start: above all that processes have. */
const NOWHERE = 2 ** 47;

const PAGE = 4096;

let nowhere = NOWHERE;

/**
 * Memory that kernels borrow. Its address means nothing until the recording is over. What JavaScript looks at gets memory of
 * its own at once, since tables and zeros that are written while recording must be there in every run.
 */
export class ScratchStorage extends EngineStorage {
  readonly address: number = nowhere;
  #kept: EngineStorage | undefined;

  constructor(memory: Memory, byteLength: number) {
    super(memory, byteLength);
    nowhere += Math.ceil(byteLength / PAGE + 1) * PAGE;
  }

  get disposed(): boolean {
    return false;
  }

  get buffer(): ArrayBufferLike {
    return this.#keep().buffer;
  }

  get byteOffset(): number {
    return this.#keep().byteOffset;
  }

  /** Memory of its own, if JavaScript has looked at it. */
  get kept(): EngineStorage | undefined {
    return this.#kept;
  }

  /** Scratch lives as long as its program. */
  dispose(): void {}

  #keep(): EngineStorage {
    this.#kept ??= this.memory.allocate(this.byteLength);
    return this.#kept;
  }
}

/** When scratch memory is used, and by whom. */
interface Use {
  readonly bytes: number;
  readonly storage: ScratchStorage;
  /** The only thread that uses it; undefined where there are several. */
  thread: number | undefined;
  /** First and last launch, numbered by section and place in the thread's list. */
  readonly first: number;
  last: number;
}

/** Launches of a thread within a section are fewer. */
const SECTION = 2 ** 24;

/** What one thread uses one after the other may share bytes, and so may what sections use one after the other. */
function conflict(a: Use, b: Use): boolean {
  const scale = a.thread !== undefined && a.thread === b.thread ? 1 : SECTION;
  const at = (launch: number): number => Math.floor(launch / scale);
  return at(a.first) <= at(b.last) && at(b.first) <= at(a.last);
}

/** Launches without scratch that has no place, and the memory that it was given. */
export function placeScratch(
  sections: readonly Section[],
  memory: Memory,
): { sections: readonly Section[]; own: readonly EngineStorage[] } {
  const uses = [...usesOf(sections).values()];
  const kept = uses.flatMap(({ storage }) => storage.kept ?? []);
  const shared = uses.filter(({ storage }) => storage.kept === undefined);
  const plan = planMemory(shared, conflict);
  const block = plan.bytes > 0 ? memory.allocate(plan.bytes) : undefined;
  const offsets = new Map(shared.map(({ storage }, i) => [storage, plan.offsets[i]!]));
  const place = ({ storage, address, bytes }: Region): Region => {
    if (!(storage instanceof ScratchStorage)) return { storage, address, bytes };
    const real = storage.kept ?? block!;
    const within = address - storage.address + (offsets.get(storage) ?? 0);
    return { storage: real, address: real.address + within, bytes };
  };
  const placed = ({ kernel, values }: RecordedLaunch): RecordedLaunch => {
    const entries = Object.entries(values).map(([name, value]) => [
      name,
      typeof value === 'object' ? place(value) : value,
    ]);
    return { kernel, values: Object.fromEntries(entries) };
  };
  return {
    sections: sections.map(({ label, threads }) => ({
      label,
      threads: threads.map((launches) => launches.map(placed)),
    })),
    own: block === undefined ? kept : [...kept, block],
  };
}

function usesOf(sections: readonly Section[]): Map<ScratchStorage, Use> {
  const uses = new Map<ScratchStorage, Use>();
  sections.forEach(({ threads }, section) => {
    threads.forEach((launches, thread) => {
      launches.forEach(({ values }, i) => {
        const at = section * SECTION + i;
        for (const value of Object.values(values)) {
          if (typeof value !== 'object' || !(value.storage instanceof ScratchStorage)) continue;
          const { storage } = value;
          const use = uses.get(storage);
          if (use === undefined) {
            uses.set(storage, { bytes: storage.byteLength, storage, thread, first: at, last: at });
            continue;
          }
          use.last = Math.max(use.last, at);
          if (use.thread !== thread) use.thread = undefined;
        }
      });
    });
  });
  return uses;
}
