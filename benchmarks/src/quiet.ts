// Waits until nobody spins any more: the pool of one side keeps its threads running for a while after a call, and would
// take a core from the other side.

/** Milliseconds of one look at the time that the process spends computing. */
const LOOK_MS = 10;

/** Part of a look, in cores, below which the process counts as quiet. */
const QUIET = 0.25;

/** Milliseconds after which a process that is not quiet is an error. */
const LIMIT_MS = 5000;

/** Milliseconds to wait where the time that is spent computing cannot be seen. */
const BLIND_MS = 150;

/** What is asked of the host. */
export interface QuietHost {
  /** Milliseconds of computing so far, all threads together; undefined where that cannot be seen. */
  computed(): number | undefined;
  pause(ms: number): Promise<void>;
  now(): number;
}

const host: QuietHost = {
  computed: () => {
    const usage = globalThis.process?.cpuUsage?.();
    return usage && (usage.user + usage.system) / 1000;
  },
  pause: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  now: () => performance.now(),
};

/**
 * Pauses until this process computes next to nothing. A page, which cannot see that, pauses for a fixed time.
 *
 * @throws Error when it does not become quiet
 */
export async function untilQuiet({ computed, pause, now }: QuietHost = host): Promise<void> {
  const start = now();
  let before = computed();
  if (before === undefined) return pause(BLIND_MS);
  for (let looked = start; now() - start < LIMIT_MS; looked = now()) {
    await pause(LOOK_MS);
    const after = computed()!;
    if (after - before < QUIET * (now() - looked)) return;
    before = after;
  }
  throw new Error(
    `threads still spin ${LIMIT_MS} ms after the last call, nothing can be measured beside them`,
  );
}
