// Tells Linux's `perf` the names of kernels: with SCONCE_PERF_MAP=1, one line for each in /tmp/perf-PID.map.

import { environment, nodeModule } from './host.ts';

/** Notes a function of machine code, if the environment asks for it. */
export function noteForPerf(name: string, address: number, bytes: number): void {
  if (environment('SCONCE_PERF_MAP') !== '1') return;
  const line = `${address.toString(16)} ${bytes.toString(16)} sconce ${name}\n`;
  nodeModule<typeof import('node:fs')>('node:fs')?.appendFileSync(`/tmp/perf-${process.pid}.map`, line);
}
