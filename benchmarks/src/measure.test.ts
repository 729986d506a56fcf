import { describe, expect, it } from 'vitest';
import { type Clock, type Lane, type MeasureOptions, measureInterleaved, median } from './measure.ts';

const options: MeasureOptions = {
  budgetMs: 100,
  minTurns: 3,
  turnMs: 10,
  sampleMs: 1,
  warmupMs: 5,
  settle: false,
};

/** A clock that only lanes and pauses move. */
class ManualClock implements Clock {
  time = 0;
  now(): number {
    return this.time;
  }
  async settle(): Promise<void> {
    this.time += 5;
  }
}

describe('median', () => {
  it('is the middle value, whatever the order', () => {
    expect(median([9, 1, 4])).toBe(4);
  });

  it('is the mean of the middle two of an even number of values', () => {
    expect(median([10, 1, 2, 3])).toBe(2.5);
  });

  it('sorts numbers as numbers and leaves its argument alone', () => {
    const values = [100, 20, 3];
    expect(median(values)).toBe(20);
    expect(values).toEqual([100, 20, 3]);
  });

  it('refuses an empty list', () => {
    expect(() => median([])).toThrow('median: no values, expected one at least');
  });
});

describe('measureInterleaved', () => {
  it('gives the milliseconds of one call, of synchronous and asynchronous lanes alike', async () => {
    const clock = new ManualClock();
    const lanes: Lane[] = [
      {
        repeat: (calls) => {
          clock.time += 0.25 * calls;
        },
      },
      {
        repeat: async (calls) => {
          for (let i = 0; i < calls; i++) {
            await Promise.resolve();
            clock.time += 2;
          }
        },
      },
    ];
    const [quick, slow] = await measureInterleaved(lanes, options, clock);
    expect(quick!.medianMs).toBe(0.25);
    expect(slow!.medianMs).toBe(2);
  });

  it('takes the samples of a lane that times itself as they are', async () => {
    const clock = new ManualClock();
    const asked: [calls: number, turnMs: number][] = [];
    const lane: Lane = {
      samples: async (calls, turnMs) => {
        asked.push([calls, turnMs]);
        clock.time += 25;
        return turnMs === 0 ? [0.25] : [0.5, 3, 0.5];
      },
    };
    const [result] = await measureInterleaved([lane], options, clock);
    expect(result).toEqual({ medianMs: 0.5, samples: 12 });
    expect(asked).toEqual([[1, 0], [1, 0], ...Array.from({ length: 4 }, () => [4, 10])]);
  });

  it('lets the lanes take turns', async () => {
    const clock = new ManualClock();
    let log = '';
    const lane = (name: string): Lane => ({
      repeat: (calls) => {
        log += name;
        clock.time += 4 * calls;
      },
    });
    await measureInterleaved([lane('a'), lane('b')], options, clock);
    const warmup = 'aabb';
    expect(log).toMatch(new RegExp(`^${warmup}(a+b+){3,}$`));
    // Three calls of 4 ms fill a turn of 10 ms; turns go on until 100 ms are spent.
    expect(log.slice(warmup.length)).toBe('aaabbb'.repeat(5));
  });

  it('repeats short calls until they fill a sample', async () => {
    const clock = new ManualClock();
    const asked = new Set<number>();
    const lane: Lane = {
      repeat: (calls) => {
        asked.add(calls);
        clock.time += 0.125 * calls;
      },
    };
    await measureInterleaved([lane], options, clock);
    expect([...asked]).toEqual([1, 8]);
  });

  it('gives slow lanes their turns even when one call spends the budget', async () => {
    const clock = new ManualClock();
    const lane: Lane = {
      repeat: (calls) => {
        clock.time += 1000 * calls;
      },
    };
    const [result] = await measureInterleaved([lane], options, clock);
    expect(result).toEqual({ medianMs: 1000, samples: 3 });
  });

  it('pauses before each turn and leaves the call after a pause out', async () => {
    const clock = new ManualClock();
    let asleep = false;
    const paused: Clock = {
      now: () => clock.now(),
      settle: async () => {
        asleep = true;
        await clock.settle();
      },
    };
    const lane: Lane = {
      repeat: (calls) => {
        clock.time += (asleep ? 50 : 1) * calls;
        asleep = false;
      },
    };
    const [result] = await measureInterleaved([lane], { ...options, settle: true }, paused);
    expect(result!.medianMs).toBe(1);
  });

  it('passes errors of a lane on', async () => {
    const lane: Lane = {
      repeat: () => {
        throw new Error('broken kernel');
      },
    };
    await expect(measureInterleaved([lane], options, new ManualClock())).rejects.toThrow('broken kernel');
  });
});
