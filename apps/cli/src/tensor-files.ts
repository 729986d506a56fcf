/** Reads tensors that users name on the command line, and writes results. */
import { randomUUID } from 'node:crypto';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { loadSafetensors, readNpy, writeNpy, writeSafetensors } from '@sconce/checkpoint';
import { readTensorProto } from '@sconce/onnx';
import type { Tensor } from '@sconce/tensor';
import { UsageError } from './errors.ts';

/**
 * One tensor: the content of an `.npy` or ONNX `.pb` file, or of a `.safetensors` file the tensor of the given name,
 * its only tensor when there is none of that name.
 */
export async function readTensorFile(path: string, name: string): Promise<Tensor> {
  switch (extname(path).toLowerCase()) {
    case '.npy':
      return readNpy(await readFile(path), { file: path });
    case '.pb':
      return readTensorProto(await readFile(path), { file: path });
    case '.safetensors': {
      const { tensors } = await loadSafetensors(path);
      const tensor = tensors.get(name) ?? (tensors.size === 1 ? [...tensors.values()][0] : undefined);
      if (tensor === undefined) {
        throw new UsageError(
          `${path}: expected a tensor ${JSON.stringify(name)}, got ${[...tensors.keys()].join(', ') || 'none'}`,
        );
      }
      return tensor;
    }
    default:
      throw new UsageError(`${path}: expected a file that ends in .npy, .safetensors or .pb`);
  }
}

/** Writes outputs to a `.safetensors` file, or a single output to an `.npy` file. */
export async function writeTensors(path: string, tensors: Readonly<Record<string, Tensor>>): Promise<void> {
  const all = Object.values(tensors);
  const extension = extname(path).toLowerCase();
  if (extension === '.safetensors') return await writeWhole(path, writeSafetensors(tensors));
  if (extension !== '.npy')
    throw new UsageError(`${path}: expected a file that ends in .safetensors or .npy`);
  const [only] = all;
  if (only === undefined || all.length > 1)
    throw new UsageError(`${path}: expected one output for an .npy file, got ${all.length}`);
  await writeWhole(path, writeNpy(only));
}

/** Writes beside the target, then renames, so that no half-written file is ever there under its name. */
export async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    await writeFile(temporary, bytes);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
