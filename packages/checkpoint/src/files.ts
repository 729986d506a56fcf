/** Reads and writes files in Node. Browsers get `files.browser.ts` in its place (`imports` in package.json). */
import { randomUUID } from 'node:crypto';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

/** A path as people see it. */
export function nameOf(path: string | URL): string {
  return path instanceof URL && path.protocol === 'file:' ? fileURLToPath(path) : String(path);
}

/** The bytes of a file. */
export async function readBytes(path: string | URL): Promise<Uint8Array> {
  return readFile(path);
}

/** Writes a file as a whole or not at all: to a temporary neighbour first, which is then renamed. */
export async function writeBytes(path: string | URL, bytes: Uint8Array): Promise<void> {
  const target = nameOf(path);
  const temporary = `${target}.${randomUUID().slice(0, 8)}.tmp`;
  try {
    await writeFile(temporary, bytes);
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
