import { countRefused, mutants } from '@sconce/testing';
import { zipSync } from 'fflate';
import { describe, expect, test } from 'vitest';
import { CheckpointError } from './errors.ts';
import { readZip } from './zip.ts';

const bytes = (length: number, value: number): Uint8Array => new Uint8Array(length).fill(value);
const stored = zipSync({ 'a/one': bytes(10, 1), 'a/two': bytes(20, 2) }, { level: 0 });
const deflated = zipSync({ 'a/one': bytes(1000, 1), 'a/two': bytes(2000, 2) });

/** A copy with a 32-bit number written where `signature` occurs for the `nth` time, `offset` bytes further on. */
function patched(archive: Uint8Array, signature: number, offset: number, value: number, nth = 0): Uint8Array {
  const copy = archive.slice();
  const view = new DataView(copy.buffer);
  for (let at = 0, seen = 0; at + 4 <= copy.length; at++) {
    if (view.getUint32(at, true) === signature && seen++ === nth) {
      view.setUint32(at + offset, value, true);
      return copy;
    }
  }
  throw new Error('the archive has no such signature');
}

const DIRECTORY_ENTRY = 0x02014b50;
const LOCAL_HEADER = 0x04034b50;
const END = 0x06054b50;

test('stored members are views of the archive', () => {
  const member = readZip(stored).get('a/two')!;
  expect(member.read()).toEqual(bytes(20, 2));
  expect(member.read().buffer).toBe(stored.buffer);
});

test('deflated members are unpacked', () => {
  expect(readZip(deflated).get('a/one')!.read()).toEqual(bytes(1000, 1));
  expect(readZip(deflated).get('a/two')!.read()).toEqual(bytes(2000, 2));
});

test('a comment behind the directory, even one that looks like a directory, is skipped', () => {
  const withComment = new Uint8Array(stored.length + 40);
  withComment.set(stored);
  new DataView(withComment.buffer).setUint16(stored.length - 2, 40, true);
  expect([...readZip(withComment).keys()]).toEqual(['a/one', 'a/two']);
});

describe('refused', () => {
  test.each([
    [
      'a cut archive',
      stored.subarray(0, stored.length - 30),
      'its directory (at the end of the file) is missing',
    ],
    [
      'a bomb',
      patched(deflated, DIRECTORY_ENTRY, 24, 0x7fffffff),
      'unpacks to 2147485647 bytes, expected at most',
    ],
    [
      'more bytes than promised',
      patched(deflated, DIRECTORY_ENTRY, 24, 999),
      'unpacks to more than 999 bytes',
    ],
    [
      'fewer bytes than promised',
      patched(deflated, DIRECTORY_ENTRY, 24, 1001),
      'unpacks to fewer than 1001 bytes',
    ],
    [
      'a stored size that differs',
      patched(stored, DIRECTORY_ENTRY, 24, 11),
      'stored size 10 is not its size 11',
    ],
    [
      'a member past the end',
      patched(patched(stored, DIRECTORY_ENTRY, 24, 9999), DIRECTORY_ENTRY, 20, 9999),
      'runs past the end',
    ],
    [
      'a header past the end',
      patched(stored, DIRECTORY_ENTRY, 42, 0x0fffffff),
      'is truncated, expected the header of a/one',
    ],
    ['members that overlap', patched(stored, DIRECTORY_ENTRY, 42, 0, 1), 'overlaps'],
    ['a header that is none', patched(stored, LOCAL_HEADER, 0, 0), 'its header at byte 0 is damaged'],
    ['a directory that is none', patched(stored, DIRECTORY_ENTRY, 0, 0), 'zip directory is damaged'],
    ['more entries than there are', patched(stored, END, 8, 0x1000_1000), 'zip archive is truncated'],
    [
      'another method',
      patched(stored, DIRECTORY_ENTRY, 10, 99),
      'compression method 99, expected stored or deflated',
    ],
    ['encryption', patched(stored, DIRECTORY_ENTRY, 8, 1), 'is encrypted'],
  ])('%s', (_, archive, message) => {
    const read = () => [...readZip(archive, 'x.zip').values()].map((member) => member.read());
    expect(read).toThrow(CheckpointError);
    expect(read).toThrow(message);
  });

  test('the same name twice', () => {
    const twice = stored.slice();
    const name = new TextEncoder().encode('a/two');
    const at = stored.length - 22 - 51 + 46;
    expect(stored.subarray(at, at + 5)).toEqual(name);
    twice.set(new TextEncoder().encode('a/one'), at);
    expect(() => readZip(twice)).toThrow('a/one: occurs twice in the zip archive');
  });
});

test('hundreds of damaged archives are read or refused with a CheckpointError', () => {
  const read = (mutant: Uint8Array) => [...readZip(mutant).values()].map((member) => member.read());
  for (const archive of [stored, deflated])
    expect(countRefused(mutants(archive, 400), CheckpointError, read)).toBeGreaterThan(50);
});
