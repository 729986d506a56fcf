// What machine code needs of the host, for tests, or the reason why it is not there.

import { messageOf } from '../native/host.ts';
import { type Koffi, loadKoffi } from '../native/koffi.ts';
import { type Libc, openLibc } from '../native/libc.ts';

/** Koffi and the C library, or why there are none. */
export function nativeBasis(): { koffi: Koffi; libc: Libc } | string {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    return 'machine code runs on Linux on x86-64 only';
  try {
    const koffi = loadKoffi();
    return { koffi, libc: openLibc(koffi) };
  } catch (error) {
    return messageOf(error);
  }
}
