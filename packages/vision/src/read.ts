/** Reads picture files through sharp. */
import { stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { VisionError } from './errors.ts';
import { type Channels, createImage, type Image, isImage } from './image.ts';

const KINDS = 'a PNG, JPEG, WebP, AVIF, GIF, TIFF or SVG image';

/**
 * Reads a picture: a path, a `file:` URL, or the bytes of a file.
 *
 * Grayscale pictures have 1 channel, colour ones 3, those with transparency 4. Palettes are resolved, 16-bit values
 * reduced to 8, the EXIF orientation applied, CMYK turned to RGB; colour profiles are ignored, as torchvision does.
 *
 * @throws {VisionError} when there is no such file, or it is no readable picture
 */
export async function readImage(source: string | URL | Uint8Array): Promise<Image> {
  const { name, input } = await locate('readImage', source);
  try {
    const picture = sharp(input, { ignoreIcc: true }).autoOrient();
    const { space, hasAlpha, depth } = await picture.metadata();
    const gray = isGray(space) && !hasAlpha;
    const deep = depth === 'ushort';
    const { data, info } = await picture
      .toColourspace(gray ? (deep ? 'grey16' : 'b-w') : deep ? 'rgb16' : 'srgb')
      .raw({ depth: deep ? 'ushort' : 'uchar' })
      .toBuffer({ resolveWithObject: true });
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    return createImage(info.width, info.height, info.channels, deep ? reduced(bytes) : bytes);
  } catch (cause) {
    throw unreadable('readImage', name, cause);
  }
}

/**
 * How many channels a picture has: 1 grayscale, 3 RGB, 4 with alpha. A file is not decoded for this.
 *
 * @throws {VisionError} when there is no such file, or it is no readable picture
 */
export function getImageNumChannels(image: Image): Channels;
export function getImageNumChannels(source: string | URL | Uint8Array): Promise<Channels>;
export function getImageNumChannels(image: Image | string | URL | Uint8Array): Channels | Promise<Channels> {
  return isImage(image) ? image.channels : channelsOf(image);
}

async function channelsOf(source: string | URL | Uint8Array): Promise<Channels> {
  const { name, input } = await locate('getImageNumChannels', source);
  try {
    const { space, hasAlpha } = await sharp(input).metadata();
    if (hasAlpha) return 4;
    return isGray(space) ? 1 : 3;
  } catch (cause) {
    throw unreadable('getImageNumChannels', name, cause);
  }
}

function isGray(space: string | undefined): boolean {
  return space === 'b-w' || space === 'grey16';
}

/** 16-bit values (in the machine's byte order) as the nearest 8-bit ones. */
function reduced(bytes: Uint8Array): Uint8Array {
  const values = new Uint16Array(bytes.slice().buffer);
  return Uint8Array.from(values, (value) => Math.round(value / 257));
}

async function locate(
  operation: string,
  source: string | URL | Uint8Array,
): Promise<{ name: string; input: string | Uint8Array }> {
  if (source instanceof Uint8Array) {
    if (source.length === 0) throw new VisionError(operation, `cannot read an empty file, expected ${KINDS}`);
    return { name: 'the bytes given', input: source };
  }
  const path = source instanceof URL ? fileURLToPath(source) : source;
  const found = await stat(path).catch(() => undefined);
  if (!found) throw new VisionError(operation, `there is no file ${path}, expected ${KINDS}`, { file: path });
  if (!found.isFile())
    throw new VisionError(operation, `${path} is a folder, expected ${KINDS}`, { file: path });
  return { name: path, input: path };
}

function unreadable(operation: string, name: string, cause: unknown): VisionError {
  const lines = (cause instanceof Error ? cause.message : String(cause)).split('\n');
  const reason = lines[0]!.replace(/^Input (file|buffer) /, 'the file ').trim();
  return new VisionError(operation, `cannot read ${name}: ${reason}, expected ${KINDS}`, {
    cause,
    file: name,
  });
}
