/** Files under `fixtures/` at the root of the workspace. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The path of a file under `fixtures/`; a missing one is an error. */
export function fixturePath(path: string): string {
  const file = fileURLToPath(new URL(`../../../../fixtures/${path}`, import.meta.url));
  if (!existsSync(file)) throw new Error(`fixtures/${path} is missing`);
  return file;
}

export const chelsea: string = fixturePath('images/chelsea.png');
