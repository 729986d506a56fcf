import { describe, expect, it } from 'vitest';
import { words } from './control-block.ts';
import type { PoolHost } from './pool.ts';
import { ThreadTeam } from './team.ts';

/** What hosts say of threads that cause no trouble. */
const patient = { alive: () => true, callerSleeps: true, atExit: () => () => {} };

/** A host whose workers are ready at once and do nothing. */
function idleHost() {
  const controls: Int32Array[] = [];
  const endings: ((reason: string) => void)[] = [];
  const host: PoolHost = {
    start: ({ buffer }, ended) => {
      const control = new Int32Array(buffer);
      Atomics.add(control, words.ready, 1);
      controls.push(control);
      endings.push(ended);
      return { terminate: () => {} };
    },
    ...patient,
  };
  return { host, controls, endings };
}

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

describe('a team of threads', () => {
  it('starts with the first work that repays it, and divides no small work', () => {
    const { host, controls } = idleHost();
    const team = new ThreadTeam(host, { count: 3, by: 'for a test' });
    for (let i = 0; i < 10_000; i++) expect(team.partsFor(1000)).toBe(1);
    expect(team.partsFor(1_000_000)).toBe(1);
    expect(controls).toHaveLength(0);
    expect(team.partsFor(8_000_000)).toBe(6);
    expect(controls).toHaveLength(2);
    expect(team.partsFor(1000)).toBe(1);
    expect(team.partsFor(50_000)).toBe(3);
  });

  it('wakes sleeping threads for long work, or for much work in a row', async () => {
    const { host, controls } = idleHost();
    const team = new ThreadTeam(host, { count: 2, by: 'for a test' });
    team.partsFor(8_000_000);
    Atomics.store(controls[0]!, words.asleep, 1);
    await pause(20);
    expect(team.partsFor(80_000)).toBe(1);
    const twice = () => [team.partsFor(80_000), team.partsFor(80_000)];
    await expect.poll(twice, { interval: 20, timeout: 10_000 }).toEqual([1, 2]);
    await pause(20);
    expect(team.partsFor(400_000)).toBe(4);
  });

  it('works alone and says why when workers fail again and again, until it is told a number', () => {
    const { host, endings } = idleHost();
    const team = new ThreadTeam(host, { count: 2, by: 'for a test' });
    expect(team.reason).toBe('for a test');
    for (let failure = 0; failure < 3; failure++) {
      expect(team.count).toBe(2);
      expect(team.pool().closed).toBe(false);
      endings.at(-1)!('no more memory');
    }
    expect([team.count, team.reason]).toEqual([1, 'workers fail: no more memory']);
    expect(team.partsFor(8_000_000)).toBe(1);
    team.setCount(2, 'told');
    expect([team.count, team.reason]).toEqual([2, 'told']);
    expect(team.pool().ready).toBe(1);
  });

  it('works alone at once where the host starts no thread', () => {
    const refuse = () => {
      throw new Error('refused');
    };
    const team = new ThreadTeam({ start: refuse, ...patient }, { count: 2, by: 'for a test' });
    expect(team.partsFor(8_000_000)).toBe(1);
    expect([team.count, team.reason]).toEqual([1, 'workers fail: refused']);
  });
});
