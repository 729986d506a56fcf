/** Writes picture files through sharp. */
import { randomUUID } from 'node:crypto';
import { rename, rm, writeFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { VisionError } from './errors.ts';
import type { Image } from './image.ts';

/** Formats that can be written. */
export type ImageFormat = 'png' | 'jpeg' | 'webp';

const formats: Readonly<Record<string, ImageFormat>> = {
  '.png': 'png',
  '.jpg': 'jpeg',
  '.jpeg': 'jpeg',
  '.webp': 'webp',
};

/** The image as the bytes of a picture file. JPEG has no transparency: alpha is dropped. */
export async function encodeImage(image: Image, format: ImageFormat): Promise<Uint8Array> {
  const { width, height, channels, data } = image;
  const bytes = await sharp(data, { raw: { width, height, channels } })
    .toColourspace(channels === 1 ? 'b-w' : 'srgb')
    .toFormat(format)
    .toBuffer();
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/**
 * Writes an image to a `.png`, `.jpg`, `.jpeg` or `.webp` file, as a whole or not at all.
 *
 * @throws {VisionError} when the ending is another one, or the file cannot be written
 */
export async function writeImage(path: string | URL, image: Image): Promise<void> {
  const target = path instanceof URL ? fileURLToPath(path) : path;
  const format = formats[extname(target).toLowerCase()];
  if (format === undefined) {
    const endings = Object.keys(formats).join(', ');
    throw new VisionError('writeImage', `expected a file ending in ${endings}, got ${target}`, {
      file: target,
    });
  }
  const bytes = await encodeImage(image, format);
  const temporary = `${target}.${randomUUID().slice(0, 8)}.tmp`;
  try {
    await writeFile(temporary, bytes);
    await rename(temporary, target);
  } catch (cause) {
    await rm(temporary, { force: true });
    const { code, message } = cause as NodeJS.ErrnoException;
    const reason = code === 'ENOENT' ? 'there is no such folder' : message;
    throw new VisionError('writeImage', `cannot write ${target}: ${reason}`, { cause, file: target });
  }
}
