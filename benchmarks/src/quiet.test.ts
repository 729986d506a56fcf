import { describe, expect, it } from 'vitest';
import { untilQuiet } from './quiet.ts';

/** A host on which threads spin until a given time. */
function spinning(until: number) {
  let time = 0;
  return {
    now: () => time,
    pause: async (ms: number) => {
      time += ms;
    },
    computed: (): number | undefined => Math.min(time, until),
  };
}

describe('untilQuiet', () => {
  it('waits until nothing spins', async () => {
    const host = spinning(35);
    await untilQuiet(host);
    expect(host.now()).toBe(50);
  });

  it('takes one look where nothing spins', async () => {
    const host = spinning(0);
    await untilQuiet(host);
    expect(host.now()).toBe(10);
  });

  it('gives up on threads that never stop', async () => {
    await expect(untilQuiet(spinning(Number.POSITIVE_INFINITY))).rejects.toThrow('threads still spin');
  });

  it('waits for a fixed time where it cannot look', async () => {
    const host = { ...spinning(0), computed: () => undefined };
    await untilQuiet(host);
    expect(host.now()).toBe(150);
  });

  it('sees that this process becomes quiet', async () => {
    await expect(untilQuiet()).resolves.toBeUndefined();
  });
});
