/** Files of any supported format, recognised by what they hold. */
import type { Tensor } from '@sconce/tensor';
import { nameOf, readBytes, writeBytes } from '#files';
import { CheckpointError } from './errors.ts';
import { isNpy, readNpy, readNpz } from './npy.ts';
import { readSafetensors, writeSafetensors } from './safetensors.ts';
import { readStateDict, readTorch, type TorchValue } from './torch.ts';
import { type TorchSaveable, writeTorch } from './torch-write.ts';
import { isZip, readZip } from './zip.ts';

/**
 * Reads the named tensors of a file: safetensors, a PyTorch state dict (`.pt`, `.pth`), `.npz`, or `.npy` (one
 * tensor, under the file's name without its ending). The format is recognised by the content, not by the ending. In
 * browsers the path is a URL.
 *
 * @throws {CheckpointError} when the file cannot be read or is none of these
 */
export async function load(path: string | URL): Promise<Map<string, Tensor>> {
  const file = nameOf(path);
  const bytes = await read(path);
  if (isNpy(bytes)) {
    const name = file.replace(/^.*[\\/]/, '').replace(/\.[^.]*$/, '');
    return new Map([[name, readNpy(bytes, { file })]]);
  }
  if (isZip(bytes)) {
    const names = [...readZip(bytes, file).keys()];
    const npz = names.length > 0 && names.every((name) => name.endsWith('.npy'));
    return npz ? readNpz(bytes, { file }) : readStateDict(bytes, { file });
  }
  // 0x80 begins a pickle without an archive, about which readStateDict has more to say.
  if (bytes[0] === 0x80 && bytes[8] !== 0x7b) return readStateDict(bytes, { file });
  if (bytes[8] === 0x7b) return readSafetensors(bytes, { file }).tensors;
  throw new CheckpointError('is no checkpoint, expected a safetensors, .pt, .npy or .npz file', { file });
}

/**
 * Reads a safetensors file.
 *
 * @throws {CheckpointError} when the file cannot be read or is not valid
 */
export async function loadSafetensors(
  path: string | URL,
): Promise<{ tensors: Map<string, Tensor>; metadata: Record<string, string> }> {
  return readSafetensors(await read(path), { file: nameOf(path) });
}

/**
 * Writes a safetensors file, as a whole or not at all. Not in browsers.
 *
 * @throws {CheckpointError} when the file cannot be written
 */
export async function saveSafetensors(
  path: string | URL,
  tensors: ReadonlyMap<string, Tensor> | Readonly<Record<string, Tensor>>,
  metadata?: Readonly<Record<string, string>>,
): Promise<void> {
  await write(path, writeSafetensors(tensors, metadata));
}

/**
 * Reads everything that a file written by `torch.save` holds.
 *
 * @throws {CheckpointError} when the file cannot be read, or as {@link readTorch}
 */
export async function loadTorch(path: string | URL): Promise<TorchValue> {
  return readTorch(await read(path), { file: nameOf(path) });
}

/**
 * Writes a `.pt` file that `torch.load(path, weights_only=True)` reads, as a whole or not at all. Not in browsers.
 *
 * @example
 * ```ts
 * await saveTorch('checkpoint.pt', { model: model.stateDict(), optimizer: optimizer.stateDict(), epoch: 3 });
 * ```
 * @throws {CheckpointError} when the file cannot be written, or as {@link writeTorch}
 */
export async function saveTorch(path: string | URL, value: TorchSaveable): Promise<void> {
  await write(path, writeTorch(value));
}

async function write(path: string | URL, bytes: Uint8Array): Promise<void> {
  try {
    await writeBytes(path, bytes);
  } catch (cause) {
    throw new CheckpointError(`cannot be written, ${reason(cause)}`, { file: nameOf(path) }, { cause });
  }
}

async function read(path: string | URL): Promise<Uint8Array> {
  try {
    return await readBytes(path);
  } catch (cause) {
    throw new CheckpointError(`cannot be read, ${reason(cause)}`, { file: nameOf(path) }, { cause });
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  EACCES: 'permission is denied',
  EISDIR: 'it is a folder',
};

function reason(cause: unknown): string {
  const { code, message } = cause as { code?: string; message?: string };
  return reasons[code ?? ''] ?? message ?? String(cause);
}
