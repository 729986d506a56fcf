// What a row of the kernel benchmark asks of a peer, whichever it is and wherever it runs.

import type { Lane } from '../measure.ts';
import type { SmallModel } from '../onnx-model.ts';
import type { FloatTensor } from '../peer-session.ts';

/** The peer's side of one row, ready to be timed. */
interface PeerSide {
  /** What the peer computed. */
  readonly y: Float32Array;
  /** Its calls, and behind them whatever it measures beside them to judge them. */
  readonly lanes: readonly [calls: Lane, ...Lane[]];
  /** The time for the row's work alone, by the medians of the lanes, in milliseconds. Nothing is called after it. */
  kernelMs(medians: readonly number[]): number | Promise<number>;
  release(): Promise<void>;
}

/** A peer. */
export interface KernelPeer {
  /** Its package. */
  readonly name: string;
  /** @param threads those it computes on */
  prepare(
    model: SmallModel,
    feeds: Readonly<Record<string, FloatTensor>>,
    threads: number,
  ): Promise<PeerSide>;
}
