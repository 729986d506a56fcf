// What the peer's operators take by themselves, from its own profile: without the JavaScript face, whose cost grows with
// the size of inputs and outputs, and without changes of layout, which a whole network does not repeat at every node.

import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LocalLane, median } from './measure.ts';
import { type FloatTensor, PeerRun } from './peer.ts';
import type { PeerSession } from './peer-session.ts';

/** Time in a model's operators; the profile counts whole microseconds, cut off. */
export interface OperatorTime {
  /** Sum of the operators' medians. */
  readonly ms: number;
  readonly operators: number;
}

/** A lane that keeps a profile of its calls. */
export class ProfiledPeer implements LocalLane {
  readonly #run: PeerSession;
  readonly #folder: string;

  private constructor(run: PeerSession, folder: string) {
    this.#run = run;
    this.#folder = folder;
  }

  /** As {@link PeerRun.create}. */
  static async create(
    model: Uint8Array,
    feeds: Readonly<Record<string, FloatTensor>>,
    threads: number,
  ): Promise<ProfiledPeer> {
    const folder = await mkdtemp(join(tmpdir(), 'sconce-benchmark-'));
    try {
      const profile = join(folder, 'profile');
      return new ProfiledPeer(await PeerRun.create(model, feeds, threads, { profile }), folder);
    } catch (error) {
      await rm(folder, { recursive: true });
      throw error;
    }
  }

  repeat(calls: number): Promise<void> {
    return this.#run.repeat(calls);
  }

  /** Ends the profile and reads it; the lane cannot be run any more. */
  async finish(): Promise<OperatorTime> {
    this.#run.endProfiling();
    const [file] = await readdir(this.#folder);
    if (file === undefined) throw new Error(`${this.#folder}: onnxruntime wrote no profile`);
    return operatorTime(JSON.parse(await readFile(join(this.#folder, file), 'utf8')) as ProfileEvent[]);
  }

  /** Frees the session and the profile. */
  async release(): Promise<void> {
    await this.#run.release();
    await rm(this.#folder, { recursive: true });
  }
}

/** An entry of onnxruntime's profile, in Chrome's trace format; durations are in microseconds. */
export interface ProfileEvent {
  readonly cat: string;
  readonly name: string;
  readonly dur: number;
  readonly args?: { readonly op_name?: string };
}

/**
 * The operators' time in a profile of many calls.
 *
 * @throws Error when the profile holds no operator
 */
export function operatorTime(events: readonly ProfileEvent[]): OperatorTime {
  const operators = events.filter(
    ({ cat, name, args }) =>
      cat === 'Node' && name.endsWith('_kernel_time') && !(args?.op_name ?? '').startsWith('Reorder'),
  );
  const byName = [...Map.groupBy(operators, ({ name }) => name).values()];
  if (byName.length === 0) throw new Error('the profile of onnxruntime holds no operator');
  const microseconds = byName.reduce((sum, calls) => sum + median(calls.map(({ dur }) => dur)), 0);
  return { ms: microseconds / 1000, operators: byName.length };
}

/**
 * The smaller of the peer's times for the same work: that of its operators, for whose fractions of a microsecond, which
 * the profile cuts off, a half is added each; and that of a call less an empty one, but no less than the profile shows.
 */
export function peerKernelMs(callMs: number, emptyMs: number, profiled: OperatorTime): number {
  const operators = profiled.ms + profiled.operators / 2000;
  const alone = callMs - emptyMs;
  if (alone >= operators) return operators;
  return Math.max(alone, profiled.ms) || operators;
}
