/** The consumer: a project of its own with the packed tarballs installed and the page's sources in it. */
import { cpSync, mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { installPackages, packPublicPackages } from '../../scripts/packing.mjs';

const page = fileURLToPath(new URL('../page', import.meta.url));

/**
 * Makes the consumer in a folder from what is built.
 *
 * @returns the names of the packages that can be imported
 */
export function makeConsumer(folder: string): string[] {
  mkdirSync(folder, { recursive: true });
  const packed = packPublicPackages('browser-packs');
  installPackages(folder, packed);
  cpSync(page, folder, { recursive: true });
  return packed.filter(({ importable }) => importable).map(({ name }) => name);
}
