/** Fetches files in browsers, in place of `files.ts`. */

/** A path as people see it. */
export function nameOf(path: string | URL): string {
  return String(path);
}

/** The bytes that a URL answers with. */
export async function readBytes(path: string | URL): Promise<Uint8Array> {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`the server answers ${response.status} ${response.statusText}`.trim());
  return new Uint8Array(await response.arrayBuffer());
}

/** Browsers have no files to write. */
export async function writeBytes(path: string | URL, _bytes: Uint8Array): Promise<void> {
  throw new Error(`cannot write ${path} in a browser, expected Node; writeSafetensors gives the bytes`);
}
