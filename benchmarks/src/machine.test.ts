import { describe, expect, it } from 'vitest';
import { describeMachine, machine } from './machine.ts';

const cpuinfo = (fields: Readonly<Record<string, string>>): string =>
  Object.entries(fields)
    .map(([name, value]) => `${name}\t: ${value}`)
    .join('\n');

describe('describeMachine', () => {
  it('adds family, model and microarchitecture to a name that says too little', () => {
    const info = cpuinfo({
      vendor_id: 'AuthenticAMD',
      'cpu family': '25',
      model: '17',
      'model name': 'AMD EPYC',
      flags: 'fpu avx2 fma avx512f sse',
    });
    expect(describeMachine(info, '')).toEqual({
      cpu: 'AMD EPYC (family 25 model 17, Zen 4)',
      features: 'avx2 fma avx512f',
    });
  });

  it('knows Intel by family and model', () => {
    const info = cpuinfo({
      vendor_id: 'GenuineIntel',
      'cpu family': '6',
      model: '143',
      'model name': 'Intel(R) Xeon(R) Processor @ 2.70GHz',
    });
    expect(describeMachine(info, '').cpu).toBe('Intel Xeon Processor (family 6 model 143, Sapphire Rapids)');
  });

  it('guesses nothing about families and models it does not know', () => {
    const info = cpuinfo({
      vendor_id: 'AuthenticAMD',
      'cpu family': '99',
      model: '1',
      'model name': 'AMD EPYC',
    });
    expect(describeMachine(info, '').cpu).toBe('AMD EPYC (family 99 model 1)');
  });

  it('leaves a specific name as it is, without trademarks', () => {
    const info = cpuinfo({ 'cpu family': '6', model: '85', 'model name': 'Intel(R) Xeon(R) Gold 6142' });
    expect(describeMachine(info, '').cpu).toBe('Intel Xeon Gold 6142');
  });

  it("takes the system's name where there is no /proc/cpuinfo", () => {
    expect(describeMachine('', 'Apple M1')).toEqual({ cpu: 'Apple M1', features: '' });
    expect(describeMachine('', '').cpu).toBe('unknown CPU');
  });

  it('describes this machine', () => {
    expect(machine().cpu).not.toBe('');
  });
});
